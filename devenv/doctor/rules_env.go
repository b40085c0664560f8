package doctor

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"devenv/devenv/project"
)

func envRules() []Rule {
	const family = "variables"
	return []Rule{
		{"env-undefined", family, Warning, "a variable that is used and set nowhere",
			"The code fails when it reads it, and a compose file takes a blank in its place.",
			"https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/", envUndefined},
		{"env-unused", family, Note, "a key of an env file that nothing uses",
			"It looks like a setting, and changing it changes nothing.",
			"https://docs.docker.com/compose/how-tos/environment-variables/set-environment-variables/", envUnused},
		{"env-modes", family, Note, "a variable that the code reads and only some modes set",
			"The code then takes another path in production than the one that was tried.",
			"https://12factor.net/dev-prod-parity", envModes},
		{"lock-stale", packageFamily, Error, "a uv.lock that does not match pyproject.toml",
			"`uv sync --locked` refuses it, and `--frozen` installs what was asked for before.",
			"https://docs.astral.sh/uv/concepts/projects/sync/#checking-the-lockfile", lockStale},
	}
}

const packageFamily = "packages"

var unsetVariable = regexp.MustCompile(`variable (\S+) is not set`)

func envUndefined(f *Facts) []Finding {
	var all []Finding
	for _, warning := range f.Project.Warnings {
		if m := unsetVariable.FindStringSubmatch(warning); m != nil {
			for _, use := range f.Project.Uses(m[1]) {
				all = append(all, Finding{
					Place: Place{use.File, use.Line}, What: m[1] + " is set nowhere, so it is blank here",
					Mend: fmt.Sprintf("set it in .env, or write ${%s:-default}", m[1]),
				})
			}
		}
	}
	for _, read := range f.Reads {
		if f.Given[read.Variable] || slices.Contains(alwaysSet, read.Variable) {
			continue
		}
		if modes := f.without(read); read.Needs && len(modes) > 0 {
			all = append(all, Finding{
				Place: read.Place, What: fmt.Sprintf("%s is read here and not set in mode %s", read.Variable, strings.Join(modes, ", ")),
				Mend: "set it in the service's environment or env_file, or read it with a default",
			})
		}
	}
	return all
}

// alwaysSet are variables that every container has.
var alwaysSet = []string{"HOME", "HOSTNAME", "PATH"}

// without are the modes in which no service that has a line of code has the variable that it reads. A line that is in
// no build context, and one whose image sets what nobody has looked at, has all.
func (f *Facts) without(read Read) []string {
	has := map[string]bool{}
	for _, build := range f.Builds {
		if build.File == nil || !holds(filepath.ToSlash(build.File.Context), filepath.ToSlash(read.Place.File)) {
			continue
		}
		_, set := build.variable(read.Variable)
		has[build.Mode] = has[build.Mode] || set
	}
	var modes []string
	for _, mode := range slices.Sorted(maps.Keys(has)) {
		if !has[mode] {
			modes = append(modes, mode)
		}
	}
	return modes
}

// wellKnown are prefixes of variables that programs read and no project names.
var wellKnown = []string{
	"PYTHON", "UV_", "PIP_", "VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE", "UVICORN_", "GUNICORN_", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS",
	"FLASK_", "CELERY_", "TZ", "LANG", "LC_", "HOME", "PATH", "TERM", "USER", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"SSL_CERT_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_", "GOOGLE_", "AZURE_", "OTEL_", "SENTRY_", "DD_", "NEW_RELIC_", "PG",
	"POSTGRES_", "MYSQL_", "REDIS_", "RABBITMQ_", "NODE_", "NPM_", "GO", "DEBUGPY_",
	"AIRFLOW_", "PROMETHEUS_", "DJANGO_SUPERUSER_", "DJANGO_ALLOW_ASYNC_UNSAFE", "HYPERCORN_", "GRANIAN_", "STREAMLIT_", "JUPYTER_", "DAGSTER_",
	"PREFECT_", "MLFLOW_", "SPARK_", "JAVA_", "LOGURU_", "NLTK_", "TRANSFORMERS_", "CUDA_", "NVIDIA_", "OMP_", "MALLOC_", "LD_", "GF_", "KAFKA_",
	"MINIO_", "MONGO_", "MARIADB_", "ELASTIC_", "KC_", "TMPDIR", "XDG_",
	"COMPOSE_", "DOCKER_", "BUILDKIT_", "BUILDX_", "DEVENV_", "OPENAI_", "ANTHROPIC_", "HF_",
}

