package image

import (
	"bytes"
	"context"
	"encoding/gob"
	"io"
	"strings"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// Cache keeps what was learned of images and layers, under names that are fit for files. What it does not give back is
// learned again.
type Cache interface {
	Load(name string) ([]byte, bool)
	Save(name string, content []byte)
}

// Read reads local images, in the order of refs. Those of which something is not in the cache come from the engine in
// one archive, in which shared layers are once; that takes seconds for a large one, so learning is told before which
// they are.
func Read(ctx context.Context, from *engine.Client, cache Cache, learning func(refs []string), refs ...string) ([]Image, error) {
	all := make([]Image, 0, len(refs))
	for _, ref := range refs {
		found, there, err := from.Image(ctx, ref)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, fault.New(fault.Failed, "image %q: no such image on this engine", ref)
		}
		one := Image{Ref: ref, ID: found.ID, Size: found.Size}
		for _, digest := range found.Layers {
			one.Layers = append(one.Layers, Layer{Digest: digest})
		}
		all = append(all, one)
	}
	return all, complete(ctx, from, shelf{cache}, learning, all)
}

// complete fills in what the cache has, then what the engine gives.
func complete(ctx context.Context, from *engine.Client, shelf shelf, learning func([]string), all []Image) error {
	var missing, refs []string
	for i := range all {
		if !all[i].recall(shelf) {
			missing, refs = append(missing, all[i].ID), append(refs, all[i].Ref)
		}
	}
	if missing == nil {
		return nil
	}
	learning(refs)
	var learned map[string]facts
	err := from.Save(ctx, missing, func(archive io.Reader) (err error) {
		learned, err = learn(archive, all, shelf)
		return err
	})
	if err != nil {
		return err
	}
	for i := range all {
		if known, is := learned[all[i].ID]; is {
			all[i].fill(known)
		}
	}
	return nil
}

// facts are all that is known of an image.
type facts struct {
	document document
	layers   [][]entry
}

// learn reads what an archive says of those images that it holds, and keeps it.
func learn(archive io.Reader, all []Image, shelf shelf) (map[string]facts, error) {
	saved, err := readArchive(archive)
	if err != nil {
		return nil, fault.New(fault.Failed, "images: the engine's archive cannot be read: %w", err)
	}
	images, err := saved.images()
	if err != nil {
		return nil, fault.New(fault.Failed, "images: the engine's archive cannot be read: %w", err)
	}
	learned := map[string]facts{}
	for i := range all {
		one, found := find(images, all[i].ID, all[i].digests())
		if !found || all[i].files != nil {
			continue
		}
		known := facts{document: one.document}
		for place, name := range one.layers {
			entries, there := saved.layer(name)
			if !there {
				return nil, fault.New(fault.Failed, "image %q: layer %s is not in the engine's archive", all[i].Ref, all[i].Layers[place].Digest)
			}
			known.layers = append(known.layers, entries)
			shelf.save(all[i].Layers[place].Digest, entries)
		}
		shelf.save(all[i].ID, one.document)
		learned[all[i].ID] = known
	}
	for i := range all {
		if _, found := learned[all[i].ID]; !found && all[i].files == nil {
			return nil, fault.New(fault.Failed, "image %q: it is not in the engine's archive", all[i].Ref)
		}
	}
	return learned, nil
}

// recall fills in an image from the cache, if all of it is there.
func (i *Image) recall(shelf shelf) bool {
	var known facts
	if !shelf.load(i.ID, &known.document) {
		return false
	}
	for _, layer := range i.Layers {
		var entries []entry
		if !shelf.load(layer.Digest, &entries) {
			return false
		}
		known.layers = append(known.layers, entries)
	}
	i.fill(known)
	return true
}

func (i *Image) fill(known facts) {
	i.Config = known.document.Config
	instructions := known.document.instructions()
	for place := range i.Layers {
		layer := &i.Layers[place]
		layer.Size, layer.Files = weigh(known.layers[place])
		if len(instructions) == len(i.Layers) {
			layer.Instruction = instructions[place]
		}
	}
	i.files = newTree(known.layers)
	i.sorted, i.hidden = i.files.list(), i.files.hides(known.layers)
}

func (i *Image) digests() []string {
	var all []string
	for _, layer := range i.Layers {
		all = append(all, layer.Digest)
	}
	return all
}

// shelf is a cache of values.
type shelf struct{ cache Cache }

// edition changes with what is kept, so that an older devenv's is not taken for ours.
const edition = "1-"

func (s shelf) name(digest string) string { return edition + strings.TrimPrefix(digest, "sha256:") }

func (s shelf) load(digest string, value any) bool {
	content, found := s.cache.Load(s.name(digest))
	return found && gob.NewDecoder(bytes.NewReader(content)).Decode(value) == nil
}

func (s shelf) save(digest string, value any) {
	var content bytes.Buffer
	if gob.NewEncoder(&content).Encode(value) == nil {
		s.cache.Save(s.name(digest), content.Bytes())
	}
}
