package project

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/compose-spec/compose-go/v2/utils"

	"devenv/devenv/checkout"
	"devenv/devenv/fault"
	"devenv/profiles"
)

// inputs is what a request comes down to: which files, and which variables. The order of the steps is that of
// docker/compose, cmd/compose/compose.go (setEnvWithDotEnv) and pkg/compose/loader.go (buildProjectOptions).
type inputs struct {
	request  Request
	dir      string             // the project directory
	files    []string           // compose files, absolute, "-" or remote
	contents []types.ConfigFile // the same, fetched and read
	process  types.Mapping      // the process environment
	env      types.Mapping      // process plus env files: what interpolation sees
	envFiles []string           // .env or --env-file files, in the order in which they were read
	remotes  map[string]string  // local copies of remote files

	profile       *profiles.Profile // laid over the compose files; nil is none
	profileLayers scope             // the variables of the profile
	envFilesNamed bool              // by --env-file, where the later file wins; of two .env the first does
	refers        bool              // a file has a Reference

	naming checkout.Naming
	source checkout.Source // of naming.Base

	treeOnce sync.Once
	built    *tree
}

// composeEnvFiles names the env files where --env-file does not: docker/compose, cmd/compose/compose.go.
const composeEnvFiles = "COMPOSE_ENV_FILES"

// selectInputs finds and reads the files that req names.
func selectInputs(ctx context.Context, req Request) (*inputs, error) {
	in := &inputs{request: req, process: utils.GetAsEqualsMap(req.Env), remotes: map[string]string{}}
	in.env = in.process.Clone()
	in.files = in.absolute(req.Files)
	if req.ProjectDir != "" {
		in.dir = absoluteIn(req.Dir, req.ProjectDir)
	}
	for _, step := range []func() error{
		in.exportComposeVariables,
		in.readEnvFiles,
		in.selectByEnvironment,
		in.selectByDefault,
		in.selectProfile,
		in.readEnvFiles, // the project directory is known only now, and its .env may be another one
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if len(in.files) == 0 {
		return nil, fault.New(fault.Usage, "no compose file in %s or a folder above it", in.workingDir()).
			WithHint("create %s, or name a file with -f", strings.Join(cli.DefaultFileNames, ", "))
	}
	return in, in.read(ctx)
}

// workingDir is the project directory as far as it is known: --project-directory, else the first compose file's
// folder, else where the command was started.
func (in *inputs) workingDir() string {
	if in.dir != "" {
		return in.dir
	}
	for _, file := range in.files {
		if file == "-" {
			continue
		}
		if in.remote(file) {
			break
		}
		return filepath.Dir(file)
	}
	return in.request.Dir
}

func (in *inputs) remote(path string) bool {
	return slices.ContainsFunc(in.request.Resources, func(r ResourceLoader) bool { return r.Accept(path) })
}

// absolute makes local paths of compose files absolute.
func (in *inputs) absolute(paths []string) []string {
	var all []string
	for _, path := range paths {
		if path != "-" && !in.remote(path) {
			path = absoluteIn(in.request.Dir, path)
		}
		all = append(all, path)
	}
	return all
}

func absoluteIn(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// exportComposeVariables lets COMPOSE_ variables of the first env file count as the process's own, and sets PWD.
func (in *inputs) exportComposeVariables() error {
	if !slices.ContainsFunc(in.files, in.remote) {
		files, err := in.selectEnvFiles(nil)
		if err != nil {
			return err
		}
		found, err := in.parseEnvFiles(in.process, files)
		if err != nil {
			return err
		}
		for name, value := range found {
			if _, set := in.env[name]; !set && strings.HasPrefix(name, "COMPOSE_") {
				in.env[name] = value
			}
		}
	}
	if _, set := in.env["PWD"]; !set {
		in.env["PWD"] = in.request.Dir
	}
	return nil
}

// readEnvFiles merges the variables of --env-file or of the project directory's .env below what is set already.
func (in *inputs) readEnvFiles() error {
	files, err := in.selectEnvFiles(in.envFiles)
	if err != nil {
		return err
	}
	found, err := in.parseEnvFiles(in.env, files)
	if err != nil {
		return err
	}
	in.env.Merge(found)
	for _, file := range files {
		if !slices.Contains(in.envFiles, file) {
			in.envFiles = append(in.envFiles, file)
		}
	}
	return nil
}

// selectEnvFiles names the env files: --env-file, else COMPOSE_ENV_FILES, else .env where there is one, else those
// of the step before.
func (in *inputs) selectEnvFiles(before []string) ([]string, error) {
	named := in.request.EnvFiles
	if len(named) == 0 {
		named = strings.FieldsFunc(in.process[composeEnvFiles], func(r rune) bool { return r == ',' })
	}
	if len(named) > 0 {
		in.envFilesNamed = true
		var files []string
		for _, file := range named {
			files = append(files, absoluteIn(in.request.Dir, in.expandHome(file)))
		}
		return files, nil
	}
	if value, set := in.env[consts.ComposeDisableDefaultEnvFile]; set {
		disabled, err := strconv.ParseBool(value)
		if err != nil {
			return nil, fault.New(fault.Usage, "%s: %q is neither true nor false", consts.ComposeDisableDefaultEnvFile, value)
		}
		if disabled {
			return before, nil
		}
	}
	file := filepath.Join(in.workingDir(), dotenv.DotEnv)
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		return before, nil //nolint:nilerr // .env is a convenience: absent or unreadable, it is not used
	}
	return []string{file}, nil
}

func (in *inputs) expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && in.process["HOME"] != "" {
		return filepath.Join(in.process["HOME"], rest)
	}
	return path
}

