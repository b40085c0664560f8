package compare

import (
	"path"
	"slices"
	"strings"

	"devenv/devenv/image"
)

// Path is a file that differs between modes, or a folder with all that is in it that some modes do not have.
type Path struct {
	Path    string           `json:"path"`
	Folder  bool             `json:"folder"`            // that some modes do not have
	Sizes   map[string]int64 `json:"sizes"`             // in bytes, of the modes that have it
	Count   map[string]int   `json:"files"`             // how many files, links and folders that is
	Differs Difference       `json:"differs,omitempty"` // of what every mode has
}

// difference is how far apart the modes are in bytes.
func (p Path) difference(modes []string) int64 {
	least, most := p.Sizes[modes[0]], p.Sizes[modes[0]]
	for _, mode := range modes {
		least, most = min(least, p.Sizes[mode]), max(most, p.Sizes[mode])
	}
	return most - least
}

// mountPoints are folders that a build makes to run anything at all.
var mountPoints = map[string]bool{"/dev": true, "/proc": true, "/sys": true}

// files are what differs. A folder that is not everywhere is one line. Python's compiled files differ from one build to
// the next by the times in them; where all modes have one, it counts as the same.
func files(modes []string, lists [][]image.File) []Path {
	at := map[string][]*image.File{}
	var names []string
	for place, list := range lists {
		for i := range list {
			name := list[i].Path
			if at[name] == nil {
				at[name] = make([]*image.File, len(lists))
				names = append(names, name)
			}
			at[name][place] = &list[i]
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return mountPoints[name] })
	slices.Sort(names)
	within := map[string]*Path{} // the line that a folder belongs to
	rights := map[string]bool{}  // what differs by its rights
	var lines []*Path
	for _, name := range names {
		line := within[path.Dir(name)]
		if line == nil {
			if line = newPath(name, at[name], rights); line == nil {
				continue
			}
			lines = append(lines, line)
		}
		if line.Folder {
			within[name] = line
		}
		line.count(modes, at[name])
	}
	return byWeight(lines, modes)
}

// Difference is how a file differs that every mode has.
type Difference string

// The differences.
const (
	Same    Difference = ""
	Content Difference = "content"
	Rights  Difference = "owner or mode"
)

// newPath is a line for what differs, or nil. What differs by its rights as the folder that it is in does is no line of
// its own: who owns a folder mostly owns all that is in it.
func newPath(name string, files []*image.File, rights map[string]bool) *Path {
	line := &Path{Path: name, Sizes: map[string]int64{}, Count: map[string]int{}}
	if slices.Contains(files, nil) {
		line.Folder = slices.ContainsFunc(files, func(f *image.File) bool { return f != nil && f.Mode.IsDir() })
		return line
	}
	line.Differs = difference(files)
	if line.Differs == Rights {
		rights[name] = true
	}
	if line.Differs == Same || line.Differs == Rights && rights[path.Dir(name)] {
		return nil
	}
	return line
}

func difference(files []*image.File) Difference {
	found := Same
	for _, file := range files[1:] {
		switch {
		case content(file) != content(files[0]):
			return Content
		case file.Mode != files[0].Mode || file.UID != files[0].UID || file.GID != files[0].GID:
			found = Rights
		}
	}
	return found
}

// content is equal for files with the same content.
func content(file *image.File) string {
	digest := file.Digest
	if strings.HasSuffix(file.Path, ".pyc") {
		digest = ""
	}
	return file.Mode.Type().String() + " " + digest + " " + file.Link
}

func (p *Path) count(modes []string, files []*image.File) {
	for place, file := range files {
		if file != nil {
			p.Sizes[modes[place]] += file.Size
			p.Count[modes[place]]++
		}
	}
}

func byWeight(lines []*Path, modes []string) []Path {
	all := make([]Path, 0, len(lines))
	for _, line := range lines {
		all = append(all, *line)
	}
	slices.SortStableFunc(all, func(a, b Path) int {
		switch x, y := a.difference(modes), b.difference(modes); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return all
}
