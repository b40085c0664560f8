package vscode

// Tasks is the text of tasks.json with the tasks that start the project; for the rest it is as Launch.
//
// There are two. UpTask is `devenv up` in a terminal of VS Code: it shows the logs, its stop button stops what it
// started, and its problem matcher tells VS Code when the project is up. StartTask is `devenv up -d`, and it is what
// UpAndAttach runs before it attaches: it succeeds in any state of the project, also when a `devenv up` in this VS Code
// or in another terminal holds it, in the time of an `up` that has nothing to do. A background task could do neither:
// VS Code takes no notice of how it ends, and asks back when any linter has an error.
func Tasks(existing []byte, name string, p Project) ([]byte, error) {
	var tasks []entry
	if len(p.configurations()) > 0 {
		tasks = []entry{p.upTask(), p.startTask()}
	}
	return edited(existing, name, blank{version: "2.0.0", needed: len(tasks) > 0}, []section{{list: "tasks", id: "label", entries: tasks}})
}

func (p Project) upTask() entry {
	e := p.task(UpTask, "up")
	e.fields = append(e.fields,
		field{key: "isBackground", value: true},
		field{key: "problemMatcher", value: p.matcher()},
	)
	return e
}

func (p Project) startTask() entry {
	e := p.task(StartTask, "up", "-d")
	e.fields = append(e.fields,
		field{key: "problemMatcher", value: list{}},
		field{key: "presentation", value: object{{key: "reveal", value: "silent"}}, once: true},
	)
	return e
}

// task runs devenv without a shell, in the project's folder.
func (p Project) task(name string, command ...string) entry {
	var args list
	for _, arg := range append(append([]string(nil), p.Flags...), command...) {
		args = append(args, arg)
	}
	e := entry{name: name, fields: object{
		{key: "label", value: name},
		{key: "type", value: "process"},
		{key: "command", value: "devenv", once: true},
		{key: "args", value: args},
	}}
	if dir := p.local(p.Dir); dir != workspace {
		e.fields = append(e.fields, field{key: "options", value: object{{key: "cwd", value: dir}}, once: true})
	}
	return e
}

// The lines of `devenv up` that its task waits for. VS Code wants both; with activeOnStart the first one matters only
// when the project is on its way down again.
const (
	beginsPattern  = `^interrupted: `
	endsPattern    = `^up in .+, mode \S+$`
	problemPattern = `^error: (.+?):(\d+): (.+)$`
)

func (p Project) matcher() object {
	return object{
		{key: "owner", value: "devenv"},
		{key: "fileLocation", value: list{"autoDetect", p.local(p.Dir)}},
		{key: "pattern", value: object{
			{key: "regexp", value: problemPattern}, {key: "file", value: 1}, {key: "line", value: 2}, {key: "message", value: 3},
		}},
		{key: "background", value: object{
			{key: "activeOnStart", value: true},
			{key: "beginsPattern", value: beginsPattern},
			{key: "endsPattern", value: endsPattern},
		}},
	}
}
