package plan_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"devenv/devenv/checkout"
	"devenv/devenv/plan"
)

// A volume whose packages were changed in place is found again by what they are for now, and its name is not used for what it
// was made for: that gets another volume.
func TestKeptVolumes(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "environment.txt"))
	if err != nil {
		t.Fatal(err)
	}
	dir := unpack(t, archive)
	volume := func(kept map[string]string) string {
		in := input(t, dir, plan.Local, checkout.Naming{Project: "shop", Base: "shop"})
		in.Kept = kept
		made, err := plan.Make(in)
		if err != nil {
			t.Fatal(err)
		}
		return made.Environments["web"].Volume
	}
	const asked = "version = 1\n"
	fresh := volume(nil)
	other := strings.TrimSuffix(fresh, fresh[len(fresh)-8:]) + "00000000"
	for what, c := range map[string]struct {
		kept map[string]string
		want string
	}{
		"changed by an add":      {map[string]string{other: asked}, other},
		"of another Python":      {map[string]string{"shop_devenv-web-00000000-00000000": asked}, fresh},
		"of another service":     {map[string]string{strings.Replace(other, "-web-", "-worker-", 1): asked}, fresh},
		"the same again":         {map[string]string{fresh: asked}, fresh},
		"containers' own, by ID": {map[string]string{"0123abcd": asked}, fresh},
	} {
		if got := volume(c.kept); got != c.want {
			t.Errorf("%s: got %s, want %s", what, got, c.want)
		}
	}
	for _, now := range []string{"another lock", ""} {
		if got := volume(map[string]string{fresh: now}); got == fresh {
			t.Errorf("a volume that is for %q now was taken", now)
		}
	}
}
