package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// comparison is one row: the same job done by devenv and by its peer. Before each timed run prepare makes the state
// that the job starts from; it is not timed.
type comparison struct {
	what    string
	budget  string
	runs    int
	prepare []string // a command line of the peer, or nil
	// unchanged says that from the second turn on no container may be replaced.
	unchanged bool
	ours      []string
	peer      []string
	dir       string
	name      string // of the Compose project; both tools work on the same one
}

// commands prints the rows that compare a command of devenv with one of the peer.
func (b bench) commands(ctx context.Context, rows []comparison, out io.Writer) (err error) {
	defer func() {
		undone, cancel := cleaning(ctx)
		defer cancel()
		err = errors.Join(err, b.cleanUp(undone, rows))
	}()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tdevenv\tpeer\tratio\tbudget\tpeer's command")
	for _, row := range rows {
		ours, theirs, err := b.compare(ctx, row)
		if err != nil {
			return fmt.Errorf("%s: %w", row.what, err)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%.2f\t%s\tdocker compose %s\n",
			row.what, milliseconds(ours), milliseconds(theirs), ours.Seconds()/theirs.Seconds(), row.budget, strings.Join(row.peer, " "))
	}
	return table.Flush()
}

func comparisons(work string) ([]comparison, error) {
	four, many, pair := filepath.Join(work, "four"), filepath.Join(work, "many"), filepath.Join(work, "pair")
	err := errors.Join(write(four, "docker-compose.yml", fourServices()), write(four, "Dockerfile", "FROM busybox:1.36\nRUN echo built > /built\n"),
		write(many, "docker-compose.yml", manyServices(200)), write(pair, "docker-compose.yml", pairOfServices), write(pair, "loud.yml", loud),
		write(pair, ".devenv/profiles/loud.yaml", "services: {api: {env: {LEVEL: loud}}}\n"))
	if err != nil {
		return nil, err
	}
	fastapi, err := filepath.Abs("examples/fastapi")
	if err != nil {
		return nil, err
	}
	up, upBuild, upWait := []string{"up", "-d"}, []string{"up", "-d", "--build"}, []string{"up", "-d", "--wait"}
	down := []string{"down", "-t", "0"}
	add := []string{"add", "alembic==1.20.1"} // the example has it: uv resolves, and nothing is fetched or written
	return []comparison{
		{what: "version", budget: "30 ms", runs: 15, ours: []string{"version"}, peer: []string{"version"}, dir: four},
		{what: "config, 200 services", budget: "ratio 1", runs: 9, ours: []string{"config"}, peer: []string{"config"}, dir: many},
		{what: "doctor without images, FastAPI", budget: "300 ms", runs: 9, ours: []string{"doctor"}, peer: []string{"config", "--quiet"}, dir: fastapi, name: "devenv-bench-doctor"},
		{what: "up -d unchanged, 4 services", budget: "150 ms, ratio 1", runs: 5, unchanged: true, ours: up, peer: upBuild, dir: four, name: "devenv-bench-four"},
		{what: "up -d unchanged, FastAPI", budget: "150 ms, ratio 1", runs: 5, unchanged: true, ours: up, peer: upBuild, dir: fastapi, name: "devenv-bench-fastapi"},
		{what: "up -d, images built, 4 services", budget: "ratio 1.1", runs: 7, prepare: down, ours: up, peer: up, dir: four, name: "devenv-bench-four"},
		{what: "up -d, images built, FastAPI", budget: "ratio 1.1", runs: 5, prepare: down, ours: up, peer: upWait, dir: fastapi, name: "devenv-bench-fastapi"},
		{what: "profile use, one value of one service", budget: "150 ms more", runs: 7, prepare: upWait, ours: []string{"profile", "use", "loud"},
			peer: []string{"-f", "docker-compose.yml", "-f", "loud.yml", "up", "-d", "--wait"}, dir: pair, name: "devenv-bench-pair"},
		{what: "add a package, FastAPI", budget: "150 ms more", runs: 9, prepare: upWait, ours: add, peer: slices.Concat([]string{"exec", "-T", "api", "uv"}, add), dir: fastapi, name: "devenv-bench-fastapi"},
	}, nil
}

