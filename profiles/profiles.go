// Package profiles is one developer's choices on top of the team's files: read, checked and merged, every value with the
// place that it comes from.
//
// A profile NAME is made of layers, the later over the earlier: the starter of that name in the binary, the team's
// NAME.yaml, the developer's own NAME.local.yaml beside it, and NAME.yaml in the user's config folder. What it extends
// lies below all of them, in the order in which it is named. Mappings are merged key by key; everything else, lists too,
// is replaced. A key without a value takes away what a lower layer says.
//
// What is wrong is a fault.Error of class Usage that begins with file:line:column. Nothing here knows the project that a
// profile is laid over: package project does.
package profiles

import (
	"reflect"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/hook"
)

// Settings are what a profile may say. To add a setting, add a field and have package project or devenv apply it.
type Settings struct {
	Extends         List                `yaml:"extends" doc:"profiles that lie below this one; the later over the earlier"`
	Description     string              `yaml:"description" doc:"one line for devenv profile list"`
	Mode            string              `yaml:"mode" doc:"mode of the project: local, dev, prod, ..."`
	Services        map[string]*Service `yaml:"services" doc:"by the name of a service of the compose files"`
	Env             map[string]Variable `yaml:"env" doc:"variables for the compose files, over .env"`
	EnvFiles        List                `yaml:"env_files" doc:"files with variables for the compose files, over .env; the later over the earlier"`
	ComposeFiles    List                `yaml:"compose_files" doc:"compose files that are merged over the project's own"`
	ComposeProfiles List                `yaml:"compose_profiles" doc:"Compose profiles to enable, instead of those of .env"`
	CABundle        string              `yaml:"ca_bundle" doc:"file of certificates that builds, containers and uv trust instead of their own, as behind a company's proxy"`
	ProjectName     string              `yaml:"project_name" doc:"name of the Compose project"`
	Ports           PortPolicy          `yaml:"ports" doc:"ports of this machine: auto takes a free one where one is taken and remembers it, declared does not; or offset, and single ones as SERVICE:PORT"`
	Volumes         Volumes             `yaml:"volumes" doc:"shared: worktrees and other clones use the first one's volumes; or NAME: shared for some"`
	Context         string              `yaml:"context" doc:"Docker context, or a host such as ssh://me@build; DOCKER_HOST and DOCKER_CONTEXT of the shell go before it"`
	Hooks           hook.Set            `yaml:"hooks" doc:"what runs around up and down; each phase instead of that of the compose files"`
}

// Service is what a profile may say of one service.
type Service struct {
	Enabled   *bool               `yaml:"enabled" doc:"false leaves the service out; true has it also without its Compose profile"`
	Mode      string              `yaml:"mode" doc:"mode of this service"`
	Env       map[string]Variable `yaml:"env" doc:"variables in the container; without a value it is that of the shell"`
	EnvFiles  List                `yaml:"env_files" doc:"more env files of the service, over its own"`
	Ports     Ports               `yaml:"ports" doc:"instead of the ports of the compose files: [HOST:]CONTAINER"`
	Debug     *Debug              `yaml:"debug" doc:"false opens no port for a debugger; a number is the port of this machine; delve, where the command does not show it"`
	Reload    Reload              `yaml:"reload" doc:"how new code is taken in"`
	Command   Command             `yaml:"command" doc:"instead of the command of the compose files"`
	Resources Resources           `yaml:"resources" doc:"instead of the limits of the compose files"`
	Volumes   []string            `yaml:"volumes" doc:"HOST:CONTAINER, over the mounts of the compose files; one at the same path in the container replaces it"`
}

// Profile is one profile with everything that it extends.
type Profile struct {
	Settings
	Name  string
	Files []string // absolute paths of the files that it is made of, and of those that would be, were they there

	root   *yaml.Node
	places map[*yaml.Node]Origin   // of every node below root
	over   map[*yaml.Node][]hidden // by the key of a value: what it replaces, the highest first
}

// Origin is the place of a value. File is absolute, or "starter NAME" for a profile in the binary; Line and Column count
// from 1.
type Origin struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

type hidden struct {
	value  *yaml.Node
	origin Origin
}

// Root is the merged profile as a YAML mapping without aliases. It is not to be changed; Place knows its nodes.
func (p *Profile) Root() *yaml.Node { return p.root }

// Place is where a node of Root stands.
func (p *Profile) Place(node *yaml.Node) Origin { return p.places[node] }

// Origin is the place of the value at a path of keys and list items, or of the nearest above it that is written.
func (p *Profile) Origin(path ...string) Origin {
	at, _ := document.Deepest(p.root, path)
	return p.places[at]
}

// Schema is the JSON schema of a profile's file.
func Schema() map[string]any {
	schema := document.Schema(reflect.TypeFor[Settings]())
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["title"] = "devenv profile"
	return schema
}