func envUnused(f *Facts) []Finding {
	var all []Finding
	for _, file := range f.EnvFiles {
		for _, v := range file.Variables {
			if v.Name == "" || f.uses(file, v.Name) {
				continue
			}
			what := v.Name + " is used by no compose file"
			if len(file.Services) > 0 {
				what = v.Name + " is used nowhere in the code of " + strings.Join(file.Services, ", ")
			}
			all = append(all, Finding{Place: Place{file.Path, v.Line}, What: what, Mend: "correct the name, or delete the line if no library reads it"})
		}
	}
	return all
}

// uses reports whether anything uses a key of an env file, as far as that can be known: what an image that is not
// built here reads, nobody knows.
func (f *Facts) uses(file EnvFile, name string) bool {
	upper := strings.ToUpper(name)
	if slices.ContainsFunc(wellKnown, func(prefix string) bool { return strings.HasPrefix(upper, prefix) }) || len(f.Project.Uses(name)) > 0 {
		return true
	}
	if len(file.Services) == 0 {
		return slices.ContainsFunc(f.Builds, func(b Build) bool { // environment: [NAME] passes it on
			_, passed := b.Config.Environment[name]
			return passed
		}) || f.names(name)
	}
	for _, build := range f.Builds {
		if slices.Contains(file.Services, build.Service) && build.File == nil {
			return true
		}
	}
	return f.names(name)
}

// names reports whether the project's files name a variable: as it is, without the prefix that pydantic's settings cut
// off, or up to the __ by which they nest.
func (f *Facts) names(name string) bool {
	if f.Words == nil {
		return true
	}
	lower := strings.ToLower(name)
	outer, _, _ := strings.Cut(lower, "__")
	_, rest, _ := strings.Cut(lower, "_")
	for library, read := range byLibraries {
		if f.Words[library] && slices.Contains(read, lower) {
			return true
		}
	}
	return f.Words[lower] || f.Words[outer] || f.Words["env_prefix"] && f.Words[rest]
}

// byLibraries are variables that libraries read without being told their names, by what the code calls.
var byLibraries = map[string][]string{
	"dj_database_url": {"database_url"}, "dj_email_url": {"email_url"}, "django_cache_url": {"cache_url"},
	"email_url": {"email_url"}, "search_url": {"search_url"}, "db": {"database_url"}, "db_url": {"database_url"}, "cache": {"cache_url"},
	"prisma": {"database_url"}, "databases": {"database_url"},
}

func envModes(f *Facts) []Finding {
	var all []Finding
	for _, read := range f.Reads {
		if modes := f.without(read); !read.Needs && len(modes) > 0 && len(modes) < len(f.Modes) {
			all = append(all, Finding{
				Place: read.Place, What: fmt.Sprintf("%s is not set in mode %s, but in others", read.Variable, strings.Join(modes, ", ")),
				Mend: "set it in every mode, or in none",
			})
		}
	}
	return append(all, f.unlikeFiles()...)
}

// modeFile is an env file that is named after a mode: .env.prod, api.prod.env.
var modeFile = regexp.MustCompile(`^(.*?)\.?(local|dev|development|staging|prod|production)(\.env)?$`)

// unlikeFiles compares env files of one folder that are for different modes.
func (f *Facts) unlikeFiles() []Finding {
	groups := map[string][]EnvFile{}
	for _, file := range f.siblings() {
		if m := modeFile.FindStringSubmatch(filepath.Base(file.Path)); m != nil {
			key := filepath.Join(filepath.Dir(file.Path), m[1]+m[3])
			groups[key] = append(groups[key], file)
		}
	}
	var all []Finding
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		for _, file := range groups[key] {
			for _, other := range groups[key] {
				all = append(all, lacking(f, file, other)...)
			}
		}
	}
	return all
}

// lacking are the keys of a file that another one does not have.
func lacking(f *Facts, file, other EnvFile) []Finding {
	var all []Finding
	for _, v := range file.Variables {
		if !slices.ContainsFunc(other.Variables, func(o project.EnvVariable) bool { return o.Name == v.Name }) {
			all = append(all, Finding{
				Place: Place{file.Path, v.Line}, What: fmt.Sprintf("%s is not in %s", v.Name, f.Project.Rel(other.Path)), Mend: "set it there too",
			})
		}
	}
	return all
}

func lockStale(f *Facts) []Finding {
	var all []Finding
	for _, file := range f.Files {
		for _, lock := range file.Locks {
			if lock.Stale != "" {
				all = append(all, Finding{
					Place: Place{File: filepath.Join(lock.Folder, "uv.lock")}, What: "it does not match pyproject.toml: " + lock.Stale,
					Mend: "devenv lock",
				})
			}
		}
	}
	return all
}
