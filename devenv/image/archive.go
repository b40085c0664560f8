package image

import (
	"archive/tar"
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// saved is what an archive of `docker save` holds: of each blob, by its name in the archive, either the document or
// the layer that it is.
type saved struct {
	documents map[string][]byte
	layers    map[string][]entry
	links     map[string]string // one blob under a second name, as engines before 25.0 have it
}

// readArchive reads an archive of images. Which blob is what is told at its end, so a blob is known by how it begins.
func readArchive(archive io.Reader) (saved, error) {
	all := saved{documents: map[string][]byte{}, layers: map[string][]entry{}, links: map[string]string{}}
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return saved{}, err
		}
		if err := all.add(header, bufio.NewReader(reader)); err != nil {
			return saved{}, fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func (s saved) add(header *tar.Header, content *bufio.Reader) (err error) {
	name := path.Clean(header.Name)
	switch {
	case header.Typeflag == tar.TypeSymlink:
		s.links[name] = path.Join(path.Dir(name), header.Linkname)
		return nil
	case header.Typeflag != tar.TypeReg:
		return nil
	}
	if first, _ := content.Peek(1); isLayer(name, first) {
		s.layers[name], err = readLayer(content)
		return err
	}
	s.documents[name], err = io.ReadAll(content)
	return err
}

// isLayer tells a layer from the documents: engines before 25.0 call it layer.tar; later ones have a folder of blobs, of
// which the documents are JSON objects.
func isLayer(name string, first []byte) bool {
	return path.Base(name) == "layer.tar" || strings.HasPrefix(name, "blobs/") && string(first) != "{"
}

func (s saved) layer(name string) ([]entry, bool) {
	if other, linked := s.links[path.Clean(name)]; linked {
		name = other
	}
	entries, found := s.layers[path.Clean(name)]
	return entries, found
}

// document is the configuration file of an image.
type document struct {
	Config Config `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []struct {
		CreatedBy  string `json:"created_by"`
		EmptyLayer bool   `json:"empty_layer"`
	} `json:"history"`
}

// described is one image of an archive: its configuration, and the layers in its order.
type described struct {
	id string // what the configuration's name says: the image's ID on engines with graph drivers
	document
	layers []string // names of blobs
}

func (s saved) images() ([]described, error) {
	var manifest []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(s.documents["manifest.json"], &manifest); err != nil {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	var all []described
	for _, m := range manifest {
		one := described{id: "sha256:" + strings.TrimSuffix(path.Base(m.Config), ".json"), layers: m.Layers}
		if err := json.Unmarshal(s.documents[path.Clean(m.Config)], &one.document); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Config, err)
		}
		if len(one.layers) != len(one.RootFS.DiffIDs) {
			return nil, fmt.Errorf("%s: %d layers, not %d", m.Config, len(one.layers), len(one.RootFS.DiffIDs))
		}
		all = append(all, one)
	}
	return all, nil
}

// find is the image of an ID with these layers. An engine with containerd's store has IDs of another kind; there the
// layers tell.
func find(all []described, id string, layers []string) (described, bool) {
	same := func(one described) bool { return slices.Equal(one.RootFS.DiffIDs, layers) }
	if place := slices.IndexFunc(all, func(one described) bool { return one.id == id && same(one) }); place >= 0 {
		return all[place], true
	}
	place := slices.IndexFunc(all, same)
	if place < 0 {
		return described{}, false
	}
	return all[place], true
}

// instructions are those of the layers, the lowest first: history has one for each step, also for those without a layer.
func (d document) instructions() []string {
	var all []string
	for _, step := range d.History {
		if !step.EmptyLayer {
			all = append(all, instruction(step.CreatedBy, d.Config.Shell))
		}
	}
	return all
}

// instruction is a step as a Dockerfile has it, of what the classic builder and BuildKit write into the history.
func instruction(createdBy string, shell []string) string {
	text := strings.TrimSuffix(strings.TrimSpace(createdBy), " # buildkit")
	if nop, is := strings.CutPrefix(text, "/bin/sh -c #(nop)"); is {
		return strings.TrimSpace(nop)
	}
	if run, is := strings.CutPrefix(text, "/bin/sh -c "); is {
		return "RUN " + strings.TrimSpace(run)
	}
	command, is := strings.CutPrefix(text, "RUN ")
	if !is {
		return text
	}
	if place := strings.Index(command, "/bin/sh -c "); place == 0 || place > 0 && command[0] == '|' { // |2 A=1 B=2 /bin/sh -c
		return "RUN " + command[place+len("/bin/sh -c "):]
	}
	return "RUN " + strings.TrimPrefix(command, strings.Join(shell, " ")+" ")
}
