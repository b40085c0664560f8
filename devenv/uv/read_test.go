package uv

import "testing"

// A package that is locked in two versions has none that an image could be compared with.
func TestVersions(t *testing.T) {
	files := Files{lockFile: []byte("version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"b\"\nversion = \"1\"\n[[package]]\nname = \"b\"\nversion = \"2\"\n")}
	if got := files.Versions(); len(got) != 2 || got["a"] != "1" || got["b"] != "" {
		t.Errorf("%v", got)
	}
}
