package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/docker/docker/client"
	"github.com/rogpeppe/go-internal/testscript"
)

// inspected CONTAINER FILE: all that the engine tells of a container and of the commands that run in it now, as it says it.
func inspected(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: inspected CONTAINER FILE")
	}
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	ts.Check(err)
	defer func() { _ = engine.Close() }() // connections only
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	container, text, err := engine.ContainerInspectWithRaw(ctx, args[0], false)
	ts.Check(err)
	for _, id := range container.ExecIDs {
		command, err := ask(ctx, engine, "/exec/"+id+"/json")
		ts.Check(err)
		text = append(text, command...)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}

// ask is an answer of the engine's API as it comes: the client's types leave something out.
func ask(ctx context.Context, engine *client.Client, path string) ([]byte, error) {
	host, remote := strings.CutPrefix(engine.DaemonHost(), "tcp://")
	if !remote {
		host = "engine" // the transport knows where its socket is
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := engine.HTTPClient().Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(response.Body)
}
