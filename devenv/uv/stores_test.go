package uv

import (
	"net/url"
	"testing"
)

// The files are as `uv auth login` of uv 0.8 and keyring 25 with keyrings.alt 5 write them.
func TestStores(t *testing.T) {
	const netrc = "machine packages.example.com login bob password b2\n"
	const ours = "[[credential]]\nservice = \"https://packages.example.com/\"\nusername = \"me\"\nscheme = \"basic\"\npassword = \"p1\"\n\n" +
		"[[credential]]\nservice = \"https://packages.example.com/team/\"\nusername = \"team\"\nscheme = \"basic\"\npassword = \"p2\"\n\n" +
		"[[credential]]\nservice = \"https://token.example.com/\"\nscheme = \"bearer\"\ntoken = \"t\"\n"
	const keyring = "[https_3A_2F_2Fpackages_2Eexample_2Ecom_3A8000_2Fsimple]\nme = \n\taHVudGVyXzIy\n\n[packages_2Eexample_2Ecom]\n" +
		"ann_40home = \n\teA==\n\t\nbob = \n\teQ==\n\n"
	for _, c := range []struct {
		stores        Stores
		address, user string
		want          string
	}{
		{Stores{Netrc: netrc, UV: ours}, "https://packages.example.com/simple", "", "bob b2"},
		{Stores{Netrc: netrc, UV: ours}, "https://packages.example.com/simple", "me", "me p1"},
		{Stores{UV: ours}, "https://packages.example.com/team/simple", "", "team p2"},
		{Stores{UV: ours}, "https://packages.example.com/teams/simple", "", "me p1"},
		{Stores{UV: ours}, "http://packages.example.com/simple", "", " "},
		{Stores{UV: ours}, "https://token.example.com/simple", "", " "},
		{Stores{UV: "not TOML ["}, "https://packages.example.com/simple", "", " "},
		{Stores{Keyring: keyring}, "https://me@packages.example.com:8000/simple", "", "me hunter_22"},
		{Stores{Keyring: keyring}, "https://packages.example.com/simple", "", " "},
		{Stores{Keyring: keyring}, "https://packages.example.com/simple", "ann@home", "ann@home x"},
		{Stores{Keyring: keyring}, "https://packages.example.com/simple", "bob", "bob y"},
	} {
		address, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		found, _ := c.stores.of(address, c.user)
		if got := found.user + " " + found.password; got != c.want {
			t.Errorf("%s for %q: got %q, want %q", c.address, c.user, got, c.want)
		}
	}
}
