package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/auth/authprovider"
	sessioncontent "github.com/moby/buildkit/session/content"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/tonistiigi/fsutil"
	fsutiltypes "github.com/tonistiigi/fsutil/types"
	"google.golang.org/grpc"
)

// newSession offers the engine what a recipe may read from this machine. The engine keeps the files it was
// sent under the shared key, so the next build of the same context sends only what changed.
func newSession(ctx context.Context, r *recipe, opt Options) (*session.Session, error) {
	s, err := session.NewSession(ctx, sharedKey(r))
	if err != nil {
		return nil, err
	}
	files, err := r.files(opt.Hidden)
	if err != nil {
		return nil, err
	}
	s.Allow(filesync.NewFSSyncProvider(files))
	s.Allow(secretsprovider.NewSecretProvider(secretStore(r.Secrets)))
	s.Allow(&authServer{find: opt.Auth})
	if len(r.SSH) > 0 {
		agents, err := sshAgents(r.SSH)
		if err != nil {
			return nil, err
		}
		s.Allow(agents)
	}
	return s, r.allowCaches(s)
}

func sharedKey(r *recipe) string {
	sum := sha256.Sum256([]byte("devenv\x00" + r.Locals[contextMount]))
	return hex.EncodeToString(sum[:])
}

// files are the directories that the engine may read, each file owned by root as in every build, without the hidden ones.
func (r *recipe) files(hidden []string) (filesync.StaticDirSource, error) {
	mounts := filesync.StaticDirSource{}
	if r.Text != "" {
		mounts[dockerfileMount] = r.dockerfileTexts()
	}
	for name, dir := range r.Locals {
		root, err := fsutil.NewFS(dir)
		if err != nil {
			return nil, err
		}
		mounts[name], err = fsutil.NewFilterFS(root, &fsutil.FilterOpt{ExcludePatterns: within(dir, hidden), Map: ownedByRoot})
		if err != nil {
			return nil, err
		}
	}
	return mounts, nil
}

// within are those of paths that lie in a folder, relative to it.
func within(dir string, paths []string) []string {
	var inside []string
	for _, path := range paths {
		if relative, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(relative) {
			inside = append(inside, filepath.ToSlash(relative))
		}
	}
	return inside
}

func ownedByRoot(_ string, stat *fsutiltypes.Stat) fsutil.MapResult {
	stat.Uid, stat.Gid = 0, 0
	return fsutil.MapResultKeep
}

// secretStore answers RUN --mount=type=secret; a file is read when a step asks for it.
type secretStore map[string]secret

func (s secretStore) GetSecret(_ context.Context, id string) ([]byte, error) {
	found, ok := s[id]
	switch {
	case !ok:
		return nil, secrets.ErrNotFound
	case found.File != "":
		return os.ReadFile(found.File)
	}
	return []byte(found.Value), nil
}

func sshAgents(paths map[string]string) (session.Attachable, error) {
	var agents []sshprovider.AgentConfig
	for id, path := range paths {
		agents = append(agents, sshprovider.AgentConfig{ID: id, Paths: []string{path}})
	}
	return sshprovider.NewSSHAgentProvider(agents)
}

// allowCaches lets the engine read and write cache directories (type=local).
func (r *recipe) allowCaches(s *session.Session) error {
	stores := map[string]content.Store{}
	for _, c := range append(append([]cache(nil), r.CacheFrom...), r.CacheTo...) {
		dir := c.Attrs["src"] + c.Attrs["dest"]
		if c.Type != "local" || dir == "" {
			continue
		}
		store, err := local.NewStore(dir)
		if err != nil {
			return err
		}
		stores["local:"+dir] = store
	}
	if len(stores) > 0 {
		s.Allow(sessioncontent.NewAttachable(stores))
	}
	return nil
}

// authServer gives the engine the credentials for a registry. The engine fetches tokens with them itself.
type authServer struct {
	auth.UnimplementedAuthServer
	find func(ctx context.Context, key string) (Credentials, error)
}

func (a *authServer) Register(server *grpc.Server) { auth.RegisterAuthServer(server, a) }

func (a *authServer) Credentials(ctx context.Context, req *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	if a.find == nil {
		return &auth.CredentialsResponse{}, nil
	}
	key := req.Host
	if key == authprovider.DockerHubRegistryHost {
		key = authprovider.DockerHubConfigfileKey
	}
	found, err := a.find(ctx, key)
	if err != nil {
		return nil, errors.Join(errors.New("credentials for "+key), err)
	}
	return &auth.CredentialsResponse{Username: found.Username, Secret: found.Secret}, nil
}
