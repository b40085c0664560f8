package checkout_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"devenv/devenv/checkout"
	"devenv/devenv/state"
)

// What git itself makes is told apart: the main working tree, linked worktrees wherever they are, worktrees of a bare
// repository, submodules, and folders without git.
func TestFind(t *testing.T) {
	top := folder(t)
	main := filepath.Join(top, "shop")
	git(t, top, "init", "-q", "-b", "main", main)
	git(t, main, "commit", "-q", "--allow-empty", "-m", "first")
	git(t, main, "worktree", "add", "-q", "-b", "feature/login", "../login")
	git(t, main, "worktree", "add", "-q", "--detach", ".trees/old")
	git(t, main, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", main, "worktrees/part")
	git(t, top, "clone", "-q", "--bare", main, "shop.git")
	git(t, filepath.Join(top, "shop.git"), "worktree", "add", "-q", "../bare-main", "main")
	git(t, top, "init", "-q", "--separate-git-dir", "elsewhere.git", "apart")
	inside := filepath.Join(main, "services", "api")
	plain := filepath.Join(top, "plain")
	for _, path := range []string{inside, plain} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(main, filepath.Join(top, "link")); err != nil {
		t.Fatal(err)
	}
	short := strings.TrimSpace(git(t, main, "rev-parse", "--short=7", "HEAD"))
	for path, want := range map[string]struct{ root, worktree, branch string }{
		"shop":                {"shop", "", "main"},
		"link":                {"shop", "", "main"},
		"shop/services/api":   {"shop", "", "main"},
		"login":               {"login", "login", "feature/login"},
		"shop/.trees/old":     {"shop/.trees/old", "old", "detached at " + short},
		"shop/worktrees/part": {"shop/worktrees/part", "", "main"},
		"bare-main":           {"bare-main", "bare-main", "main"},
		"apart":               {"apart", "", "master"},
		"plain":               {"plain", "", ""},
	} {
		got := checkout.Find(filepath.Join(top, path))
		if got.Root != filepath.Join(top, want.root) || got.Worktree != want.worktree {
			t.Errorf("%s: root %s, worktree %q", path, got.Root, got.Worktree)
		}
		if branch := got.Branch(); branch != want.branch {
			t.Errorf("%s: branch %q, want %q", path, branch, want.branch)
		}
	}
}

// A worktree whose repository is out of reach, as where it alone is mounted, is still one; a .git that says nothing is
// none.
func TestFindBroken(t *testing.T) {
	for content, want := range map[string]string{
		"gitdir: /gone/shop/.git/worktrees/login\n":          "login",
		"gitdir: ../gone/.git/worktrees/login\n":             "login",
		"gitdir: /gone/.git/worktrees/login/modules/lib\n":   "login",
		"gitdir: /gone/.git/modules/lib\n":                   "",
		"gitdir: /gone/.git/modules/lib/worktrees/feature\n": "feature",
		"":         "",
		"nonsense": "",
		"gitdir:":  "",
	} {
		dir := folder(t)
		if err := os.WriteFile(filepath.Join(dir, ".git"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := checkout.Find(dir); got.Worktree != want {
			t.Errorf("%q: worktree %q, want %q", content, got.Worktree, want)
		}
	}
}

// `git worktree move` leaves the name of the project as it is, and git knows where the worktree is now.
func TestMove(t *testing.T) {
	top := folder(t)
	main := filepath.Join(top, "shop")
	git(t, top, "init", "-q", main)
	git(t, main, "commit", "-q", "--allow-empty", "-m", "first")
	git(t, main, "worktree", "add", "-q", "../login")
	before := checkout.Find(filepath.Join(top, "login"))
	git(t, main, "worktree", "move", "../login", "../sign in")
	after := checkout.Find(filepath.Join(top, "sign in"))
	if one, other := name(before, "shop"), name(after, "shop"); one != other {
		t.Fatalf("the name was %+v and is %+v", one, other)
	}
	if at := checkout.Moved(before.Git()); at != after.Root {
		t.Fatalf("moved to %q", at)
	}
	git(t, main, "worktree", "remove", "../sign in")
	if at := checkout.Moved(before.Git()); at != "" {
		t.Fatalf("removed, and found at %q", at)
	}
}

func name(c checkout.Checkout, base string) checkout.Naming {
	return checkout.Name(c, base, checkout.File, nil)
}

// The table of decisions: who has which name, and why.
func TestName(t *testing.T) {
	first := state.Project{Name: "shop", Base: "shop", Folder: "/src/shop", Root: "/src/shop"}
	second := state.Project{Name: "shop-two-1a2b3c", Base: "shop", Cause: "as it was", Folder: "/src/two", Root: "/src/two"}
	given := state.Project{Name: "shop", Folder: "/src/login", Root: "/src/login"}
	clone := checkout.Checkout{Folder: "/src/two", Root: "/src/two"}
	linked := checkout.Checkout{Folder: "/src/login", Root: "/src/login", Worktree: "login"}
	copied := state.Project{Name: name(linked, "shop").Project, Base: "shop", Folder: "/src/other", Root: "/src/other"}
	for title, c := range map[string]struct {
		checkout checkout.Checkout
		source   checkout.Source
		known    []state.Project
		want     string // %x stands for the fingerprint
		cause    string
	}{
		"the first has the name":             {clone, checkout.File, nil, "shop", ""},
		"the second is set apart":            {clone, checkout.File, []state.Project{first}, "shop-two-%x", "shop is the project in /src/shop"},
		"it keeps its name alone":            {clone, checkout.File, []state.Project{second}, "shop-two-1a2b3c", "as it was"},
		"and under another folder's name":    {clone, checkout.Folder, []state.Project{second}, "shop-two-1a2b3c", "as it was"},
		"another folder of the clone":        {checkout.Checkout{Folder: "/src/shop/api", Root: "/src/shop"}, checkout.File, []state.Project{first}, "shop", ""},
		"a worktree, alone":                  {linked, checkout.File, nil, "shop-login-%x", "this is the linked git worktree login"},
		"a worktree, by its folder":          {linked, checkout.Folder, nil, "shop-login-%x", "this is the linked git worktree login"},
		"a worktree once had -p":             {linked, checkout.File, []state.Project{given}, "shop-login-%x", "this is the linked git worktree login"},
		"a copy of a worktree":               {linked, checkout.File, []state.Project{copied}, "shop-login-%x", name(linked, "shop").Project + " is the project in /src/other"},
		"another took it over meanwhile":     {clone, checkout.File, []state.Project{first, {Name: "shop", Base: "shop", Folder: "/src/two", Root: "/src/two"}}, "shop-two-%x", "shop is the project in /src/shop"},
		"another was given it":               {clone, checkout.File, []state.Project{given, {Name: "shop", Base: "shop", Folder: "/src/two", Root: "/src/two"}}, "shop", ""},
		"a name in .env":                     {linked, checkout.EnvFile, nil, "shop", ""},
		"a name in .env that another has":    {linked, checkout.EnvFile, []state.Project{first}, "shop-login-%x", "shop is the project in /src/shop"},
		"a person's name is left as it is":   {linked, checkout.Given, []state.Project{first}, "shop", ""},
		"another project is in nobody's way": {clone, checkout.File, []state.Project{{Name: "till", Folder: "/src/till", Root: "/src/till"}}, "shop", ""},
	} {
		got := checkout.Name(c.checkout, "shop", c.source, c.known)
		want := "^" + strings.ReplaceAll(c.want, "%x", "[0-9a-f]{6}") + "$"
		if !regexp.MustCompile(want).MatchString(got.Project) || got.Cause != c.cause || got.Suffixed() != (c.want != "shop") {
			t.Errorf("%s: %+v, want %s because %s", title, got, want, c.cause)
		}
		if slices.ContainsFunc(c.known, func(p state.Project) bool { return p.Name == got.Project && p.Base != "" && p.Root != c.checkout.Root }) && c.source != checkout.Given {
			t.Errorf("%s: %s is another one's", title, got.Project)
		}
	}
}

// Whatever a branch or a folder is called, the project's name is one that Compose takes, and two are never the same.
func TestNamesOfPlaces(t *testing.T) {
	valid := regexp.MustCompile(`^shop-[a-z0-9][a-z0-9_-]*$`)
	seen := map[string]string{}
	for _, place := range []string{
		"login", "Login", "LOGIN", "shop", "shop-login", "Ünïcode", "日本語", "中文", "--", "a b", "a.b", "_x_",
		strings.Repeat("very-long-", 24), strings.Repeat("very-long-", 24) + "2", "feature+bug", "-login-",
	} {
		got := name(checkout.Checkout{Folder: "/src/" + place, Root: "/src/" + place, Worktree: place}, "shop").Project
		if !valid.MatchString(got) || len(got) > len("shop-")+27 {
			t.Errorf("%q: %s", place, got)
		}
		if other := seen[got]; other != "" {
			t.Errorf("%q and %q are both %s", place, other, got)
		}
		seen[got] = place
	}
}

// A name that is fixed in the compose file becomes the checkout's own, once.
func TestApart(t *testing.T) {
	n := checkout.Naming{Project: "shop-login-1a2b3c", Base: "shop", Suffix: "login-1a2b3c"}
	for name, want := range map[string]string{"db": "db-login-1a2b3c", "shop-login-1a2b3c_db": "shop-login-1a2b3c_db"} {
		if got := n.Apart(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := (checkout.Naming{Project: "shop", Base: "shop"}).Apart("db"); got != "db" {
		t.Errorf("the first checkout: %s", got)
	}
}

func folder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, output)
	}
	return string(output)
}
