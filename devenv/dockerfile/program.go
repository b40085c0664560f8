package dockerfile

import (
	"path"
	"strings"
)

// Program is where a Dockerfile takes a program from: a stage or an image, and the program's path there.
type Program struct{ From, Path string }

// UV is where a Dockerfile has uv from: what it copies, else an image of uv's own that it mounts or builds on, whose
// programs are in the root or, in those with a Python, in /usr/local/bin.
func (f *File) UV() (Program, bool) {
	for _, s := range f.Stages {
		for _, c := range s.Copies {
			for _, source := range c.Sources {
				if c.From != "" && path.Base(source) == "uv" {
					return Program{c.From, path.Join("/", source)}, true
				}
			}
		}
	}
	for _, s := range f.Stages {
		for _, from := range s.Mounts {
			if isUV(from) {
				return Program{from, "/uv"}, true
			}
		}
		if isUV(s.Base) {
			return Program{s.Base, "/usr/local/bin/uv"}, true
		}
	}
	return Program{}, false
}

// isUV tells uv's images by the last part of their names: registry.example/astral-sh/uv:0.8, astral/uv.
func isUV(image string) bool {
	name, _, _ := strings.Cut(path.Base(image), "@")
	name, _, _ = strings.Cut(name, ":")
	return name == "uv"
}
