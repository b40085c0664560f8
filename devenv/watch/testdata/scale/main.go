// Command scale is a process that does nothing but watch, so that a test can say what watching costs: it prints the
// milliseconds until it is armed, and its memory and its watches when it has come to rest.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"devenv/devenv/source"
	"devenv/devenv/watch"
)

func main() {
	root := os.Args[1]
	start := time.Now()
	watcher := watch.New(watch.Options{Tree: source.NewTree(source.Rules{Roots: []string{root}})})
	if err := watcher.Start(context.Background()); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	armed := time.Since(start)
	go func() { // a watcher whose batches nobody takes waits with everything else
		for range watcher.Batches() { //nolint:revive // only taken
		}
	}()
	atStart := memory()
	<-watcher.Settled()
	status := watcher.Status()
	fmt.Println(float64(armed.Microseconds())/1000, atStart, memory(), status.Watches, status.Folders, status.Files)
}

// memory is the resident set in kB.
func memory() string {
	text, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	return strings.Fields(after)[0]
}
