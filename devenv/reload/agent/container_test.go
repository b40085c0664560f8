package agent

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"devenv/devenv/engine"
)

// main.py answers with the versions of two modules, which agree unless half of a save is running.
const application = `
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
import left, right
app = FastAPI()
@app.get("/", response_class=PlainTextResponse)
async def root(): return f"{left.V} {right.V}"
`

// A developer saves 100 times while four clients ask without a pause: every request is answered by a whole version, every
// reload arrives, and nothing is left over in the container.
func TestReloadsUnderLoad(t *testing.T) {
	s := startService(t)
	link := s.link()
	if _, err := link.Reload(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	load := s.load(4)
	for n := range 100 {
		version := fmt.Sprintf("v%d", n)
		s.save(version)
		began := time.Now()
		done, err := link.Reload(t.Context(), []string{"/src/left.py", "/src/right.py"})
		if err != nil {
			t.Fatalf("reload %d: %v", n, err)
		}
		if got, err := get(http.DefaultClient, s.url); err != nil || got != version+" "+version {
			t.Fatalf("after reload %d (%+v in %v): %q, %v", n, done, time.Since(began), got, err)
		}
	}
	answered := load.end()
	t.Logf("%d requests were answered during 100 reloads", answered)
	if answered < 100 {
		t.Errorf("only %d requests were answered", answered)
	}
	s.eventually("the supervisor, its child, zygote and standby, and the relay are all that is left", func() bool {
		return len(strings.Fields(s.docker("top", s.id, "-o", "pid"))) == 1+5 // with the title
	})
}

type service struct {
	*testing.T
	id, url, folder string
}

// startService runs the application in a container of its own, which is removed with the test.
func startService(t *testing.T) *service {
	t.Helper()
	s := &service{T: t, folder: t.TempDir()}
	s.docker("build", "--quiet", "--tag", "devenv-agenttest", "testdata/image")
	content, path := Archive()
	archive := filepath.Join(t.TempDir(), "agent.zip")
	s.write(archive, string(content))
	s.write(filepath.Join(s.folder, "main.py"), application)
	s.save("one")
	s.id = "agenttest-" + strings.ToLower(rand.Text()[:8])
	t.Cleanup(func() { s.docker("rm", "--force", "--volumes", s.id) })
	s.docker("run", "--detach", "--name", s.id, "--publish", "127.0.0.1::8000",
		"--volume", s.folder+":/src", "--volume", archive+":"+path+":ro",
		"--env", "DEVENV_AGENT=1", "--env", "PYTHONPATH="+path, "devenv-agenttest")
	s.url = "http://" + strings.TrimSpace(s.docker("port", s.id, "8000/tcp"))
	s.eventually("the service answers", func() bool {
		got, err := get(http.DefaultClient, s.url)
		return err == nil && got == "one one"
	})
	return s
}

// link is a connection through the engine, as devenv makes it.
func (s *service) link() *Link {
	s.Helper()
	client, err := engine.Connect(s.Context(), engine.Endpoint{Name: "default", Host: "unix:///var/run/docker.sock", Dial: dial})
	if err != nil {
		s.Fatal(err)
	}
	stream, err := client.Stream(context.WithoutCancel(s.Context()), s.id, engine.Command{Args: Relay()})
	if err != nil {
		s.Fatal(err)
	}
	link := NewLink(stream, Notice{})
	s.Cleanup(func() {
		_ = link.Close()
		<-link.Done()
		_ = client.Close()
	})
	return link
}

func dial(ctx context.Context) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", "/var/run/docker.sock")
}

// save writes both modules as editors do: a new file takes the place of the old one.
func (s *service) save(version string) {
	s.Helper()
	for _, name := range []string{"left.py", "right.py"} {
		path := filepath.Join(s.folder, name)
		s.write(path+".new", fmt.Sprintf("V = %q\n", version))
		if err := os.Rename(path+".new", path); err != nil {
			s.Fatal(err)
		}
	}
}

func (s *service) write(path, content string) {
	s.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		s.Fatal(err)
	}
}

func (s *service) docker(args ...string) string {
	s.Helper()
	output, err := exec.CommandContext(context.WithoutCancel(s.Context()), "docker", args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		s.Fatalf("docker %s: %v", strings.Join(args, " "), err)
	}
	return string(output)
}

func (s *service) eventually(because string, check func() bool) {
	s.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(30 * time.Second); !check(); {
		select {
		case <-tick.C:
		case <-end:
			s.Fatalf("never came true: %s\n%s", because, s.docker("top", s.id, "-o", "pid,ppid,args")+s.docker("logs", s.id))
		}
	}
}

// load asks without a pause until its end; half of the clients keep their connection, half open one for each request.
//
// Goroutines: one a client, started by service.load and ended by end.
type load struct {
	stop     context.CancelFunc
	clients  sync.WaitGroup
	answered atomic.Int64
}

func (s *service) load(clients int) *load {
	ctx, stop := context.WithCancel(s.Context())
	l := &load{stop: stop}
	for n := range clients {
		transport := &http.Transport{DisableKeepAlives: n%2 == 0}
		l.clients.Go(func() {
			defer transport.CloseIdleConnections()
			for client := (&http.Client{Transport: transport}); ctx.Err() == nil; l.answered.Add(1) {
				got, err := get(client, s.url)
				if left, right, _ := strings.Cut(got, " "); err != nil || left != right {
					s.Errorf("a request was answered with %q, %v", got, err)
				}
			}
		})
	}
	s.Cleanup(func() { l.end() })
	return l
}

func (l *load) end() (answered int64) {
	l.stop()
	l.clients.Wait()
	return l.answered.Load()
}

func get(client *http.Client, url string) (string, error) {
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return string(body), err
}
