package dockerfile

import (
	"slices"
	"testing"
)

// Where uv comes from is found in all the ways in which Dockerfiles take it.
func TestUV(t *testing.T) {
	for _, c := range []struct{ text, from, path string }{
		{"FROM python AS base\nCOPY --from=registry.example/astral-sh/uv:0.8 /uv /uvx /bin/", "registry.example/astral-sh/uv:0.8", "/uv"},
		{"FROM astral/uv AS tools\nFROM python\nCOPY --from=tools uv /bin/uv", "tools", "/uv"},
		{"FROM python\nRUN --mount=from=astral/uv:0.8,source=/uv,target=/bin/uv uv sync", "astral/uv:0.8", "/uv"},
		{"FROM registry.example/astral-sh/uv:python3.13-trixie AS builder\nFROM python", "registry.example/astral-sh/uv:python3.13-trixie", "/usr/local/bin/uv"},
		{"FROM python\nCOPY uv /bin/", "", ""},
	} {
		file, err := Parse("Dockerfile", []byte(c.text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := file.UV(); got != (Program{c.from, c.path}) {
			t.Errorf("%s: got %v", c.text, got)
		}
	}
}

// A stage without a name is found by its number.
func TestLineage(t *testing.T) {
	file, err := Parse("Dockerfile", []byte("FROM python AS base\nFROM base\nRUN true\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := file.Lineage(""); !slices.Equal(got, []string{"1", "base"}) {
		t.Errorf("got %v", got)
	}
}
