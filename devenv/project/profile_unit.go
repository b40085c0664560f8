package project

import (
	"go.yaml.in/yaml/v4"

	"devenv/profiles"
)

// composeUnit is the services of a profile, and its volumes in x-devenv, as a compose file. Its nodes are the profile's own, so that each has its
// place, except where Compose has another word.
func composeUnit(profile *profiles.Profile) *unit {
	u := &unit{file: "profile " + profile.Name, profile: profile, reworded: map[*yaml.Node]*yaml.Node{}}
	root, own := profile.Root(), mapping()
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch key, value := root.Content[i], root.Content[i+1]; {
		case key.Value == "services":
			own.Content = append(own.Content, key, u.services(value))
		case key.Value == "volumes" && value.Tag != "!!null":
			own.Content = append(own.Content, u.reword(key, func(node *yaml.Node) { node.Value = extensionKey }), mapping(key, value))
		}
	}
	if len(own.Content) > 0 {
		u.roots = []*yaml.Node{own}
	}
	return u
}

func (u *unit) services(said *yaml.Node) *yaml.Node {
	services := mapping()
	for i := 0; i+1 < len(said.Content); i += 2 {
		services.Content = append(services.Content, said.Content[i], u.service(said.Content[i].Value, said.Content[i+1]))
	}
	return services
}

// composeWords are the settings of a service that Compose has too. What is not here is devenv's to apply.
func composeWords() map[string]string {
	return map[string]string{
		"env": "environment", "env_files": "env_file", "ports": "ports", "command": "command", "volumes": "volumes",
	}
}

func (u *unit) service(name string, said *yaml.Node) *yaml.Node {
	service, extension := mapping(), mapping()
	for i := 0; i+1 < len(said.Content); i += 2 {
		key, value := said.Content[i], said.Content[i+1]
		if value.Tag == "!!null" {
			continue
		}
		word := composeWords()[key.Value]
		switch key.Value {
		case "env":
			value = u.variables(name, value)
		case "ports":
			value = u.reword(value, func(node *yaml.Node) { node.Tag = "!override" })
		case "reload", "debug":
			u.extend(extension, key, value)
		case "resources":
			service.Content = append(service.Content, u.limits(key, value)...)
		}
		if word != "" {
			service.Content = append(service.Content, u.reword(key, func(node *yaml.Node) { node.Value = word }), value)
		}
	}
	if len(extension.Content) > 0 {
		first := extension.Content[0]
		service.Content = append(service.Content, u.reword(first, func(node *yaml.Node) { node.Value = extensionKey }), extension)
	}
	return service
}

// extend adds to a service's x-devenv what it can say; the rest of debug is devenv's to apply.
func (u *unit) extend(extension, key, value *yaml.Node) {
	if key.Value == "debug" && value.Tag != "!!str" {
		return
	}
	if key.Value == "reload" && value.Tag == "!!bool" {
		value = u.reword(value, func(node *yaml.Node) { node.Tag, node.Value = "!!str", profiles.Off })
	}
	extension.Content = append(extension.Content, key, value)
}

// limits are resources in Compose's newer words. Its older ones for the same are taken away: they may not differ.
func (u *unit) limits(key, said *yaml.Node) []*yaml.Node {
	limits, all := mapping(), []*yaml.Node(nil)
	older := map[string]string{"cpus": "cpus", "memory": "mem_limit", "pids": "pids_limit"}
	for i := 0; i+1 < len(said.Content); i += 2 {
		name, value := said.Content[i], said.Content[i+1]
		if value.Tag == "!!null" {
			continue
		}
		limits.Content = append(limits.Content, name, value)
		all = append(all, u.reword(name, func(node *yaml.Node) { node.Value = older[name.Value] }),
			&yaml.Node{Kind: yaml.ScalarNode, Tag: "!reset", Value: "null"})
	}
	word := func(text string) *yaml.Node { return u.reword(key, func(node *yaml.Node) { node.Value = text }) }
	return append(all, word("deploy"), mapping(word("resources"), mapping(word("limits"), limits)))
}

// variables takes values as text, as they are written, and for a secret what stands for it; without a value a variable is
// passed through.
func (u *unit) variables(service string, said *yaml.Node) *yaml.Node {
	variables := mapping()
	for i := 0; i+1 < len(said.Content); i += 2 {
		key, value := said.Content[i], said.Content[i+1]
		if value.Tag != "!!null" {
			value = u.reword(value, func(node *yaml.Node) {
				if node.Kind == yaml.MappingNode {
					secret := profiles.Secret{Path: []string{"services", service, "env", key.Value}}
					node.Kind, node.Content, node.Value = yaml.ScalarNode, nil, secret.Stand()
				}
				node.Tag, node.Style = "!!str", yaml.DoubleQuotedStyle
			})
		}
		variables.Content = append(variables.Content, key, value)
	}
	return variables
}

// reword is a changed copy of a node, at the place of the node.
func (u *unit) reword(node *yaml.Node, change func(*yaml.Node)) *yaml.Node {
	reworded := *node
	change(&reworded)
	u.reworded[&reworded] = node
	return &reworded
}

func mapping(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: content}
}
