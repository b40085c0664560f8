package build

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"devenv/devenv/fault"

	"github.com/compose-spec/compose-go/v2/types"
)

// Every key of the Compose specification is translated or refused: a new one in compose-go fails this test.
func TestEveryKeyHasItsPlace(t *testing.T) {
	t.Parallel()
	var fields []string
	for field := range reflect.TypeFor[types.BuildConfig]().Fields() {
		fields = append(fields, field.Name)
	}
	slices.Sort(fields)
	if known := slices.Sorted(maps.Keys(keys())); !slices.Equal(known, fields) {
		t.Errorf("keys of build:\n known  %v\n struct %v", known, fields)
	}
}

func ptr(text string) *string { return &text }

func TestRecipe(t *testing.T) {
	t.Parallel()
	dir := write(t, "Dockerfile", "FROM scratch\n", "token", "x", "lib/a", "", ".dockerignore", "*.log")
	req := Request{
		Service: "api", Platform: "linux/amd64", Labels: types.Labels{"com.docker.compose.service": "api"},
		Environment: types.Mapping{"FROM_ENV": "e", "SECRET_ENV": "s", "SSH_AUTH_SOCK": dir + "/token"},
		Secrets: types.Secrets{
			"token": {File: filepath.Join(dir, "token")},
			"env":   {Environment: "SECRET_ENV"},
		},
		Build: types.BuildConfig{
			Context: dir, Target: "local",
			Args:               types.MappingWithEquals{"A": ptr("1"), "FROM_ENV": nil, "UNSET": nil, "EMPTY": ptr("")},
			Labels:             types.Labels{"team": "a", "com.docker.compose.service": "mine"},
			Secrets:            []types.ServiceSecretConfig{{Source: "token"}, {Source: "env", Target: "renamed"}},
			SSH:                types.SSHConfig{{ID: "default"}, {ID: "key", Path: filepath.Join(dir, "token")}},
			AdditionalContexts: types.Mapping{"lib": dir + "/lib", "base": "service:other", "img": "docker-image://busybox", "src": "https://example.com/a.git#main"},
			CacheFrom:          types.StringList{"team/app:cache", "type=local,src=cache"},
			CacheTo:            types.StringList{"type=inline"},
			ExtraHosts:         types.HostsList{"db": {"10.0.0.1"}, "me": {"host-gateway"}},
			Network:            "host", ShmSize: 64 << 20, Pull: true,
			Ulimits:       map[string]*types.UlimitsConfig{"nofile": {Soft: 1, Hard: 2}, "nproc": {Single: 3}},
			NoCacheFilter: types.StringList{"deps", "local"},
			Entitlements:  []string{"network.host"}, Privileged: true,
			Provenance: "false", Isolation: "default",
		},
	}
	r, err := newRecipe(req, facts{dir: dir, hostGateway: "172.17.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range slices.Sorted(maps.Keys(r.Attrs)) {
		got = append(got, name+"="+r.Attrs[name])
	}
	want := []string{
		"add-hosts=db=10.0.0.1,me=172.17.0.1", "build-arg:A=1", "build-arg:EMPTY=", "build-arg:FROM_ENV=e",
		"context:img=docker-image://busybox", "context:lib=local:context:lib", "context:src=https://example.com/a.git#main",
		"dockerfilekey=dockerfile", "force-network-mode=host", "image-resolve-mode=pull", "label:com.docker.compose.service=api", "label:team=a", "no-cache=deps,local",
		"platform=linux/amd64", "shm-size=67108864", "target=local", "ulimit=nofile=1:2,nproc=3:3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("attributes:\n got %q\nwant %q", got, want)
	}
	rest := fmt.Sprintln(r.Needs, r.Entitlements, r.Secrets["token"].File == filepath.Join(dir, "token"), r.Secrets["renamed"].Value,
		len(r.SSH), r.Locals["context:lib"] == dir+"/lib", r.Dockerfile, r.Ignore, r.CacheFrom[0], r.CacheFrom[1].Attrs["src"] == dir+"/cache", r.CacheTo)
	if want := "map[base:other] [network.host security.insecure] true s 2 true Dockerfile *.log {registry map[ref:team/app:cache]} true [{inline map[]}]\n"; rest != want {
		t.Errorf("rest:\n got %s\nwant %s", rest, want)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := write(t, "Dockerfile", "FROM scratch\n", "sub/x", "", "blank", " \n")
	cases := []struct {
		want string
		set  func(*Request)
	}{
		{`api: build.context: none: no such directory`, func(r *Request) { r.Build.Context = dir + "/none" }},
		{`api: build.context: Dockerfile: not a directory`, func(r *Request) { r.Build.Context = dir + "/Dockerfile" }},
		{`sub/Dockerfile.prod: no such file`, func(r *Request) { r.Build.Dockerfile = "sub/Dockerfile.prod" }},
		{`blank: it is empty`, func(r *Request) { r.Build.Dockerfile = "blank" }},
		{`sub: is a directory`, func(r *Request) { r.Build.Dockerfile = "sub" }},
		{`api: build.dockerfile_inline: dockerfile is set as well`, func(r *Request) { r.Build.Dockerfile, r.Build.DockerfileInline = "a", "FROM b" }},
		{`api: build.network: "bridge": BuildKit knows only default, none and host`, func(r *Request) { r.Build.Network = "bridge" }},
		{`api: build.isolation: "hyperv": BuildKit has no isolation modes`, func(r *Request) { r.Build.Isolation = "hyperv" }},
		{`api: build.platforms: linux/amd64, linux/arm64: this engine's image store keeps one platform of an image`, func(r *Request) { r.Build.Platforms = types.StringList{"linux/amd64", "linux/arm64"} }},
		{`api: build.platforms: "linux/386" of the service is not among them`, func(r *Request) { r.Build.Platforms, r.Platform = types.StringList{"linux/amd64"}, "linux/386" }},
		{`api: build.provenance: "mode=max": this engine's image store cannot keep attestations`, func(r *Request) { r.Build.Provenance = "mode=max" }},
		{`api: build.sbom: "true": this engine's image store cannot keep attestations`, func(r *Request) { r.Build.SBOM = "true" }},
		{`api: build.cache_to: type "registry": this engine's image store can only write type=inline`, func(r *Request) { r.Build.CacheTo = types.StringList{"type=registry,ref=a"} }},
		{`api: build.cache_from: "src=a": no type`, func(r *Request) { r.Build.CacheFrom = types.StringList{"src=a"} }},
		{`api: build.extra_hosts: me: the engine does not tell the address of host-gateway`, func(r *Request) { r.Build.ExtraHosts = types.HostsList{"me": {"host-gateway"}} }},
		{`api: build.extra_hosts: me: "there" is not an address`, func(r *Request) { r.Build.ExtraHosts = types.HostsList{"me": {"there"}} }},
		{`api: build.secrets: "s" is not defined under the project's secrets`, func(r *Request) { r.Build.Secrets = []types.ServiceSecretConfig{{Source: "s"}} }},
		{`api: build.secrets: gone: gone.txt: no such file`, func(r *Request) { r.Build.Secrets = []types.ServiceSecretConfig{{Source: "gone"}} }},
		{`api: build.secrets: env: UNSET is not set in the environment`, func(r *Request) { r.Build.Secrets = []types.ServiceSecretConfig{{Source: "env"}} }},
		{`api: build.secrets: ext: an external secret cannot be read by a build`, func(r *Request) { r.Build.Secrets = []types.ServiceSecretConfig{{Source: "ext"}} }},
		{`api: build.secrets: env: uid, gid and mode belong to the step that reads the secret`, func(r *Request) { r.Build.Secrets = []types.ServiceSecretConfig{{Source: "env", UID: "1"}} }},
		{`api: build.ssh: default: no SSH agent: SSH_AUTH_SOCK is not set`, func(r *Request) { r.Build.SSH = types.SSHConfig{{ID: "default"}} }},
		{`api: build.ssh: k: /none: no such file`, func(r *Request) { r.Build.SSH = types.SSHConfig{{ID: "k", Path: "/none"}} }},
		{`api: build.entitlements: "all": unknown entitlement all`, func(r *Request) { r.Build.Entitlements = []string{"all"} }},
		{`api: build.additional_contexts: lib: oci-layout is not supported`, func(r *Request) { r.Build.AdditionalContexts = types.Mapping{"lib": "oci-layout:///x"} }},
		{`api: build.additional_contexts: lib: none: no such directory`, func(r *Request) { r.Build.AdditionalContexts = types.Mapping{"lib": dir + "/none"} }},
		{`api: build.additional_contexts: base: service "other" is not built`, func(r *Request) { r.Build.AdditionalContexts = types.Mapping{"base": "service:other"} }},
		{`api: build.additional_contexts: circle of services: api needs api`, func(r *Request) { r.Build.AdditionalContexts = types.Mapping{"base": "service:api"} }},
		{`api: build.tags: "a b" is not the name of an image: invalid reference format`, func(r *Request) { r.Build.Tags = types.StringList{"a b"} }},
	}
	for _, c := range cases {
		req := Request{Service: "api", Build: types.BuildConfig{Context: dir}, Secrets: types.Secrets{
			"gone": {File: dir + "/gone.txt"}, "env": {Environment: "UNSET"}, "ext": {External: true},
		}}
		c.set(&req)
		_, err := newJobs([]Request{req}, facts{dir: dir})
		var known *fault.Error
		if !errors.As(err, &known) || known.Class != fault.Usage || err.Error() != c.want {
			t.Errorf("\n got %v\nwant %s", err, c.want)
		}
	}
}

func TestDockerfileMayBeALinkOrInLowerCase(t *testing.T) {
	t.Parallel()
	dir := write(t, "ctx/a", "", "shared/base.Dockerfile", "FROM shared\n", "lower/dockerfile", "FROM lower\n")
	if err := os.Symlink("../shared/base.Dockerfile", dir+"/ctx/Dockerfile"); err != nil {
		t.Fatal(err)
	}
	for context, want := range map[string]string{"ctx": "FROM shared\n", "lower": "FROM lower\n"} {
		r, err := newRecipe(Request{Service: "api", Build: types.BuildConfig{Context: filepath.Join(dir, context)}}, facts{})
		if err != nil || r.Text != want {
			t.Errorf("%s: %q, %v", context, r.Text, err)
		}
	}
}

func TestIgnoreFileBesideTheDockerfileHidesTheOther(t *testing.T) {
	t.Parallel()
	dir := write(t, "Dockerfile", "FROM a", "b.Dockerfile", "FROM a", ".dockerignore", "all", "b.Dockerfile.dockerignore", "own")
	for file, want := range map[string]string{"Dockerfile": "all", "b.Dockerfile": "own"} {
		r, err := newRecipe(Request{Build: types.BuildConfig{Context: dir, Dockerfile: file}}, facts{})
		if err != nil || r.Ignore != want {
			t.Errorf("%s: %q, %v", file, r.Ignore, err)
		}
	}
}

func TestEqualBuildsAreOne(t *testing.T) {
	t.Parallel()
	dir := write(t, "Dockerfile", "FROM scratch\n")
	request := func(service, target string) Request {
		return Request{Service: service, Tags: []string{"p-" + service}, Build: types.BuildConfig{Context: dir, Target: target}}
	}
	jobs, err := newJobs([]Request{request("api", "a"), request("worker", "a"), request("web", "b")}, facts{})
	if err != nil || len(jobs) != 2 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	if got := fmt.Sprint(jobs[0].services, jobs[0].names); got != "[api worker] ["+canonical("p-api")+" "+canonical("p-worker")+"]" {
		t.Error(got)
	}
}

func TestAnImageOfSeveralPlatformsIsNoContext(t *testing.T) {
	t.Parallel()
	dir := write(t, "Dockerfile", "FROM scratch\n")
	_, err := newJobs([]Request{
		{Service: "base", Build: types.BuildConfig{Context: dir, Platforms: types.StringList{"linux/amd64", "linux/arm64"}}},
		{Service: "api", Build: types.BuildConfig{Context: dir, AdditionalContexts: types.Mapping{"base": "service:base"}}},
	}, facts{containerd: true})
	if err == nil || err.Error() != `api: build.additional_contexts: base: service "base" is built for several platforms` {
		t.Error(err)
	}
}

func TestCirclesAreFound(t *testing.T) {
	t.Parallel()
	dir := write(t, "Dockerfile", "FROM scratch\n")
	var requests []Request
	for service, needs := range map[string]string{"a": "b", "b": "c", "c": "a"} {
		requests = append(requests, Request{Service: service, Build: types.BuildConfig{
			Context: dir, Target: service, AdditionalContexts: types.Mapping{"base": "service:" + needs},
		}})
	}
	_, err := newJobs(requests, facts{})
	if err == nil || strings.Count(err.Error(), " needs ") != 3 {
		t.Error(err)
	}
}
