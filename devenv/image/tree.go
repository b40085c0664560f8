package image

import (
	"path"
	"slices"
	"strings"
)

// tree is the filesystem that a container of the image sees.
type tree map[string]*node

type node struct {
	entry
	names map[string]bool // what a folder has in it
}

// newTree lays layers over each other, the lowest first.
func newTree(layers [][]entry) tree {
	all := tree{"/": folder("/")}
	for place, layer := range layers {
		for _, one := range layer { // what it takes away is of the layers below
			switch {
			case one.Gone:
				all.remove(one.Path)
			case one.Emptied:
				all.empty(one.Path)
			}
		}
		for _, one := range layer {
			if !one.Gone && !one.Emptied {
				one.Layer = place
				all.put(one)
			}
		}
	}
	return all
}

func folder(name string) *node {
	return &node{entry: entry{File: File{Path: name, Mode: dirMode}}, names: map[string]bool{}}
}

// put adds a file; a folder is merged with a folder.
func (t tree) put(one entry) {
	before := t[one.Path]
	next := &node{entry: one}
	switch {
	case !one.Mode.IsDir():
		t.remove(one.Path)
	case before != nil && before.names != nil:
		next.names = before.names
	default:
		next.names = map[string]bool{}
	}
	t[one.Path] = next
	t.enlist(one.Path)
}

// enlist makes a file known to its folder, which a layer may leave out.
func (t tree) enlist(name string) {
	for name != "/" {
		parent := path.Dir(name)
		above, there := t[parent]
		if !there || above.names == nil {
			above = folder(parent)
			t[parent] = above
		}
		above.names[path.Base(name)] = true
		if there {
			return
		}
		name = parent
	}
}

func (t tree) remove(name string) {
	if _, there := t[name]; !there || name == "/" {
		return
	}
	t.empty(name)
	delete(t, name)
	if above := t[path.Dir(name)]; above != nil {
		delete(above.names, path.Base(name))
	}
}

func (t tree) empty(name string) {
	at, there := t[name]
	if !there {
		return
	}
	for base := range at.names {
		t.remove(path.Join(name, base))
	}
}

// hides are the files of layers that the tree does not show.
func (t tree) hides(layers [][]entry) []File {
	var all []File
	for place, layer := range layers {
		for _, one := range layer {
			shown, there := t[one.Path]
			if !one.Gone && !one.Emptied && !one.Mode.IsDir() && (!there || shown.Layer != place) {
				one.Layer = place
				all = append(all, one.File)
			}
		}
	}
	return all
}

// File is the file at a path; symbolic links are followed, at its end too.
func (i Image) File(name string) (File, bool) {
	way, ok := i.files.walk(name)
	if !ok {
		return File{}, false
	}
	return way[len(way)-1].File, true
}

// Lstat is File without following a link at the end of the path.
func (i Image) Lstat(name string) (File, bool) {
	parent, ok := i.File(path.Dir(path.Join("/", name)))
	if !ok {
		return File{}, false
	}
	at, there := i.files[path.Join(parent.Path, path.Base(name))]
	if !there {
		return File{}, false
	}
	return at.File, true
}

// Files are all files of the image, sorted by path, the root folder left out. They are the image's: not to be changed.
func (i Image) Files() []File { return i.sorted }

// list are the files of the tree but for the root folder, sorted by path.
func (t tree) list() []File {
	all := make([]File, 0, len(t))
	for name, at := range t {
		if name != "/" {
			all = append(all, at.File)
		}
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// maxLinks is after how many symbolic links a path is given up, as Linux does.
const maxLinks = 40

// walk is the way to a path: the folders gone through, and what is at its end. Links on the way are followed.
func (t tree) walk(name string) ([]*node, bool) {
	way := []*node{t["/"]}
	rest := strings.Split(path.Join("/", name), "/")[1:]
	for links := 0; len(rest) > 0; {
		base := rest[0]
		rest = rest[1:]
		here := way[len(way)-1]
		switch base {
		case "", ".":
			continue
		case "..":
			way = append(way, t[path.Dir(here.Path)])
			continue
		}
		next, there := t[path.Join(here.Path, base)]
		if !there || here.names == nil {
			return nil, false
		}
		if next.Mode.Type() != linkMode {
			way = append(way, next)
			continue
		}
		if links++; links > maxLinks {
			return nil, false
		}
		if path.IsAbs(next.Link) {
			way = append(way, t["/"])
		}
		rest = append(strings.Split(next.Link, "/"), rest...)
	}
	return way, true
}
