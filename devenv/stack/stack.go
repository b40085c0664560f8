// Package stack runs a Compose project: it creates, starts, stops and removes containers, follows their logs and
// runs commands in them, through Compose's own SDK (DESIGN 3.1). What `docker compose` would do with a project, it
// does; containers carry Compose's labels, so `docker compose ps`, `logs` and `down` work on them.
//
// It differs from Compose in four ways. It never builds: devenv/build has done that. It waits for depends_on
// conditions and for health on the engine's events, where Compose polls every 500 ms. It looks for taken host ports
// before it creates anything. And it says what went wrong in devenv's words, as a fault.Error.
//
// It is the only importer of docker/compose and docker/cli. Nothing here prints: progress and warnings go to a
// Report function, the output of commands to the Streams.
package stack

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/flags"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/compose/v5/pkg/compose"
	"github.com/docker/compose/v5/pkg/remote"
	"github.com/docker/go-connections/tlsconfig"
	"github.com/moby/moby/client"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// Streams are where commands in containers read and write. When In and Out are terminals (an *os.File), Exec and
// Run can give the command one too.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Stack speaks to one engine through Compose's SDK. It is safe for concurrent use; whoever opened it closes it.
type Stack struct {
	cli      *command.DockerCli
	client   client.APIClient
	host     string
	warnings *warnings
}

// Open resolves which engine is meant, as the docker command does: DOCKER_HOST, else DOCKER_CONTEXT, else the
// current context of the configuration in DOCKER_CONFIG; with its TLS material or through ssh. It does not contact
// the engine, so it works without one; engine.Connect(ctx, s.Endpoint()) does.
//
// These variables are taken from env. docker/cli itself reads os.Getenv for what devenv has no opinion on, such as
// the home folder, DOCKER_API_VERSION, DOCKER_CUSTOM_HEADERS and ssh's own variables; and it keeps DOCKER_CONFIG for
// the whole process.
func Open(ctx context.Context, env []string, streams Streams) (*Stack, error) {
	cli, err := command.NewDockerCli(
		command.WithBaseContext(ctx),
		command.WithInputStream(readCloser(streams.In)),
		command.WithOutputStream(streams.Out),
		command.WithErrorStream(streams.Err),
	)
	if err != nil {
		return nil, err
	}
	options := clientOptions(environment(env))
	if err := cli.Initialize(options); err != nil {
		return nil, fault.New(fault.Usage, "docker configuration: %w", err)
	}
	host, err := contextHost(cli)
	if err != nil {
		return nil, unusable(cli.CurrentContext(), err)
	}
	// cli.Client() would end the process where no client can be made; this one returns the error.
	apiClient, err := command.NewAPIClientFromFlags(options, cli.ConfigFile())
	if err != nil {
		return nil, unusable(cli.CurrentContext(), err)
	}
	if err := command.WithAPIClient(apiClient)(cli); err != nil {
		return nil, err
	}
	return &Stack{cli: cli, client: apiClient, host: host, warnings: captureWarnings()}, nil
}

func unusable(context string, err error) error {
	if client.IsErrConnectionFailed(err) {
		return fault.New(fault.Engine, "docker context %q: %w", context, err)
	}
	return fault.New(fault.Usage, "docker context %q: %w", context, err).
		WithHint("`docker context ls` shows the contexts; DOCKER_HOST and DOCKER_CONTEXT choose one")
}

// environment is the last value of each variable of a list of NAME=value.
func environment(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, assignment := range list {
		name, value, _ := strings.Cut(assignment, "=")
		env[name] = value
	}
	return env
}

// clientOptions are the flags of the docker command that the environment stands for. DOCKER_HOST wins over
// DOCKER_CONTEXT, as in docker/cli.
func clientOptions(env map[string]string) *flags.ClientOptions {
	options := flags.NewClientOptions()
	options.ConfigDir = env["DOCKER_CONFIG"]
	switch {
	case env["DOCKER_HOST"] != "":
		options.Hosts = []string{env["DOCKER_HOST"]}
	case env["DOCKER_CONTEXT"] != "":
		options.Context = env["DOCKER_CONTEXT"]
	}
	verify := env["DOCKER_TLS_VERIFY"] != ""
	if verify || env["DOCKER_TLS"] != "" {
		certificates := env["DOCKER_CERT_PATH"]
		options.TLS, options.TLSVerify = true, verify
		options.TLSOptions = &tlsconfig.Options{
			CAFile:             filepath.Join(certificates, flags.DefaultCaFile),
			CertFile:           filepath.Join(certificates, flags.DefaultCertFile),
			KeyFile:            filepath.Join(certificates, flags.DefaultKeyFile),
			InsecureSkipVerify: !verify,
		}
	}
	return options
}

// contextHost is the host of the current context as the user wrote it: ssh://me@host, where the client itself
// knows only a placeholder.
func contextHost(cli *command.DockerCli) (string, error) {
	metadata, err := cli.ContextStore().GetMetadata(cli.CurrentContext())
	if err != nil {
		return "", err
	}
	endpoint, err := docker.EndpointFromContext(metadata)
	return endpoint.Host, err
}

// readCloser lets a terminal keep its Close and file descriptor, and gives every other reader a Close without effect.
func readCloser(in io.Reader) io.ReadCloser {
	switch in := in.(type) {
	case nil:
		return io.NopCloser(strings.NewReader(""))
	case io.ReadCloser:
		return in
	}
	return io.NopCloser(in)
}

// Endpoint is the engine as resolved, for engine.Connect.
func (s *Stack) Endpoint() engine.Endpoint {
	return engine.Endpoint{Name: s.cli.CurrentContext(), Host: s.host, Dial: s.client.Dialer()}
}

// Terminal reports whether a command can be given a terminal: In and Out are one.
func (s *Stack) Terminal() bool { return s.cli.In().IsTerminal() && s.cli.Out().IsTerminal() }

// TerminalSize is the size of the terminal that Out is; zero where it is none.
func (s *Stack) TerminalSize() engine.Size {
	rows, columns := s.cli.Out().GetTtySize()
	return engine.Size{Rows: rows, Columns: columns}
}

// Close releases the connections.
func (s *Stack) Close() error { return s.client.Close() }

// ResourceLoaders fetch compose files from Git and OCI registries, for `include` and `-f`; devenv/project gives
// them to compose-go's loader.
func (s *Stack) ResourceLoaders() []loader.ResourceLoader {
	return []loader.ResourceLoader{
		remote.NewGitRemoteLoader(s.cli, false),
		remote.NewOCIRemoteLoader(s.cli, false, api.OCIOptions{}),
	}
}

// sdk is Compose for one operation, whose progress goes to bus. Nobody is asked anything: what would need a
// confirmation, such as replacing a volume with its data, is not done and reported.
func (s *Stack) sdk(bus *bus) (api.Compose, error) {
	return compose.NewComposeService(s.cli,
		compose.WithEventProcessor(bus),
		compose.WithPrompt(func(question string, _ bool) (bool, error) {
			bus.tell(Event{Text: refused(question), State: Warning})
			return false, nil
		}),
	)
}

// refused turns a question of the SDK into the statement that it was answered with no.
func refused(question string) string {
	if before, _, found := strings.Cut(question, " Recreate (data will be lost)?"); found {
		return before + " It is left as it is, with its data."
	}
	return question + " No: devenv does not confirm this by itself."
}
