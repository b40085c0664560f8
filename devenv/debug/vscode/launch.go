package vscode

// Launch is the text of launch.json with the attach configurations of a project's services in it. existing is what the
// file has now, empty where there is none; the answer is then empty too if there is nothing to write. name is the file
// in messages. The error is a fault.Error with file and line if existing is not what VS Code reads there.
func Launch(existing []byte, name string, p Project) ([]byte, error) {
	attach, compounds := p.configurations(), p.compounds()
	return edited(existing, name, blank{version: "0.2.0", needed: len(attach) > 0}, []section{
		{list: "configurations", id: "name", entries: attach},
		{list: "compounds", id: "name", entries: compounds},
	})
}

func (p Project) configurations() []entry {
	var all []entry
	for _, service := range p.Services {
		switch service.Kind {
		case Go:
			all = append(all, p.delve(service))
		case Python:
			all = append(all, p.debugpy(service))
		}
	}
	return all
}

// debugpy is an attach configuration for the Python Debugger extension.
func (p Project) debugpy(s Service) entry {
	e := entry{name: Prefix + s.Name, drop: []string{"host", "port", "mode", "debugAdapter", "substitutePath"}, fields: object{
		{key: "name", value: Prefix + s.Name},
		{key: "type", value: "debugpy"},
		{key: "request", value: "attach"},
		{key: "connect", value: object{{key: "host", value: "127.0.0.1"}, {key: "port", value: s.Port}}},
	}}
	e.mapped("pathMappings", p.pathMappings(s.Mappings))
	e.fields = append(e.fields, field{key: "justMyCode", value: true, once: true})
	for _, flag := range []struct {
		key string
		set bool
	}{{"django", s.Django}, {"jinja", s.Jinja}, {"subProcess", s.SubProcess}} {
		if flag.set {
			e.fields = append(e.fields, field{key: flag.key, value: true})
		}
	}
	return e
}

// delve is an attach configuration for the Go extension, whose stable releases speak DAP to a remote Delve only when
// told to.
func (p Project) delve(s Service) entry {
	e := entry{name: Prefix + s.Name, drop: []string{"connect", "pathMappings", "justMyCode", "django", "jinja", "subProcess"}, fields: object{
		{key: "name", value: Prefix + s.Name},
		{key: "type", value: "go"},
		{key: "request", value: "attach"},
		{key: "mode", value: "remote"},
		{key: "debugAdapter", value: "dlv-dap"},
		{key: "host", value: "127.0.0.1"},
		{key: "port", value: s.Port},
	}}
	e.mapped("substitutePath", p.substitutePath(s.Mappings))
	return e
}

// mapped sets the mappings, or takes away those of before.
func (e *entry) mapped(key string, mappings list) {
	if len(mappings) == 0 {
		e.drop = append(e.drop, key)
		return
	}
	e.fields = append(e.fields, field{key: key, value: mappings})
}

// compounds start all configurations together, with more than one service also without starting the project. Their stop
// button detaches from all; the services run on.
func (p Project) compounds() []entry {
	var names list
	for _, configuration := range p.configurations() {
		names = append(names, configuration.name)
	}
	if len(names) == 0 {
		return nil
	}
	start := compound(UpAndAttach, names)
	start.fields = append(start.fields, field{key: "preLaunchTask", value: StartTask})
	if len(names) == 1 {
		return []entry{start}
	}
	return []entry{compound(AttachAll, names), start}
}

func compound(name string, configurations list) entry {
	return entry{name: name, fields: object{
		{key: "name", value: name},
		{key: "configurations", value: configurations},
		{key: "stopAll", value: true, once: true},
	}}
}
