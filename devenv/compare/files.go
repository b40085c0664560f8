package compare

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"devenv/devenv/image"
)

// Path is a file that differs between modes, or a folder with all that is in it that some modes do not have.
type Path struct {
	Path    string           `json:"path"`
	Folder  bool             `json:"folder"`
	Sizes   map[string]int64 `json:"sizes"`   // in bytes, of the modes that have it
	Count   map[string]int   `json:"files"`   // how many files, links and folders that is
	Changed bool             `json:"changed"` // every mode has it, with other content, mode or owner
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
func files(variants []Variant) []Path {
	at := map[string][]*image.File{}
	var names, modes []string
	for place, v := range variants {
		modes = append(modes, v.Mode)
		all := v.Image.Files()
		for i := range all {
			name := all[i].Path
			if at[name] == nil {
				at[name] = make([]*image.File, len(variants))
				names = append(names, name)
			}
			at[name][place] = &all[i]
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return mountPoints[name] })
	slices.Sort(names)
	within := map[string]*Path{} // the line that a folder belongs to
	var lines []*Path
	for _, name := range names {
		line := within[path.Dir(name)]
		if line == nil {
			if line = newPath(name, at[name]); line == nil {
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

// newPath is a line for what differs, or nil.
func newPath(name string, files []*image.File) *Path {
	line := &Path{Path: name, Sizes: map[string]int64{}, Count: map[string]int{}}
	missing, different := false, map[string]bool{}
	for _, file := range files {
		if file == nil {
			missing = true
			continue
		}
		line.Folder = line.Folder || file.Mode.IsDir()
		different[signature(file)] = true
	}
	switch {
	case missing:
		return line
	case len(different) > 1:
		line.Folder, line.Changed = false, true // what is in a folder that all have has lines of its own
		return line
	}
	return nil
}

func signature(file *image.File) string {
	digest := file.Digest
	if strings.HasSuffix(file.Path, ".pyc") {
		digest = ""
	}
	return fmt.Sprintf("%s %d %d %s %s", file.Mode, file.UID, file.GID, digest, file.Link)
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
