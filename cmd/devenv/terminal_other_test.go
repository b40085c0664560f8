//go:build unix && !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

func atTerminal(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("at-terminal: pseudo terminals are opened as Linux does")
}
