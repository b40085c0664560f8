package plan

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/source"
)

// Agent is the in-container agent as the plan needs it: one file and where it lies in the container.
type Agent struct {
	Path    string // absolute, changes with the content
	Content string
}

// agentConfig is the name of the Compose config that carries the agent's file.
const agentConfig = "devenv-agent"

// reloadOff and reloadNative are the values of x-devenv.reload that want no agent.
const reloadOff, reloadNative = "off", "native"

// addAgent gives a Python service its agent: an inline config, which Compose copies into the container without a mount,
// and the environment by which Python starts it. Only project code in a source mount can be reloaded.
func (o *overlay) addAgent() {
	mounts := source.Mounts(o.service, o.in.IsFile)
	setting := o.in.Extensions[o.service.Name].Reload
	if o.in.Agent.Path == "" || len(mounts) == 0 || setting == reloadOff || setting == reloadNative {
		return
	}
	program := o.python()
	if program == "" {
		return
	}
	if o.service.ReadOnly {
		o.advise("its file system is read_only, so the agent that reloads in place cannot be brought in")
		return
	}
	var folders []string
	for _, mount := range mounts {
		folders = append(folders, mount.Target)
	}
	o.change("configs", "", o.in.Agent.Path, "%s runs code of a source mount: the agent reloads it in place", program)
	o.service.Configs = append(slices.Clone(o.service.Configs), types.ServiceConfigObjConfig{Source: agentConfig, Target: o.in.Agent.Path})
	o.setEnv("DEVENV_AGENT", "1")
	o.setEnv("DEVENV_AGENT_SOURCES", strings.Join(folders, ":"))
	if setting != "" {
		o.setEnv("DEVENV_AGENT_RELOAD", setting)
	}
	if slices.Contains(o.in.DebugWait, o.service.Name) {
		o.setEnv("DEVENV_AGENT_WAIT", "1")
	}
	path := o.in.Agent.Path
	if own := o.env("PYTHONPATH"); own != "" {
		path += ":" + own
	}
	o.setEnv("PYTHONPATH", path)
	o.agent = true
}

// python is the word of the service's command, or the base image, that says it is a Python program; "" for others.
func (o *overlay) python() string {
	image, _ := effective(o.in, o.service)
	command := o.service.Command
	if len(command) == 0 && image.Cmd != nil {
		command = image.Cmd.Args
	}
	for _, word := range words(command) {
		name := word[strings.LastIndex(word, "/")+1:]
		if slices.Contains(pythonPrograms[:], strings.TrimRight(name, "0123456789.")) || strings.HasSuffix(name, ".py") {
			return name
		}
	}
	if name := image.Image[strings.LastIndex(image.Image, "/")+1:]; strings.HasPrefix(name, "python") {
		return image.Image
	}
	return ""
}

var pythonPrograms = [...]string{"python", "uvicorn", "gunicorn", "hypercorn", "fastapi", "flask", "celery", "uv", "django-admin"}

// env is a variable as the container would have it without devenv: the service's, else the image's as far as its
// Dockerfile says.
func (o *overlay) env(name string) string {
	if value, set := o.service.Environment[name]; set {
		return text(value)
	}
	image, _ := effective(o.in, o.service)
	return image.Env[name]
}

func (o *overlay) setEnv(name, value string) { o.setEnvBecause(name, value, "the agent") }

func (o *overlay) setEnvBecause(name, value, cause string) {
	if o.service.Environment == nil {
		o.service.Environment = types.MappingWithEquals{}
	}
	o.change("environment."+name, o.env(name), value, "%s", cause)
	o.service.Environment[name] = &value
}