func (in *inputs) parseEnvFiles(env types.Mapping, files []string) (types.Mapping, error) {
	for _, file := range files {
		if err := in.mustBeFile(file, "--env-file "); err != nil {
			return nil, err
		}
	}
	found, err := readVariables(env, files, &in.refers)
	if err != nil {
		return nil, in.failure(err)
	}
	return found, nil
}

// mustBeFile refuses a path that is not a readable file; who names who asked for it.
func (in *inputs) mustBeFile(path, who string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.Usage, "%s%s: no such file", who, in.rel(path))
	case err != nil:
		return fault.New(fault.Usage, "%s%s: %w", who, in.rel(path), cause(err))
	case info.IsDir():
		return fault.New(fault.Usage, "%s%s: is a folder", who, in.rel(path))
	}
	return nil
}

// cause is what a file operation failed for, without the operation and the path.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

func (in *inputs) rel(path string) string { return Relative(in.request.Dir, path) }

// selectByEnvironment takes the compose files from COMPOSE_FILE.
func (in *inputs) selectByEnvironment() error {
	list, set := in.env[consts.ComposeFilePath]
	if len(in.files) > 0 || !set {
		return nil
	}
	separator := in.env[consts.ComposePathSeparator]
	if separator == "" {
		separator = string(os.PathListSeparator)
	}
	in.files = in.absolute(strings.Split(list, separator))
	for _, file := range in.files {
		if file == "-" || in.remote(file) {
			continue
		}
		if err := in.mustBeFile(file, "COMPOSE_FILE: "); err != nil {
			return err
		}
	}
	return nil
}

// selectByDefault looks for the default names where the command was started and in the folders above.
func (in *inputs) selectByDefault() error {
	if len(in.files) > 0 {
		return nil
	}
	found := cli.ProjectOptions{WorkingDir: in.workingDir()}
	if err := cli.WithDefaultConfigPath(&found); err != nil {
		return in.failure(err)
	}
	in.files = found.ConfigPaths
	return nil
}

// read fetches remote files and reads all compose files, and with them fixes the project directory.
func (in *inputs) read(ctx context.Context) error {
	details, err := loader.LoadConfigFiles(ctx, in.files, in.workingDir(), in.withResources)
	if err != nil {
		return in.failure(err)
	}
	in.dir = details.WorkingDir
	in.contents = details.ConfigFiles
	for i := range in.contents {
		if in.contents[i].Content, err = in.content(in.contents[i].Filename); err != nil {
			return err
		}
	}
	return nil
}

func (in *inputs) withResources(options *loader.Options) {
	for _, resources := range in.request.Resources {
		options.ResourceLoaders = append(options.ResourceLoaders, recordingLoader{resources, in.remotes})
	}
}

// recordingLoader remembers where remote files were brought to.
type recordingLoader struct {
	ResourceLoader
	local map[string]string
}

func (r recordingLoader) Load(ctx context.Context, path string) (string, error) {
	local, err := r.ResourceLoader.Load(ctx, path)
	r.local[path] = local
	return local, err
}

func (in *inputs) content(file string) ([]byte, error) {
	if file != "-" {
		if err := in.mustBeFile(file, ""); err != nil {
			return nil, err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fault.New(fault.Usage, "%s: %w", in.rel(file), cause(err))
		}
		return content, nil
	}
	if in.request.Stdin == nil {
		return nil, fault.New(fault.Usage, "-f -: there is no standard input to read the compose file from")
	}
	content, err := io.ReadAll(in.request.Stdin)
	if err != nil {
		return nil, fault.New(fault.Usage, "-f -: %w", err)
	}
	return content, nil
}
