package files

import (
	"os"
	"path/filepath"
	"testing"
)

// All files change or none: what somebody else has written meanwhile is left alone, and so is everything else.
func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	content := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("one"), 0o640); err != nil {
		t.Fatal(err)
	}
	before := map[string][]byte{"a": []byte("one")}
	changed, err := Write(dir, before, map[string][]byte{"a": []byte("two"), "new": []byte("x")})
	if err != nil || len(changed) != 2 || content("a") != "two" || content("new") != "x" {
		t.Fatalf("%v %v: a is %s, new is %s", changed, err, content("a"), content("new"))
	}
	if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("its mode: %v %v", info, err)
	}
	_, err = Write(dir, before, map[string][]byte{"a": []byte("three"), "other": []byte("y")})
	if err == nil || err.Error() != "a: it was changed meanwhile, so nothing was written" || content("a") != "two" {
		t.Errorf("%v: a is %s", err, content("a"))
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); err == nil {
		t.Error("other was written")
	}
	if err := Restore(dir, before, []string{"a", "new"}); err != nil || content("a") != "one" {
		t.Errorf("%v: a is %s", err, content("a"))
	}
}
