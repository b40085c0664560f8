//go:build unix

package main

import (
	"net"

	"github.com/rogpeppe/go-internal/testscript"
)

// free-port NAME...: each variable is a port that nobody has at this moment.
func freePorts(ts *testscript.TestScript, neg bool, names []string) {
	if neg || len(names) == 0 {
		ts.Fatalf("usage: free-port NAME...")
	}
	for _, name := range names {
		listener, err := net.Listen("tcp", "0.0.0.0:0")
		ts.Check(err)
		defer func() { _ = listener.Close() }() // when all are found, so that no two are the same
		_, port, err := net.SplitHostPort(listener.Addr().String())
		ts.Check(err)
		ts.Setenv(name, port)
	}
}

// also-sweep PROJECT...: what is left of these projects is removed too.
func alsoSweep(ts *testscript.TestScript, neg bool, projects []string) {
	if neg || len(projects) == 0 {
		ts.Fatalf("usage: also-sweep PROJECT...")
	}
	ts.Defer(func() {
		for _, project := range projects {
			ts.Check(sweep(project))
		}
	})
}
