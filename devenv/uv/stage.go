package uv

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"devenv/devenv/engine"
)

// base is the folder of a container that belongs to a run of uv. Those that change something come one by one and share it.
func (p Project) base() string { return "/devenv/uv" + p.apart }

// stageFolder is where the stage of a project is. Below base it has the same path as in the container, so that ".."
// leads to the same places.
func (p Project) stageFolder() string { return path.Join(p.base(), p.Container) }

// stage is the stage of a project as files of a container, for a user there. The first of them is an empty file in place
// of the whole folder: it takes away what an earlier run has left.
func (p Project) stage(files Files, owner Owner) ([]engine.File, error) {
	staged := []engine.File{{Path: p.base(), Mode: 0o644}, {Path: p.base(), Mode: fs.ModeDir | 0o755}}
	for _, dir := range parents(files) {
		folder := path.Join(p.stageFolder(), dir)
		staged = append(staged, engine.File{Path: folder, Mode: fs.ModeDir | 0o755, UID: owner.UID, GID: owner.GID})
		links, err := p.links(files, dir)
		if err != nil {
			return nil, err
		}
		staged = append(staged, links...)
	}
	for _, outside := range folders(files[lockFile]) {
		if !filepath.IsLocal(outside.path) && !path.IsAbs(outside.path) {
			staged = append(staged, link(path.Join(p.stageFolder(), outside.path), path.Join(p.Container, outside.path)))
		}
	}
	for name, content := range files {
		staged = append(staged, engine.File{Path: path.Join(p.stageFolder(), name), Mode: 0o644, UID: owner.UID, GID: owner.GID, Content: content})
	}
	return staged, nil
}

// links lead from a folder of the stage to everything in the project's own folder that is not staged itself. An
// environment is not linked: its place is told to uv.
func (p Project) links(files Files, dir string) ([]engine.File, error) {
	entries, err := os.ReadDir(p.host(dir))
	if err != nil {
		return nil, err
	}
	var links []engine.File
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if _, isFile := files[name]; isFile || holds(files, name) || entry.Name() == ".venv" || strings.HasSuffix(entry.Name(), "~") {
			continue
		}
		links = append(links, link(path.Join(p.stageFolder(), name), path.Join(p.Container, name)))
	}
	return links, nil
}

func link(from, to string) engine.File {
	return engine.File{Path: from, Mode: fs.ModeSymlink | 0o777, Link: to}
}

// parents are the folders of files, each behind the one that it is in.
func parents(files Files) []string {
	all := []string{"."}
	known := map[string]bool{".": true}
	for name := range files {
		var missing []string
		for dir := path.Dir(name); !known[dir]; dir = path.Dir(dir) {
			known[dir] = true
			missing = append([]string{dir}, missing...)
		}
		all = append(all, missing...)
	}
	return all
}

// holds says whether one of files is in a folder.
func holds(files Files, dir string) bool {
	for name := range files {
		if below(dir, name) != "" {
			return true
		}
	}
	return false
}

// unstaged are those files of a stage that came back from the container which the project has, and its lock file.
func (p Project) unstaged(back []engine.File, files Files) Files {
	now := Files{}
	for _, file := range back {
		name := below(p.stageFolder(), file.Path)
		if _, known := files[name]; (known || name == lockFile) && file.Mode.IsRegular() {
			now[name] = file.Content
		}
	}
	return now
}
