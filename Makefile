# The two commands of a newcomer are `make demo` and `make test`; CONTRIBUTING.md says what each target needs.
.PHONY: engine build install demo test agent-test browser lint bench cross

RELEASE := $(shell git describe --tags --always --dirty 2>/dev/null)
# Delve's packages want to be asked for Windows on ARM by a tag of their own.
TAGS := -tags exp.winarm64
GOFLAGS_BUILD := -trimpath $(TAGS) -ldflags "-s -w -X main.release=$(RELEASE)"
LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

engine: ## an engine, base images and lock files: what is there is used as it is
	@examples/engine.sh

build: ## bin/devenv
	@CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o bin/ ./cmd/devenv

install: ## devenv into the folder of go install
	@CGO_ENABLED=0 go install $(GOFLAGS_BUILD) ./cmd/devenv

demo: engine build ## a tour of examples/fastapi and examples/django
	@examples/demo.sh bin/devenv

test: engine agent-test browser ## everything: unit, script and end-to-end tests
	@go vet ./...
	@go test -race -timeout 40m ./...

agent-test: ## the in-container agent on real servers, outside of containers; its packages come into a cache folder once
	@devenv/reload/agent/tests/run.sh

browser: ## a headless Chromium, in which the page of `devenv compare` is looked at
	@devenv/compare/testdata/browser.sh >/dev/null

lint:
	@go run $(LINT) run

bench: engine build ## side by side with docker compose, as ratios
	@examples/bench.sh bin/devenv

cross: ## what a release would ship compiles
	@for target in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do \
		echo "cross $$target"; \
		CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} go build $(TAGS) -o /dev/null ./cmd/devenv || exit 1; \
	done
