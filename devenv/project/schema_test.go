package project_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"devenv/devenv/project"
)

// The schema of compose files that devenv prints takes what devenv takes in x-devenv, and refuses what it refuses.
func TestComposeSchema(t *testing.T) {
	t.Parallel()
	schema, err := project.ComposeSchema()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("compose.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("compose.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, fits := range map[string]bool{
		`{"x-devenv": {"mode": "prod", "hooks": {"before_up": [{"run": "make", "service": "api", "timeout": "5m"}, {"run": ["make"]}]}}}`: true,
		`{"x-devenv": {"hooks": {"before_upp": []}}}`:                                                                  false,
		`{"x-devenv": {"hooks": {"before_up": [{"run": []}]}}}`:                                                        false,
		`{"services": {"api": {"x-devenv": {"debug": "delve", "source": "./src:/src"}}}}`:                              true,
		`{"services": {"api": {"x-devenv": {"debug": {"on_save": "wait"}, "modes": {"prod": {"command": "serve"}}}}}}`: true,
		`{"services": {"api": {"x-devenv": {"debug": "pdb"}}}}`:                                                        false,
		`{"services": {"api": {"x-devenv": {"relaod": "off"}}}}`:                                                       false,
		`{"services": {"api": {"image": "api", "imagge": "api"}}}`:                                                     false,
	} {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(value); (err == nil) != fits {
			t.Errorf("%s: %v", text, err)
		}
	}
}
