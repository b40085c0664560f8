package build

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/util/entitlements"
)

// key translates one key of `build:` into the recipe, or refuses its value.
type key func(r *recipe, req *Request, f facts) error

// keys is every field of types.BuildConfig. A test compares it with the struct, so that no key is ever ignored.
func keys() map[string]key {
	return map[string]key{
		"Context":            contextKey,
		"Dockerfile":         dockerfileKey,
		"DockerfileInline":   decidedBy("Dockerfile"),
		"Entitlements":       entitlementsKey,
		"Args":               argsKey,
		"Provenance":         attestation("provenance", func(b *types.BuildConfig) string { return b.Provenance }),
		"SBOM":               attestation("sbom", func(b *types.BuildConfig) string { return b.SBOM }),
		"SSH":                sshKey,
		"Labels":             labelsKey,
		"CacheFrom":          cacheFromKey,
		"CacheTo":            cacheToKey,
		"NoCache":            noCacheKey,
		"NoCacheFilter":      decidedBy("NoCache"),
		"AdditionalContexts": additionalContextsKey,
		"Pull":               pullKey,
		"ExtraHosts":         extraHostsKey,
		"Isolation":          isolationKey,
		"Network":            networkKey,
		"Target":             targetKey,
		"Secrets":            secretsKey,
		"ShmSize":            shmSizeKey,
		"Tags":               decidedBy("job.names"),
		"Ulimits":            ulimitsKey,
		"Platforms":          decidedBy("recipe.setPlatform"),
		"Privileged":         privilegedKey,
		"Extensions":         decidedBy("the user"), // x-... keys mean nothing to a build
	}
}

// decidedBy marks a field that another place reads.
func decidedBy(string) key { return func(*recipe, *Request, facts) error { return nil } }

func targetKey(r *recipe, req *Request, _ facts) error {
	if req.Build.Target != "" {
		r.Attrs["target"] = req.Build.Target
	}
	return nil
}

// argsKey gives the build arguments; one without a value takes that of the environment, or is not set at all.
func argsKey(r *recipe, req *Request, _ facts) error {
	for name, value := range req.Build.Args {
		if value != nil {
			r.Attrs["build-arg:"+name] = *value
		} else if env, ok := req.Environment[name]; ok {
			r.Attrs["build-arg:"+name] = env
		}
	}
	return nil
}

func labelsKey(r *recipe, req *Request, _ facts) error {
	for _, labels := range []types.Labels{req.Build.Labels, req.Labels} {
		for name, value := range labels {
			r.Attrs["label:"+name] = value
		}
	}
	return nil
}

// noCacheKey is for no_cache, for all steps, and no_cache_filter, for those of some stages.
func noCacheKey(r *recipe, req *Request, _ facts) error {
	switch {
	case req.Build.NoCache || req.NoCache:
		r.Attrs["no-cache"] = ""
	case len(req.Build.NoCacheFilter) > 0:
		r.Attrs["no-cache"] = strings.Join(req.Build.NoCacheFilter, ",")
	}
	return nil
}

func pullKey(r *recipe, req *Request, _ facts) error {
	if req.Build.Pull || req.Pull {
		r.Attrs["image-resolve-mode"] = "pull"
	}
	return nil
}

func networkKey(r *recipe, req *Request, _ facts) error {
	switch mode := req.Build.Network; mode {
	case "", "default":
	case "none":
		r.Attrs["force-network-mode"] = mode
	case "host":
		r.Attrs["force-network-mode"] = mode
		r.entitle(entitlements.EntitlementNetworkHost.String())
	default:
		return refuse(req, "network", "%q: BuildKit knows only default, none and host", mode)
	}
	return nil
}

