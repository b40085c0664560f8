package debug_test

import (
	"bufio"
	"context"
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
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// python is an interpreter with debugpy, made once in the user's cache folder.
var python = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	venv := filepath.Join(cache, "devenv-debug-test")
	lock := flock.New(venv + ".lock")
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer lock.Unlock()
	interpreter := filepath.Join(venv, "bin", "python")
	if exec.Command(interpreter, "-c", "import debugpy").Run() == nil {
		return interpreter, nil
	}
	for _, command := range [][]string{{"python3", "-m", "venv", "--clear", venv}, {interpreter, "-m", "pip", "install", "--quiet", "debugpy"}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%v: %w\n%s", command, err, out)
		}
	}
	return interpreter, nil
})

// forker drives testdata/forker.py: children that are forked, serve HTTP on one socket, and can be made to listen for a debugger.
type forker struct {
	t       *testing.T
	dir     string // of the application, app.py
	address string // of its HTTP server
	stdin   io.WriteCloser

	mu      sync.Mutex
	changed *sync.Cond
	said    map[string]string // "listening 17" -> "40123"
	serving string            // the child that a debugger is to reach, "" if none
	dials   int
}

func newForker(t *testing.T, app string, options ...string) *forker {
	t.Helper()
	interpreter, err := python()
	if err != nil {
		t.Fatal(err)
	}
	f := &forker{t: t, dir: t.TempDir(), said: map[string]string{}}
	f.changed = sync.NewCond(&f.mu)
	f.write(app)
	command := exec.Command(interpreter, append([]string{"testdata/forker.py", f.dir}, options...)...)
	command.Env = append(os.Environ(), "PYDEVD_DISABLE_FILE_VALIDATION=1")
	command.Stderr = t.Output()
	f.stdin, _ = command.StdinPipe()
	stdout, _ := command.StdoutPipe()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() { defer close(read); f.read(stdout) }()
	t.Cleanup(func() {
		f.stdin.Close() // the children see the end of their own pipes then
		<-read
		command.Wait()
	})
	f.address = "127.0.0.1:" + f.await("serving")
	return f
}

func (f *forker) read(stdout io.Reader) {
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		words := strings.Fields(lines.Text())
		f.mu.Lock()
		switch {
		case words[0] == "serving":
			f.said["serving"] = words[1]
		case words[0] == "exited" && words[1] == f.serving:
			f.serving = ""
			fallthrough
		default:
			f.said[words[0]+" "+words[1]] = words[len(words)-1]
			f.said[words[0]] = words[1]
		}
		f.changed.Broadcast()
		f.mu.Unlock()
	}
}

// await is what the forker says about something, once it does.
func (f *forker) await(what string) string {
	f.t.Helper()
	value, err := f.wait(f.t.Context(), what)
	if err != nil {
		f.t.Fatalf("waiting for %q: %v", what, err)
	}
	return value
}

func (f *forker) wait(ctx context.Context, what string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	defer context.AfterFunc(ctx, f.changed.Broadcast)()
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		if value, ok := f.said[what]; ok {
			delete(f.said, what)
			return value, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		f.changed.Wait()
	}
}

func (f *forker) tell(words ...string) { fmt.Fprintln(f.stdin, strings.Join(words, " ")) }

// write replaces the application.
func (f *forker) write(app string) {
	f.t.Helper()
	if err := os.WriteFile(f.path(), []byte(app), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f *forker) path() string { return filepath.Join(f.dir, "app.py") }

// fork makes a child that has imported the application and does not accept yet.
func (f *forker) fork() string {
	f.t.Helper()
	f.tell("fork")
	return f.await("ready")
}

// accept lets a child serve, and debuggers reach it.
func (f *forker) accept(child string) {
	f.t.Helper()
	f.tell("accept", child)
	f.await("accepting " + child)
	f.serve(child)
}

func (f *forker) serve(child string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serving = child
	f.changed.Broadcast()
}

// start is a first child that serves.
func (f *forker) start() string {
	child := f.fork()
	f.accept(child)
	return child
}

// dial is Options.Dial.
func (f *forker) dial(ctx context.Context, child string) (net.Conn, string, error) {
	f.mu.Lock()
	f.dials++
	stop := context.AfterFunc(ctx, func() { // under the lock: between a look at ctx and Wait it would be missed
		f.mu.Lock()
		defer f.mu.Unlock()
		f.changed.Broadcast()
	})
	for child == "" && f.serving == "" && ctx.Err() == nil {
		f.changed.Wait()
	}
	if child == "" {
		child = f.serving
	}
	f.mu.Unlock()
	stop()
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	port, err := f.listen(ctx, child)
	if err != nil {
		return nil, "", err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
	return conn, child, err
}

// listen makes a child listen; gone if it exits before.
func (f *forker) listen(ctx context.Context, child string) (string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f.mu.Lock()
	delete(f.said, "listening "+child) // an earlier dial may have left before it was said
	f.mu.Unlock()
	f.tell("listen", child)
	go func() {
		if _, err := f.wait(ctx, "exited "+child); err == nil {
			cancel(errors.New("the process exited"))
		}
	}()
	return f.wait(ctx, "listening "+child)
}

// release is Options.Release.
func (f *forker) release(ctx context.Context, child string) {
	if child == "" {
		f.mu.Lock()
		child = f.serving
		f.mu.Unlock()
	}
	if child == "" {
		return
	}
	f.tell("release", child)
	_, _ = f.wait(ctx, "released "+child)
}

// get asks the application.
func (f *forker) get(path string) string {
	f.t.Helper()
	answer, err := f.fetch(path)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer
}

func (f *forker) fetch(path string) (string, error) {
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}).Get("http://" + f.address + path)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// ask asks the application, and delivers its answer or the error once it is there.
func (f *forker) ask(path string) <-chan string {
	answer := make(chan string, 1)
	go func() {
		text, err := f.fetch(path)
		if err != nil {
			text = err.Error()
		}
		answer <- text
	}()
	return answer
}
