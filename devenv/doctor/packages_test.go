package doctor

import (
	"testing"

	"devenv/devenv/dockerfile"
)

// The mend names the files and the command of the program that installs.
func TestAlone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"uv sync --no-dev":               "copy pyproject.toml and uv.lock alone, run uv sync --locked --no-install-project, then copy the code",
		"uv pip install -r dev.txt":      "copy requirements.txt alone, run uv pip install -r dev.txt, then copy the code",
		"pip install -e .":               "install what the project needs before its code is copied, from a list of packages alone",
		"poetry install":                 "copy pyproject.toml and poetry.lock alone, run poetry install --no-root, then copy the code",
		"pdm install":                    "copy pyproject.toml and pdm.lock alone, run pdm sync --no-self, then copy the code",
		"npm install":                    "copy package.json and package-lock.json alone, run npm ci, then copy the code",
		"yarn install --immutable":       "copy package.json and yarn.lock alone, run yarn install --immutable, then copy the code",
		"pnpm install --frozen-lockfile": "copy package.json and pnpm-lock.yaml alone, run pnpm install --frozen-lockfile, then copy the code",
	} {
		i := installs([]dockerfile.Step{{Name: "RUN", Shell: true, Args: []string{text}, Env: map[string]string{}}})
		if len(i) != 1 || i[0].alone() != want {
			t.Errorf("%s: %v", text, i)
		}
	}
}
