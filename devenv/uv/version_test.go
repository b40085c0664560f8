package uv

import "testing"

// The version of uv is the one that the project requires, or the usual one where that will do.
func TestVersion(t *testing.T) {
	t.Parallel()
	for required, want := range map[string]string{
		"": usual, "==0.7.3": "0.7.3", "0.9.2": "0.9.2", ">=0.5": usual, ">=0.9,<1": "0.9", "<1, >= 0.8.18": "0.8.18", "~=0.7.1": "0.7.1", "nonsense": usual, ">=" + usual: usual,
	} {
		files := Files{projectFile: []byte("[tool.uv]\nrequired-version = \"" + required + "\"\n")}
		if got := files.UV(); got != want {
			t.Errorf("%q: got %s, want %s", required, got, want)
		}
	}
}
