package build

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/tonistiigi/fsutil"
	fsutiltypes "github.com/tonistiigi/fsutil/types"
)

// texts is a directory of files that are only text: the Dockerfile and its ignore file, which were read with the
// recipe. The engine can read it as a local mount; the frontend in this process reads it without the engine.
type texts map[string]string

// dockerfileTexts has the ignore file beside the Dockerfile, so that no one asks for the one of the context.
func (r *recipe) dockerfileTexts() texts {
	return texts{"Dockerfile": r.Text, "Dockerfile.dockerignore": r.Ignore + "\n"}
}

// Walk is that of fsutil.FS.
func (t texts) Walk(_ context.Context, target string, fn fs.WalkDirFunc) error {
	target = strings.Trim(filepath.ToSlash(filepath.Clean(target)), "/.") // of the root nothing is left
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if target != "" && target != name {
			continue
		}
		if err := fn(name, &fsutil.DirEntryInfo{Stat: t.stat(name)}, nil); err != nil {
			return err
		}
	}
	return nil
}

// stat gives a file a time that is made of its content: the engine takes files of one size and time for equal.
func (t texts) stat(name string) *fsutiltypes.Stat {
	sum := sha256.Sum256([]byte(t[name]))
	nanoseconds := int64(binary.BigEndian.Uint64(sum[:]) >> 3) // before the year 2043
	return &fsutiltypes.Stat{Path: name, Mode: 0o644, Size: int64(len(t[name])), ModTime: nanoseconds}
}

// Open is that of fsutil.FS.
func (t texts) Open(name string) (io.ReadCloser, error) {
	text, ok := t[filepath.Clean(name)]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

// reader is the engine's solver, except that it answers itself when the frontend wants to read the Dockerfile:
// that saves a transfer and three round trips in every build.
type reader struct {
	gateway.Client
	files texts
}

func (r reader) Solve(ctx context.Context, request gateway.SolveRequest) (*gateway.Result, error) {
	if !readsDockerfile(request.Definition) {
		return r.Client.Solve(ctx, request)
	}
	result := gateway.NewResult()
	result.SetRef(text{r.files})
	return result, nil
}

// readsDockerfile says that a graph is nothing but the local mount of the Dockerfile.
func readsDockerfile(definition *pb.Definition) bool {
	if definition == nil || len(definition.Def) != 2 { // the source, and the mark of the end
		return false
	}
	var op pb.Op
	return op.UnmarshalVT(definition.Def[0]) == nil && op.GetSource().GetIdentifier() == "local://"+dockerfileMount
}

// text is a gateway.Reference to texts, of which the frontend only reads files.
type text struct{ texts }

func (t text) ToState() (llb.State, error)    { return llb.Scratch(), nil }
func (t text) Evaluate(context.Context) error { return nil }

func (t text) ReadFile(_ context.Context, request gateway.ReadRequest) ([]byte, error) {
	file, err := t.Open(request.Filename)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}

func (t text) StatFile(_ context.Context, request gateway.StatRequest) (*fsutiltypes.Stat, error) {
	if _, ok := t.texts[request.Path]; !ok {
		return nil, fs.ErrNotExist
	}
	return t.stat(request.Path), nil
}

func (t text) ReadDir(context.Context, gateway.ReadDirRequest) ([]*fsutiltypes.Stat, error) {
	var all []*fsutiltypes.Stat
	for _, name := range slices.Sorted(maps.Keys(t.texts)) {
		all = append(all, t.stat(name))
	}
	return all, nil
}
