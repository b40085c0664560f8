package uv

import (
	"context"
	"path"
	"regexp"
	"strconv"
	"strings"

	"devenv/devenv/engine"
)

// Owner is a user of a container, by number.
type Owner struct{ UID, GID int }

// Place is how uv runs in one container.
type Place struct {
	Owner       Owner    // who uv runs as: whom the environment belongs to, else the container's user
	Environment string   // the environment's folder
	Packages    string   // its site-packages, "" while there is no environment
	Env         []string // variables for uv on top of the container's
}

// look finds out how uv runs in a container. An environment that belongs to somebody other than the container's user, as
// a root's to an app that only reads it, is changed by its owner.
func look(ctx context.Context, e *engine.Client, id string, p Project) (Place, error) {
	detail, _, err := e.Inspect(ctx, id)
	if err != nil {
		return Place{}, err
	}
	env := variables(detail.Setup.Env)
	place := Place{Environment: path.Join(p.Container, ".venv")}
	if set := env["UV_PROJECT_ENVIRONMENT"]; set != "" {
		place.Environment = path.Join(p.Container, set)
		if path.IsAbs(set) {
			place.Environment = path.Clean(set)
		}
	}
	about, err := e.Get(ctx, id, path.Join(place.Environment, "pyvenv.cfg"))
	if err != nil {
		return Place{}, err
	}
	if len(about) == 1 {
		place.Owner = Owner{about[0].UID, about[0].GID}
		place.Packages = path.Join(place.Environment, "lib", "python"+pythonOf(string(about[0].Content)), "site-packages")
	} else if place.Owner, err = userOf(ctx, e, id, detail.Setup.User); err != nil {
		return Place{}, err
	}
	place.Env = place.variables(env)
	return place, nil
}

// variables are what uv is told in a container with the environment env, as far as the project has not said otherwise.
func (p Place) variables(env map[string]string) []string {
	all := []string{"UV_PROJECT_ENVIRONMENT=" + p.Environment}
	for _, own := range [][2]string{
		{"UV_LINK_MODE", "copy"}, // the cache may be on another file system, where uv warns and copies
		{"UV_CACHE_DIR", p.cache()},
	} {
		if _, set := env[own[0]]; !set && own[1] != "" {
			all = append(all, own[0]+"="+own[1])
		}
	}
	return all
}

// cache is a folder that a user without a home folder can write, and "" for root, who has one.
func (p Place) cache() string {
	if p.Owner.UID == 0 {
		return ""
	}
	return "/tmp/devenv-uv-" + strconv.Itoa(p.Owner.UID)
}

func (o Owner) user() string { return strconv.Itoa(o.UID) + ":" + strconv.Itoa(o.GID) }

var pythonVersion = regexp.MustCompile(`(?m)^version(?:_info)? *= *(\d+\.\d+)`)

// pythonOf is the Python of a pyvenv.cfg: 3.13.
func pythonOf(text string) string {
	if match := pythonVersion.FindStringSubmatch(text); match != nil {
		return match[1]
	}
	return ""
}

func variables(list []string) map[string]string {
	all := map[string]string{}
	for _, assignment := range list {
		name, value, _ := strings.Cut(assignment, "=")
		all[name] = value
	}
	return all
}

// userOf is the user that a container is configured with: USER or USER:GROUP, each a name or a number.
func userOf(ctx context.Context, e *engine.Client, id, configured string) (Owner, error) {
	user, group, _ := strings.Cut(configured, ":")
	if user == "" || user == "root" {
		user = "0"
	}
	uid, err := strconv.Atoi(user)
	if err == nil && group == "" {
		return Owner{UID: uid, GID: gidOf(group)}, nil
	}
	files, err := e.Get(ctx, id, "/etc/passwd")
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
