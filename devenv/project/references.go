package project

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/fault"
)

// substitute is Compose's interpolation of compose files, which leaves references in the model for package plan.
func (in *inputs) substitute(text string, mapping template.Mapping) (string, error) {
	in.refers = in.refers || strings.Contains(text, referenceStart)
	return substitute(text, mapping)
}

// referring is the env_file format of a file with references; other files keep Compose's own parser.
const referring = "devenv references"

// parseReferring is Compose's own format, in which references are left alone.
func parseReferring(content io.Reader, file string, into map[string]string, lookup func(string) (string, bool)) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	err = dotenv.ParseWithFormat(strings.NewReader(hide(string(text))), file, into, lookup, "")
	for name, value := range into {
		into[name] = reveal(value)
	}
	return err
}

// readVariables reads env files as Compose does, the later over the earlier; refers is set where one has a reference.
func readVariables(env types.Mapping, files []string, refers *bool) (types.Mapping, error) {
	found := types.Mapping{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return found, err
		}
		*refers = *refers || bytes.Contains(content, []byte(referenceStart))
		err = parseReferring(bytes.NewReader(content), file, found, func(name string) (string, bool) {
			if value, set := env[name]; set {
				return value, true
			}
			value, set := found[name]
			return value, set
		})
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// nameFormats has the env files with references read in their own format.
func (in *inputs) nameFormats(project *types.Project) {
	for _, services := range []types.Services{project.Services, project.DisabledServices} {
		for name, service := range services {
			for i, file := range service.EnvFiles {
				content, _ := os.ReadFile(file.Path) // one that is missing is for whoever needs it
				if file.Format == "" && bytes.Contains(content, []byte(referenceStart)) {
					in.refers, service.EnvFiles[i].Format = true, referring
				}
			}
			services[name] = service
		}
	}
}

// checkReferences refuses references to what the project has not, and those that stand where nobody fills them in. p is
// nil where the project cannot be loaded: then it is known only where they stand.
func (in *inputs) checkReferences(p *Project) error {
	if !in.refers {
		return nil
	}
	c := referenceCheck{inputs: in, project: p, seen: map[Origin]bool{}}
	t := in.tree()
	t.files() // reaches the files that extends brings in
	for _, u := range t.order {
		if u.profile != nil {
			continue
		}
		for _, root := range u.roots {
			c.walk(root, nil, inCompose, u.origin)
		}
	}
	if in.profile != nil {
		c.walk(in.profile.Root(), nil, inProfile, func(node *yaml.Node) Origin {
			at := in.profile.Place(node)
			return Origin{Kind: ProfileFile, File: at.File, Line: at.Line, Column: at.Column}
		})
	}
	if p != nil {
		c.envFiles(p.EnvFiles())
	}
	return errors.Join(c.errs...)
}

// inCompose and inProfile tell the places where references are filled in. What stands under x- can be an anchor that is
// used anywhere; devenv's own settings are none.
func inCompose(path []string) bool {
	if len(path) < 3 || path[0] != "services" {
		return len(path) > 0 && strings.HasPrefix(path[0], "x-") && path[0] != extensionKey
	}
	if len(path) > 5 && path[2] == extensionKey && path[3] == "modes" {
		path = path[3:] // of x-devenv what a mode says in place of the service
	}
	return slices.Contains([]string{"environment", "command", "entrypoint", "labels"}, path[2]) ||
		path[2] == "build" && len(path) > 3 && path[3] == "args"
}

func inProfile(path []string) bool {
	return path[0] == "env" || len(path) > 2 && path[0] == "services" && (path[2] == "env" || path[2] == "command")
}

// referenceCheck collects what is wrong with references.
type referenceCheck struct {
	inputs  *inputs
	project *Project
	seen    map[Origin]bool
	errs    []error
}

func (c *referenceCheck) walk(node *yaml.Node, path []string, allowed func([]string) bool, origin func(*yaml.Node) Origin) {
	switch node = document.Follow(node); {
	case node == nil:
	case node.Kind == yaml.ScalarNode:
		c.check(node.Value, origin(node), document.Path(path), allowed(path))
	case node.Kind == yaml.SequenceNode:
		for i, item := range node.Content {
			c.walk(item, append(slices.Clone(path), strconv.Itoa(i)), allowed, origin)
		}
	case node.Kind == yaml.MappingNode:
		for i := 1; i < len(node.Content); i += 2 {
			c.walk(node.Content[i], append(slices.Clone(path), node.Content[i-1].Value), allowed, origin)
		}
	}
}

// envFiles checks every statement of env files.
func (c *referenceCheck) envFiles(files []string) {
	for _, file := range files {
		for _, entry := range readEnvFile(file).entries {
			c.check(entry.text, Origin{Kind: ServiceEnvFile, File: file, Line: entry.line}, entry.name, true)
		}
	}
}

// check refuses the references of a text at a place, each place once.
func (c *referenceCheck) check(text string, at Origin, path string, allowed bool) {
	all := FindReferences(text)
	if len(all) == 0 || c.seen[at] {
		return
	}
	c.seen[at] = true
	place := c.inputs.place(at, at.Kind == ProfileFile)
	for _, r := range all {
		switch {
		case !allowed:
			c.errs = append(c.errs, fault.New(fault.Usage, "%s: %s: %s is not filled in here", place, path, r.Text).
				WithHint("it can stand in environment, env files, build.args, command, entrypoint and labels"))
		case r.Service == "":
			c.errs = append(c.errs, fault.New(fault.Usage, "%s: %s: %s is none of ${devenv.port.SERVICE.PORT}, ${devenv.url.SERVICE}", place, path, r.Text))
		case c.project != nil:
			if err := c.unknown(r, place+": "+path+": "); err != nil {
				c.errs = append(c.errs, err)
			}
		}
	}
}

// unknown is the error for a reference to what the project has not.
func (c *referenceCheck) unknown(r Reference, who string) error {
	return c.project.checkPort(r, who+r.Text+": ")
}

// CheckPort refuses a service, or a port of its container, that the project has not; who begins the message. Services
// that are not enabled are known too.
func (p *Project) CheckPort(service string, port uint16, who string) error {
	return p.checkPort(Reference{Service: service, Port: port}, who)
}

func (p *Project) checkPort(r Reference, who string) error {
	service, found := p.declared.Services[r.Service]
	if !found {
		service, found = p.declared.DisabledServices[r.Service]
	}
	if !found {
		names := slices.Sorted(maps.Keys(p.declared.AllServices()))
		return document.Near(fault.New(fault.Usage, "%sno service %q", who, r.Service).WithHint("the services are %s", strings.Join(names, ", ")), r.Service, names)
	}
	if r.Of(service) != 0 {
		return nil
	}
	var ports []string
	for _, port := range service.Ports {
		ports = append(ports, strconv.Itoa(int(port.Target)))
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	cause := fault.New(fault.Usage, "%s%s publishes no port %d", who, r.Service, r.Port)
	if r.Port == 0 {
		cause = fault.New(fault.Usage, "%s%s publishes no port that speaks HTTP", who, r.Service)
	}
	if len(ports) == 0 {
		return cause.WithHint("it publishes none; ports: in the compose file does")
	}
	return document.Near(cause.WithHint("it publishes %s", strings.Join(ports, ", ")), strconv.Itoa(int(r.Port)), ports)
}
