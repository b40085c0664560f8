package uv

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// Owner is a user of a container, by number.
type Owner struct{ UID, GID int }

// Place is how uv runs in one container.
type Place struct {
	Program     string    // uv
	Owner       Owner     // who uv runs as: whom the environment belongs to, else the container's user
	Environment string    // the environment's folder
	Packages    string    // its site-packages, "" while there is no environment
	Touched     time.Time // when those were last changed
	Cache       string    // uv's cache; "" is its own choice
	Env         []string  // variables for uv on top of the container's
}

// setup is how processes of the container start.
func (r Runner) setup(ctx context.Context) (engine.Setup, error) {
	detail, found, err := r.Engine.Inspect(ctx, r.ID)
	if err == nil && !found {
		err = fault.New(fault.Failed, "%s: its container is gone", r.Service)
	}
	return detail.Setup, err
}

// look finds out how uv runs in a container with a user. An environment that belongs to somebody else, as root's to an
// app that only reads it, is changed by its owner.
func (r Runner) look(within context.Context, setup engine.Setup, user Owner) (Place, error) {
	env := variables(setup.Env)
	place := Place{Owner: user, Environment: cmp.Or(r.Project.Environment, path.Join(r.Project.Container, ".venv"))}
	if set := env["UV_PROJECT_ENVIRONMENT"]; path.IsAbs(set) {
		place.Environment = path.Clean(set)
	} else if set != "" {
		place.Environment = path.Join(r.Project.Container, set)
	}
	looking, aside := errgroup.WithContext(within)
	looking.Go(func() (err error) {
		place.Program, err = r.program(aside, env["PATH"])
		return err
	})
	looking.Go(func() error { return place.environment(aside, r) })
	if err := looking.Wait(); err != nil {
		return place, err
	}
	err := place.cache(within, r)
	place.Env = place.variables(env)
	return place, err
}

// environment finds out whose the environment is and where its packages are. Root need not know whose: to read a file of
// a container costs the engine 50 ms, to ask whether it is there 1 ms.
func (p *Place) environment(ctx context.Context, r Runner) error {
	if p.Owner.UID != 0 {
		about, err := r.Engine.Get(ctx, r.ID, path.Join(p.Environment, "pyvenv.cfg"))
		if err == nil && len(about) == 0 { // a volume that nothing is in yet
			about, err = r.Engine.Get(ctx, r.ID, p.Environment)
		}
		if err != nil || len(about) == 0 {
			return err
		}
		p.Owner = Owner{about[0].UID, about[0].GID}
	}
	for minor := oldestPython; minor <= newestPython; minor++ {
		packages := path.Join(p.Environment, "lib", fmt.Sprintf("python3.%d", minor), "site-packages")
		touched, err := r.Engine.Modified(ctx, r.ID, packages)
		if err != nil {
			return err
		}
		if !touched.IsZero() {
			p.Packages, p.Touched = packages, touched
		}
	}
	return nil
}

// The minor versions of Python 3 that uv makes environments for.
const oldestPython, newestPython = 7, 16

// whole is what the name of a brought program has behind it once all of the program is there.
const whole = ".whole"

// program is uv in a container: the first on the PATH of its processes, else the one that was or is now brought.
func (r Runner) program(ctx context.Context, search string) (string, error) {
	places := []string{}
	for _, folder := range strings.Split(search, ":") {
		places = append(places, path.Join("/", folder, "uv"))
	}
	places = append(places, r.Brought+whole)
	there := make([]bool, len(places))
	looking, within := errgroup.WithContext(ctx)
	for i, place := range places {
		looking.Go(func() error {
			modified, err := r.Engine.Modified(within, r.ID, place)
			there[i] = !modified.IsZero()
			return err
		})
	}
	if err := looking.Wait(); err != nil {
		return "", err
	}
	if first := slices.Index(there, true); first >= 0 {
		return strings.TrimSuffix(places[first], whole), nil
	}
	program, err := r.Fetch(ctx)
	if err != nil {
		return "", err
	}
	return r.Brought, r.Engine.Put(ctx, r.ID,
		engine.File{Path: r.Brought, Mode: 0o755, Modified: time.Now(), Content: program},
		engine.File{Path: r.Brought + whole, Mode: 0o644, Modified: time.Now()})
}

