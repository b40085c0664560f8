package project

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"regexp"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v4"

	"devenv/devenv/checkout"
)

// chooseName finds the name that Compose would use, in its order (-p, COMPOSE_PROJECT_NAME, `name:` in the files, the
// folder's name), and has the checkout's name made of it. One that Compose would refuse is left to its loader.
func (in *inputs) chooseName() error {
	base, source, err := in.composeName()
	if err != nil {
		return err
	}
	in.naming, in.source = checkout.Naming{Project: base, Base: base}, source
	if in.request.Naming == nil || base == "" || loader.NormalizeProjectName(base) != base {
		return nil
	}
	in.naming, err = in.request.Naming(in.workingDir(), base, source)
	return err
}

func (in *inputs) composeName() (string, checkout.Source, error) {
	switch name := in.env[consts.ComposeProjectName]; {
	case in.request.Name != "":
		return in.request.Name, checkout.Given, nil
	case name != "" && in.givenByPerson(consts.ComposeProjectName):
		return name, checkout.Given, nil
	case name != "":
		return name, checkout.EnvFile, nil
	}
	written, err := in.nameInFiles()
	if err != nil || written != "" {
		return written, checkout.File, err
	}
	return in.folderName(), checkout.Folder, nil
}

// givenByPerson says that a variable is set in the shell or by a profile.
func (in *inputs) givenByPerson(variable string) bool {
	_, from := append(scope{{values: in.process}}, in.profileLayers...).lookup(variable)
	return from != nil
}

// setName gives the loader the name. One from a compose file that needs no suffix it finds by itself, and complains of
// what is wrong with it.
func (in *inputs) setName(options *loader.Options) {
	if in.source == checkout.File && !in.naming.Suffixed() && in.naming.Project == in.naming.Base {
		return
	}
	options.SetProjectName(in.naming.Project, true)
}

func (in *inputs) folderName() string {
	folder := filepath.Base(in.workingDir())
	if target, err := filepath.EvalSymlinks(in.workingDir()); err == nil && filepath.Base(target) != folder {
		logrus.Warnf("project has been loaded without an explicit name from a symlink. Using name %q", folder)
	}
	return loader.NormalizeProjectName(folder)
}

// nameKey matches whatever could be a key called name, at any depth.
var nameKey = regexp.MustCompile(`\bname["']?[ \t]*:|(?m:^\s*\?)`)

// nameInFiles is the top-level `name:` of the compose files, the last of several, as Compose reads it; "" if there is none. The
// text is looked at first, since to parse every file once more only to learn that there is none would cost a third of
// the load.
func (in *inputs) nameInFiles() (string, error) {
	written := ""
	for _, file := range in.contents {
		if !bytes.Contains(file.Content, []byte("name")) || !nameKey.Match(file.Content) {
			continue
		}
		for decoder := yaml.NewDecoder(bytes.NewReader(file.Content)); ; {
			var top struct {
				Name string `yaml:"name,omitempty"`
			}
			err := decoder.Decode(&top)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return "", &parseError{file: file.Filename, err: err}
			}
			if top.Name != "" {
				written = top.Name
			}
		}
	}
	name, _, err := in.scope().substitute(written)
	if err != nil {
		return written, nil //nolint:nilerr // the loader says it, with its place
	}
	return loader.NormalizeProjectName(name), nil
}