// compare runs both in turn and gives the median of each. The first turn, which fills caches, does not count. Where
// nothing may change between two runs, each tool has the project to itself for some runs: an image that the other has
// built is, on some engines, not the same to the byte.
func (b bench) compare(ctx context.Context, row comparison) (ours, theirs time.Duration, err error) {
	if row.unchanged {
		return b.compareUnchanged(ctx, row)
	}
	var mine, peers []time.Duration
	for turn := range row.runs + 1 {
		for _, tool := range []struct {
			path  string
			args  []string
			times *[]time.Duration
		}{{b.devenv, row.ours, &mine}, {b.compose, row.peer, &peers}} {
			if row.prepare != nil {
				if _, err := timed(ctx, row, b.compose, row.prepare); err != nil {
					return 0, 0, err
				}
			}
			took, err := timed(ctx, row, tool.path, tool.args)
			if err != nil {
				return 0, 0, err
			}
			if turn > 0 {
				*tool.times = append(*tool.times, took)
			}
		}
	}
	return median(mine), median(peers), nil
}

// compareUnchanged lets each tool start the project and time the runs after that, three times in turn. A run that
// replaces a container is an error: it was not what it should measure.
func (b bench) compareUnchanged(ctx context.Context, row comparison) (ours, theirs time.Duration, err error) {
	var mine, peers []time.Duration
	for range 3 {
		took, err := b.unchanged(ctx, row, b.devenv, row.ours)
		if err != nil {
			return 0, 0, err
		}
		mine = append(mine, took...)
		if took, err = b.unchanged(ctx, row, b.compose, row.peer); err != nil {
			return 0, 0, err
		}
		peers = append(peers, took...)
	}
	return median(mine), median(peers), nil
}

func (b bench) unchanged(ctx context.Context, row comparison, tool string, args []string) ([]time.Duration, error) {
	if _, err := timed(ctx, row, tool, args); err != nil {
		return nil, err
	}
	before, err := containers(ctx, row)
	if err != nil {
		return nil, err
	}
	times := make([]time.Duration, row.runs)
	for i := range times {
		if times[i], err = timed(ctx, row, tool, args); err != nil {
			return nil, err
		}
	}
	if after, err := containers(ctx, row); err != nil || after != before {
		return nil, errors.Join(err, fmt.Errorf("%s replaced a container: %s, was %s", filepath.Base(tool), after, before))
	}
	return times, nil
}

// cleanUp removes what the comparisons started.
func (b bench) cleanUp(ctx context.Context, rows []comparison) error {
	var all []error
	for _, row := range rows {
		if row.name != "" {
			_, err := timed(ctx, row, b.compose, []string{"down", "-v", "-t", "0"})
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

func timed(ctx context.Context, row comparison, tool string, args []string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Dir = row.dir
	cmd.Env = append(os.Environ(), "COMPOSE_PROJECT_NAME="+row.name)
	began := time.Now()
	output, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w\n%s", filepath.Base(tool), strings.Join(args, " "), err, output)
	}
	return time.Since(began), nil
}

// containers are the ids of the row's containers, "" where it has no project.
func containers(ctx context.Context, row comparison) (string, error) {
	if row.name == "" {
		return "", nil
	}
	ids, err := exec.CommandContext(ctx, "docker", "ps", "-aq", "--filter", "label=com.docker.compose.project="+row.name).Output()
	return strings.Join(strings.Fields(string(ids)), " "), err
}

// fourServices have no healthcheck, so that both tools wait for the same: that they run.
func fourServices() string {
	text := "services:\n  api:\n    build: .\n    command: [sleep, '600']\n    init: true\n    depends_on: [db, cache, queue]\n"
	for _, name := range []string{"db", "cache", "queue"} {
		text += "  " + name + ": {image: busybox:1.36, command: [sleep, '600'], init: true}\n"
	}
	return text
}

// pairOfServices have healthchecks, so that both tools wait for the same; loud changes one value of one of them, as the
// profile of that name does.
const (
	pairOfServices = `services:
  api: {image: "busybox:1.36", command: [sleep, '600'], init: true, environment: {LEVEL: info}, depends_on: [db], healthcheck: {test: "true", interval: 100ms}}
  db: {image: "busybox:1.36", command: [sleep, '600'], init: true, healthcheck: {test: "true", interval: 100ms}}
`
	loud = "services: {api: {environment: {LEVEL: loud}}}\n"
)

func manyServices(n int) string {
	var text strings.Builder
	text.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&text, "  service%d:\n    image: busybox:${TAG:-1.36}\n    command: [sleep, '600']\n    ports: ['%d:80']\n"+
			"    environment: {LEVEL: info, NAME: service%d, URL: 'http://service%d:${PORT:-80}'}\n    volumes: ['data%d:/data']\n"+
			"    healthcheck: {test: [CMD, 'true'], interval: 5s}\n", i, 20000+i, i, i, i)
	}
	text.WriteString("volumes:\n")
	for i := range n {
		fmt.Fprintf(&text, "  data%d:\n", i)
	}
	return text.String()
}