func extraHostsKey(r *recipe, req *Request, f facts) error {
	var hosts []string
	for _, name := range slices.Sorted(maps.Keys(req.Build.ExtraHosts)) {
		for _, address := range req.Build.ExtraHosts[name] {
			if address == "host-gateway" {
				address = f.hostGateway
			}
			if address == "" {
				return refuse(req, "extra_hosts", "%s: the engine does not tell the address of host-gateway", name).
					WithHint("write the address itself, or use Docker Engine 23.0 or later")
			}
			if net.ParseIP(address) == nil {
				return refuse(req, "extra_hosts", "%s: %q is not an address", name, address)
			}
			hosts = append(hosts, name+"="+address)
		}
	}
	if len(hosts) > 0 {
		r.Attrs["add-hosts"] = strings.Join(hosts, ",")
	}
	return nil
}

func shmSizeKey(r *recipe, req *Request, _ facts) error {
	if req.Build.ShmSize > 0 {
		r.Attrs["shm-size"] = strconv.FormatInt(int64(req.Build.ShmSize), 10)
	}
	return nil
}

func ulimitsKey(r *recipe, req *Request, _ facts) error {
	var limits []string
	for _, name := range slices.Sorted(maps.Keys(req.Build.Ulimits)) {
		limit := req.Build.Ulimits[name]
		soft, hard := limit.Soft, limit.Hard
		if limit.Single != 0 {
			soft, hard = limit.Single, limit.Single
		}
		limits = append(limits, fmt.Sprintf("%s=%d:%d", name, soft, hard))
	}
	if len(limits) > 0 {
		r.Attrs["ulimit"] = strings.Join(limits, ",")
	}
	return nil
}

func isolationKey(_ *recipe, req *Request, _ facts) error {
	if mode := req.Build.Isolation; mode != "" && mode != "default" {
		return refuse(req, "isolation", "%q: BuildKit has no isolation modes", mode)
	}
	return nil
}

func entitlementsKey(r *recipe, req *Request, _ facts) error {
	for _, name := range req.Build.Entitlements {
		if _, _, err := entitlements.Parse(name); err != nil {
			return refuse(req, "entitlements", "%q: %w", name, err)
		}
		r.entitle(name)
	}
	return nil
}

func privilegedKey(r *recipe, req *Request, _ facts) error {
	if req.Build.Privileged {
		r.entitle(entitlements.EntitlementSecurityInsecure.String())
	}
	return nil
}

func (r *recipe) entitle(name string) {
	if !slices.Contains(r.Entitlements, name) {
		r.Entitlements = append(r.Entitlements, name)
		slices.Sort(r.Entitlements)
	}
}

// attestation translates provenance and sbom: a boolean, or parameters like "mode=max".
func attestation(name string, value func(*types.BuildConfig) string) key {
	return func(r *recipe, req *Request, f facts) error {
		text := value(&req.Build)
		on, err := strconv.ParseBool(text)
		switch {
		case text == "" || err == nil && !on:
			return nil
		case !f.containerd:
			return refuse(req, name, "%q: this engine's image store cannot keep attestations", text).
				WithHint("use an engine with the containerd image store, or %s: false", name)
		case err == nil:
			text = ""
		}
		r.Attrs["attest:"+name] = text
		return nil
	}
}

// setPlatform takes the service's platform, else those of `build:`.
func (r *recipe) setPlatform(req *Request, f facts) error {
	wanted := req.Build.Platforms
	if req.Platform != "" {
		if len(wanted) > 0 && !slices.Contains(wanted, req.Platform) {
			return refuse(req, "platforms", "%q of the service is not among them", req.Platform)
		}
		wanted = []string{req.Platform}
	}
	if len(wanted) > 1 && !f.containerd {
		return refuse(req, "platforms", "%s: this engine's image store keeps one platform of an image", strings.Join(wanted, ", ")).
			WithHint("choose one with the service's platform, or use an engine with the containerd image store")
	}
	if len(wanted) > 0 {
		r.Attrs["platform"] = strings.Join(wanted, ",")
	}
	return nil
}
