package debug

import "slices"

// memory is what the client has configured and the process has acknowledged: what a new process is told. A request that replaces an earlier one (the breakpoints of one file) takes its place.
type memory []message

// configures says whether a request is part of the configuration, and so is repeated to a new process.
func configures(m message) bool {
	switch m.name {
	case "initialize", "attach", "launch", "configurationDone", "setDebuggerProperty":
		return true
	}
	return setKey(m) != ""
}

func (m memory) remember(request message) memory {
	same := func(known message) bool { return known.name == request.name && setKey(known) == setKey(request) }
	if i := slices.IndexFunc(m, same); i >= 0 && request.name != "setDebuggerProperty" { // properties add up
		m[i] = request
		return m
	}
	return append(m, request)
}

// script is the order in which a new process is told: that of the protocol, whatever was acknowledged first.
func (m memory) script() []message {
	script := slices.Clone(m)
	slices.SortStableFunc(script, func(a, b message) int { return turn(a) - turn(b) })
	return script
}

func turn(m message) int {
	switch m.name {
	case "initialize":
		return 0
	case "setDebuggerProperty":
		return 1
	case "attach", "launch":
		return 2
	case "configurationDone":
		return 4
	}
	return 3
}

// emptied is a request that sets nothing where the given one set something.
func emptied(m message) message {
	arguments := map[string]any{}
	m.take("arguments", &arguments)
	for _, list := range []string{"breakpoints", "filters"} {
		if arguments[list] != nil {
			arguments[list] = []any{}
		}
	}
	for _, list := range []string{"lines", "filterOptions", "exceptionOptions"} { // other ways to say it
		delete(arguments, list)
	}
	return m.with("arguments", arguments)
}
