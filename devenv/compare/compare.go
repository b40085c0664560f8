// Package compare says how a service differs between its modes: what its images weigh and hold, what its containers get,
// and whether the image of production keeps the promises of one. It decides from images that package image has read, and
// from what package plan says that containers get; Report is the answer, which prints as tables, as JSON and as a page.
package compare

import (
	"maps"
	"slices"
	"strings"

	"devenv/devenv/image"
	"devenv/devenv/secret"
)

// Prod is the mode whose image has to keep promises.
const Prod = "prod"

// Variant is a service in one mode.
type Variant struct {
	Mode      string
	Target    string      // the stage, or the Dockerfile where that has another name
	Image     image.Image // as it was built
	Container image.Image // with the configuration that the compose file gives its container
	// Facts are what the container gets, by plan's keys, as they may be printed.
	Facts map[string]string
	// DropsRoot is true of a server whose first process has to be root's and starts others as a user.
	DropsRoot bool
	// Mounts are the folders of project code that are mounted over the image.
	Mounts []string
}

// Report is how the variants of a service differ. Values stand under their modes; what a mode does not have is not there.
type Report struct {
	Service  string    `json:"service"`
	Modes    []Mode    `json:"modes"`
	Settings []Setting `json:"settings"`
	Packages []Package `json:"packages"` // that differ
	Tools    []Tool    `json:"tools"`    // uv, compilers, debuggers
	Files    []Path    `json:"files"`    // that differ, the heaviest first
	Promises []Promise `json:"promises"` // of mode prod
}

// Mode is what one image weighs. Sizes are in bytes.
type Mode struct {
	Mode     string  `json:"mode"`
	Target   string  `json:"target"`
	Image    string  `json:"image"`
	ID       string  `json:"id"`
	Size     int64   `json:"size"`
	Shared   int64   `json:"shared"`   // of its layers that every mode has
	Packages int     `json:"packages"` // Python packages
	Layers   []Layer `json:"layers"`   // the lowest first
}

// Layer is the weight of one instruction.
type Layer struct {
	Instruction string `json:"instruction"`
	Digest      string `json:"digest"`
	Size        int64  `json:"size"`
	Shared      bool   `json:"shared"` // every mode has it
}

// Setting is one thing that the containers get, by the keys of `devenv mode`.
type Setting struct {
	Key     string            `json:"key"`
	Values  map[string]string `json:"values"`
	Differs bool              `json:"differs"`
}

// Package is a Python package that is not the same everywhere.
type Package struct {
	Name     string            `json:"name"`
	Versions map[string]string `json:"versions"`
}

// Tool is a tool for development that an image has.
type Tool struct {
	Kind  image.Kind        `json:"kind"`
	Name  string            `json:"name"`
	Paths map[string]string `json:"paths"`
}

// Compare compares the variants, whose modes differ. development are the packages that the project asks for in its
// dependency groups alone.
func Compare(service string, variants []Variant, development []string) Report {
	var modes []string
	var lists [][]image.File
	for _, v := range variants {
		modes, lists = append(modes, v.Mode), append(lists, v.Image.Files())
	}
	report := Report{Service: service, Modes: weigh(variants), Settings: settings(variants), Packages: packages(variants),
		Tools: tools(variants), Files: files(modes, lists), Promises: []Promise{}}
	prod := slices.IndexFunc(variants, func(v Variant) bool { return v.Mode == Prod })
	if prod >= 0 {
		report.Promises = promises(variants[prod], variants, development)
	}
	return report
}

// Broken are the promises that are not kept.
func (r Report) Broken() []Promise {
	var broken []Promise
	for _, promise := range r.Promises {
		if !promise.Kept {
			broken = append(broken, promise)
		}
	}
	return broken
}

func weigh(variants []Variant) []Mode {
	having := map[string]int{} // how many variants have a layer
	for _, v := range variants {
		for _, digest := range unique(v.Image.Layers) {
			having[digest]++
		}
	}
	all := make([]Mode, 0, len(variants))
	for _, v := range variants {
		mode := Mode{Mode: v.Mode, Target: v.Target, Image: v.Image.Ref, ID: v.Image.ID, Packages: len(v.Image.Packages())}
		for _, l := range v.Image.Layers {
			layer := Layer{Instruction: secret.Text(l.Instruction), Digest: l.Digest, Size: l.Size, Shared: having[l.Digest] == len(variants)}
			mode.Size += l.Size
			if layer.Shared {
				mode.Shared += l.Size
			}
			mode.Layers = append(mode.Layers, layer)
		}
		all = append(all, mode)
	}
	return all
}

func unique(layers []image.Layer) []string {
	digests := map[string]bool{}
	for _, layer := range layers {
		digests[layer.Digest] = true
	}
	return slices.Collect(maps.Keys(digests))
}

// always are the settings that are shown also where they do not differ.
var always = []string{"user", "entrypoint", "command", "healthcheck", "exposes"}

// settings are what of the containers differs, and always what matters most.
func settings(variants []Variant) []Setting {
	keys := map[string]bool{}
	for _, v := range variants {
		for key, value := range v.Facts {
			keys[key] = keys[key] || value != ""
		}
	}
	all := []Setting{}
	for _, key := range slices.SortedFunc(maps.Keys(keys), settingOrder) {
		setting := Setting{Key: key, Values: map[string]string{}}
		different := map[string]bool{}
		for _, v := range variants {
			different[v.Facts[key]] = true
			if v.Facts[key] != "" {
				setting.Values[v.Mode] = v.Facts[key]
			}
		}
		setting.Differs = len(different) > 1
		if keys[key] && (setting.Differs || slices.Contains(always, key)) {
			all = append(all, setting)
		}
	}
	return all
}

// settingOrder puts what is always shown first, then the other settings, then the environment.
func settingOrder(a, b string) int {
	rank := func(key string) int {
		if place := slices.Index(always, key); place >= 0 {
			return place
		}
		if strings.HasPrefix(key, "env ") {
			return len(always) + 1
		}
		return len(always)
	}
	if order := rank(a) - rank(b); order != 0 {
		return order
	}
	return strings.Compare(a, b)
}

// packages are those that are missing somewhere or have another version. One that an image has in several environments
// has several versions.
func packages(variants []Variant) []Package {
	versions := map[string]map[string]string{}
	for _, v := range variants {
		for _, p := range v.Image.Packages() {
			note(versions, p.Name, v.Mode, p.Version)
		}
	}
	all := []Package{}
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		different := map[string]bool{}
		for _, v := range variants {
			different[versions[name][v.Mode]] = true
		}
		if len(different) > 1 {
			all = append(all, Package{Name: name, Versions: versions[name]})
		}
	}
	return all
}

func tools(variants []Variant) []Tool {
	type key struct {
		kind image.Kind
		name string
	}
	paths := map[key]map[string]string{}
	var order []key
	for _, v := range variants {
		for _, tool := range v.Image.Tools() {
			k := key{tool.Kind, tool.Name}
			if paths[k] == nil {
				order = append(order, k)
			}
			note(paths, k, v.Mode, tool.Path)
		}
	}
	all := []Tool{}
	for _, k := range order {
		all = append(all, Tool{Kind: k.kind, Name: k.name, Paths: paths[k]})
	}
	return all
}

// note adds a value under a key and a mode, to what is there already.
func note[K comparable](to map[K]map[string]string, key K, mode, value string) {
	if to[key] == nil {
		to[key] = map[string]string{}
	}
	before := to[key][mode]
	switch {
	case before == "":
		to[key][mode] = value
	case !slices.Contains(strings.Split(before, ", "), value):
		to[key][mode] = before + ", " + value
	}
}