// variables are what uv is told in a container with the environment env, as far as the project has not said otherwise.
func (p Place) variables(env map[string]string) []string {
	all := []string{"UV_PROJECT_ENVIRONMENT=" + p.Environment, "DEVENV_AGENT=0"} // the agent is for the service's processes
	for _, own := range [][2]string{
		{"UV_LINK_MODE", "copy"}, // no hard link leads from one mount to another, also where both are on one disk; uv would warn
		{"UV_CACHE_DIR", p.Cache},
		{"UV_PYTHON_DOWNLOADS", "never"}, // the environment has its Python
	} {
		if _, set := env[own[0]]; !set && own[1] != "" {
			all = append(all, own[0]+"="+own[1])
		}
	}
	if env["UV_NO_CACHE"] != "" && p.Cache != "" {
		all = append(all, "UV_NO_CACHE=0") // it keeps an image small, and this cache is in none
	}
	return all
}

// cache chooses where uv keeps what it downloads: in the folder for downloads, which services with other users have too. uv
// makes files that only their owner may write, or even read. So where another one than last time comes, everything there is
// opened to all first; a file says who came last. In a container whose root may not do that uv has a folder for this user
// alone, but for root, who has a home folder.
func (p *Place) cache(ctx context.Context, r Runner) error {
	user := strconv.Itoa(p.Owner.UID)
	if r.Downloads != "" {
		cache := path.Join(r.Downloads, "uv")
		last, err := r.Engine.Modified(ctx, r.ID, path.Join(cache, ".last-"+user))
		if err != nil {
			return err
		}
		status := 0
		if last.IsZero() {
			_, status, err = r.Engine.Output(ctx, r.ID, engine.Command{Args: []string{"sh", "-c", openCache, cache, user}, User: "0"})
		}
		if err != nil || status == 0 {
			p.Cache = cache
			return err
		}
	}
	if p.Owner.UID != 0 {
		p.Cache = "/tmp/devenv-uv-" + user
	}
	return nil
}

const openCache = `mkdir -p "$0" && cd "$0" && chmod -R a+rwX . && rm -f .last-* && : >".last-$1"`

func (o Owner) user() string { return strconv.Itoa(o.UID) + ":" + strconv.Itoa(o.GID) }

func variables(list []string) map[string]string {
	all := map[string]string{}
	for _, assignment := range list {
		name, value, _ := strings.Cut(assignment, "=")
		all[name] = value
	}
	return all
}

// user is the user that a container is configured with: USER or USER:GROUP, each a name or a number.
func (r Runner) user(ctx context.Context, configured string) (Owner, error) {
	user, group, _ := strings.Cut(configured, ":")
	if user == "" || user == "root" {
		user = "0"
	}
	uid, err := strconv.Atoi(user)
	if err == nil && group == "" {
		return Owner{UID: uid, GID: gidOf(group)}, nil
	}
	files, err := r.Engine.Get(ctx, r.ID, "/etc/passwd")
	if err != nil || len(files) == 0 {
		return Owner{UID: uid, GID: gidOf(group)}, err
	}
	return inPasswd(string(files[0].Content), user, group), nil
}

func gidOf(group string) int {
	gid, _ := strconv.Atoi(group)
	return gid
}

// inPasswd is the user of a line of passwd(5), name:password:UID:GID:...
func inPasswd(text, user, group string) Owner {
	owner := Owner{GID: gidOf(group)}
	owner.UID, _ = strconv.Atoi(user)
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Split(line, ":")
		if len(fields) < 4 || fields[0] != user && fields[2] != user {
			continue
		}
		owner.UID, _ = strconv.Atoi(fields[2])
		if group == "" {
			owner.GID, _ = strconv.Atoi(fields[3])
		}
	}
	return owner
}
