package devenv

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/compare"
	"devenv/devenv/dockerfile"
	"devenv/devenv/doctor"
	"devenv/devenv/fault"
	"devenv/devenv/image"
	"devenv/devenv/plan"
	"devenv/devenv/source"
)

// CompareOptions are the arguments and flags of compare.
type CompareOptions struct {
	Modes    []string // none: all; one: local and this one
	Services []string // none: all with a build
	NoBuild  bool     // the images are compared as they are
	Format   string
	HTML     string // file to write a page to, or ""
	Check    bool   // a broken promise is a failure
}

// Compare prints how the images of services differ between modes, and which promises that of mode prod keeps. It
// starts no container.
func (e *Environment) Compare(ctx context.Context, options CompareOptions) error {
	if err := e.comparable(options.Services); err != nil {
		return err
	}
	reports, err := e.compare(ctx, options)
	if err != nil {
		return err
	}
	if options.HTML != "" {
		if err := e.writePage(options.HTML, reports); err != nil {
			return err
		}
	}
	if options.Format == "json" {
		err = e.settings.Term.JSON(reports)
	} else {
		err = e.printReports(reports)
	}
	if err == nil && options.Check {
		err = checked(reports)
	}
	return err
}

// comparable refuses services that have no modes.
func (e *Environment) comparable(services []string) error {
	if err := e.project.Known(services); err != nil {
		return err
	}
	for _, name := range services {
		if e.project.Compose.Services[name].Build == nil {
			return e.modeless("", name)
		}
	}
	if len(withBuild(e.project.Compose.Services)) == 0 {
		return fault.New(fault.Usage, "devenv compare: no service has a build, so there is nothing to compare")
	}
	return nil
}

// modePlan is the plan for one mode.
type modePlan struct {
	mode string
	in   plan.Input
	plan plan.Plan
}

func (e *Environment) compare(ctx context.Context, options CompareOptions) ([]compare.Report, error) {
	modes, err := e.modesToCompare(options.Modes)
	if err == nil && options.Check && !slices.Contains(modes, compare.Prod) {
		err = fault.New(fault.Usage, "devenv compare --check: mode %s is not among %s", compare.Prod, list(modes))
	}
	if err != nil {
		return nil, err
	}
	var all []modePlan
	for _, mode := range modes {
		in, made, err := e.plan(plan.Modes{Project: mode}, options.Services)
		if err == nil {
			err = e.missing(in, made)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, modePlan{mode, in, made})
	}
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	if err := e.buildToCompare(ctx, all, options.NoBuild); err != nil {
		return nil, err
	}
	services := options.Services
	if len(services) == 0 {
		services = withBuild(all[0].plan.Project.Services)
	}
	return e.reports(ctx, services, all, len(options.Modes) > 0)
}

// buildToCompare builds the images of all modes, or makes sure that they are there.
func (e *Environment) buildToCompare(ctx context.Context, all []modePlan, noBuild bool) error {
	for _, one := range all {
		if !noBuild {
			if err := e.build(ctx, one.plan, buildFlags{}); err != nil {
				return err
			}
			continue
		}
		for _, request := range e.buildRequests(one.plan, buildFlags{}) {
			_, there, err := e.engine.Image(ctx, request.Tags[0])
			if err != nil {
				return err
			}
			if !there {
				return fault.New(fault.Failed, "%s: its image for mode %s (%s) is not there", request.Service, one.mode, request.Tags[0]).
					WithHint("without --no-build it is built")
			}
		}
	}
	return nil
}

// modesToCompare are those that are asked for, each once; else all of the project, local first and prod last.
func (e *Environment) modesToCompare(asked []string) ([]string, error) {
	modes := slices.Clone(asked)
	if len(modes) == 0 {
		known, err := e.Modes()
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(known, func(a, b string) int { return modeRank(a) - modeRank(b) })
		modes = known
	}
	if len(modes) == 1 {
		modes = []string{plan.Local, modes[0]}
	}
	var all []string
	for _, mode := range modes {
		if mode = strings.ToLower(mode); !slices.Contains(all, mode) {
			all = append(all, mode)
		}
	}
	return all, nil
}

func modeRank(mode string) int {
	switch mode {
	case plan.Local:
		return 0
	case compare.Prod:
		return 2
	}
	return 1
}

// reports reads the images of all services and modes at once. Unless they were asked for, modes between local and prod
// in which a service has the image of another one are left out, which is said.
func (e *Environment) reports(ctx context.Context, services []string, all []modePlan, asked bool) ([]compare.Report, error) {
	var refs []string
	for _, service := range services {
		for _, one := range all {
			refs = append(refs, plan.ImageName(one.plan.Project.Name, one.plan.Project.Services[service]))
		}
	}
	images, err := e.inspect(ctx, refs...)
	if err != nil {
		return nil, err
	}
	var reports []compare.Report
	for _, service := range services {
		var variants []compare.Variant
		for place, one := range all {
			same := slices.IndexFunc(variants, func(v compare.Variant) bool { return v.Image.ID == images[place].ID })
			if same >= 0 && !asked && modeRank(one.mode) == 1 {
				e.settings.Term.Say("%s: mode %s has the image of mode %s", service, one.mode, variants[same].Mode)
				continue
			}
			variants = append(variants, e.variant(one, service, images[place]))
		}
		images = images[len(all):]
		reports = append(reports, compare.Compare(service, variants, e.development(all[0].in, service)))
	}
	return reports, nil
}

func (e *Environment) variant(one modePlan, name string, of image.Image) compare.Variant {
	service := one.plan.Project.Services[name]
	container := of.With(containerConfig(service, of.Config))
	v := compare.Variant{Mode: one.mode, Target: e.targetName(service), Image: of, Container: container, Facts: map[string]string{}}
	if file := one.in.Dockerfiles[plan.File(service)]; file != nil {
		declared, _ := file.Effective(service.Build.Target)
		v.DropsRoot = doctor.DropsRoot(declared.Image)
	}
	for key, value := range one.plan.Facts(one.in, name, effectiveOf(container.Config)) {
		v.Facts[key] = mask(key, value)
	}
	delete(v.Facts, "image")
	delete(v.Facts, "target")
	delete(v.Facts, "dockerfile")
	v.Facts["exposes"] = strings.Join(of.Config.ExposedPorts, " ")
	if container.Config.Checks() {
		v.Facts["healthcheck"] = mask("healthcheck", strings.Join(container.Config.Healthcheck.Test[1:], " "))
	}
	for _, mount := range source.Mounts(service, one.in.IsFile) {
		v.Mounts = append(v.Mounts, e.project.Rel(mount.Source)+":"+mount.Target)
	}
	return v
}

// targetName is what a service builds: a stage, a Dockerfile with a name of its own, or both.
func (e *Environment) targetName(service types.ServiceConfig) string {
	file := filepath.Base(service.Build.Dockerfile)
	declared := filepath.Base(e.project.Compose.Services[service.Name].Build.Dockerfile)
	switch target := service.Build.Target; {
	case file == declared:
		return cmp.Or(target, "the last stage")
	case target == "":
		return file
	default:
		return file + " " + target
	}
}

// containerConfig is an image's configuration with what a service says instead.
func containerConfig(service types.ServiceConfig, config image.Config) image.Config {
	config.User = cmp.Or(service.User, config.User)
	config.WorkingDir = cmp.Or(service.WorkingDir, config.WorkingDir)
	if len(service.Entrypoint) > 0 { // as the engine has it: the image's CMD was made for its own ENTRYPOINT
		config.Entrypoint, config.Cmd = service.Entrypoint, nil
	}
	if len(service.Command) > 0 {
		config.Cmd = service.Command
	}
	config.Env = slices.DeleteFunc(slices.Clone(config.Env), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		_, set := service.Environment[name]
		return set
	})
	for name, value := range service.Environment {
		if value != nil {
			config.Env = append(config.Env, name+"="+*value)
		}
	}
	slices.Sort(config.Env)
	if check := service.HealthCheck; check != nil && check.Disable {
		config.Healthcheck = nil
	} else if check != nil && len(check.Test) > 0 {
		config.Healthcheck = &image.Healthcheck{Test: check.Test}
	}
	return config
}

// effectiveOf is a configuration in the words of package dockerfile.
func effectiveOf(config image.Config) dockerfile.Effective {
	effective := dockerfile.Effective{User: config.User, Workdir: config.WorkingDir, Env: map[string]string{}, Expose: config.ExposedPorts}
	for _, pair := range config.Env {
		name, value, _ := strings.Cut(pair, "=")
		effective.Env[name] = value
	}
	if config.Cmd != nil {
		effective.Cmd = &dockerfile.Command{Args: config.Cmd}
	}
	if config.Entrypoint != nil {
		effective.Entrypoint = &dockerfile.Command{Args: config.Entrypoint}
	}
	return effective
}

// development are the packages that a service's project asks for in its dependency groups alone; none where it has no
// pyproject.toml that can be read.
func (e *Environment) development(in plan.Input, service string) []string {
	project, found := uvProject(in, e.project.Compose.Services[service])
	if !found {
		return nil
	}
	files, err := project.Read()
	if err != nil {
		return nil
	}
	return files.Development()
}

// checked fails with every broken promise.
func checked(reports []compare.Report) error {
	var lines []string
	for _, report := range reports {
		for _, promise := range report.Broken() {
			lines = append(lines, fmt.Sprintf("%s: %s: %s", report.Service, promise.Promise, promise.Evidence))
		}
	}
	if lines == nil {
		return nil
	}
	return fault.New(fault.Failed, "mode %s breaks %d of its promises", compare.Prod, len(lines)).WithDetail(lines...)
}
