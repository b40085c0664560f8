package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func hostRules() []Rule {
	const family = "machine"
	return []Rule{
		{"engine-version", family, Error, "an engine that is older than 20.10",
			"devenv builds with the engine's own BuildKit, as engines have it from 20.10 on.",
			"https://docs.docker.com/engine/release-notes/", engineVersion},
		{"engine-limits", family, Warning, "an engine with too little memory or too few processors",
			"Builds and databases are killed in the middle when the engine's machine has no memory left.",
			"https://docs.docker.com/desktop/settings-and-maintenance/settings/#resources", engineLimits},
		{"inotify-limits", family, Warning, "limits of inotify that the project does not fit into",
			"Beyond the limit changes of files are not seen any more, by devenv and by every editor.",
			"https://man7.org/linux/man-pages/man7/inotify.7.html", inotifyLimits},
		{"disk-space", family, Warning, "a disk that is nearly full",
			"A build or a database that cannot write fails in the middle, with whatever it says then.",
			"https://docs.docker.com/engine/manage-resources/pruning/", diskSpace},
		{"clock", family, Warning, "an engine whose clock is not ours",
			"Tokens are refused, certificates are not valid yet, and what is built looks newer or older than it is.",
			"https://docs.docker.com/desktop/troubleshoot-and-support/troubleshoot/topics/", clock},
		{"port-taken", family, Error, "a host port that somebody else has",
			"`devenv up` cannot publish it.",
			"https://docs.docker.com/engine/network/port-publishing/", portTaken},
		{"container-ill", family, Error, "a container that is unhealthy, restarts or was killed for memory",
			"What depends on it waits, and what it served is not there.",
			"https://docs.docker.com/engine/containers/start-containers-automatically/", containerIll},
		{"stale-session", family, Warning, "a session of devenv's that was killed",
			"Nothing watches the files meanwhile, so a save changes nothing.",
			"https://man7.org/linux/man-pages/man7/signal.7.html", staleSession},
		{"proxy", family, Note, "a proxy that builds and containers cannot use",
			"In a container localhost is the container itself.",
			"https://docs.docker.com/engine/cli/proxy/", proxy},
		{"ca", family, Note, "certificates of your own that containers do not know",
			"Downloads in builds and containers then fail with a certificate that cannot be verified.",
			"https://docs.docker.com/engine/network/ca-certs/", ca},
	}
}

func engineVersion(f *Facts) []Finding {
	if f.Host.Engine == nil {
		return nil
	}
	parts := strings.SplitN(f.Host.Engine.Version, ".", 3)
	major, err := strconv.Atoi(parts[0])
	minor := 0
	if len(parts) > 1 {
		minor, _ = strconv.Atoi(parts[1])
	}
	if err != nil || major > 20 || major == 20 && minor >= 10 {
		return nil
	}
	return []Finding{{What: "the engine is " + f.Host.Engine.Version, Mend: "install Docker Engine 20.10 or newer"}}
}

// leastMemory is what a database, a server and a build beside them take.
const leastMemory = 2 << 30

func engineLimits(f *Facts) []Finding {
	info := f.Host.Engine
	var all []Finding
	if info != nil && info.Memory > 0 && info.Memory < leastMemory {
		all = append(all, Finding{What: fmt.Sprintf("the engine has %s of memory", megabytes(info.Memory)), Mend: "give it at least 2 GB"})
	}
	if info != nil && info.CPUs == 1 {
		all = append(all, Finding{What: "the engine has one processor", Severity: Note, Mend: "give it two: a build stops everything else"})
	}
	return all
}

// leastInstances is the kernel's own default; editors and watchers each take some.
const leastInstances = 128

func inotifyLimits(f *Facts) []Finding {
	var all []Finding
	if f.Host.Watches > 0 && f.Host.Watches < f.Host.Folders*5/4 {
		all = append(all, Finding{
			What: fmt.Sprintf("%d folders are watched, and %d may be", f.Host.Folders, f.Host.Watches), Mend: "sysctl fs.inotify.max_user_watches=524288",
		})
	}
	if f.Host.Instances > 0 && f.Host.Instances < leastInstances {
		all = append(all, Finding{
			What: fmt.Sprintf("%d programs may watch files", f.Host.Instances), Mend: "sysctl fs.inotify.max_user_instances=512",
		})
	}
	return all
}

// The space below which a build is likely to fail, and below which hardly anything works.
const (
	littleSpace = 3 << 30
	noSpace     = 200 << 20
)

func diskSpace(f *Facts) []Finding {
	var all []Finding
	for _, space := range f.Host.Free {
		finding := Finding{What: fmt.Sprintf("%s are free where %s is (%s)", megabytes(int64(space.Free)), space.What, space.Path), Mend: "docker system df shows what takes the space"} //nolint:gosec // no disk is that big
		switch {
		case space.Free < noSpace:
			finding.Severity = Error
			all = append(all, finding)
		case space.Free < littleSpace && space.What == "the engine":
			all = append(all, finding)
		}
	}
	return all
}

// clockMayDiffer is more than the answer of an engine takes.
const clockMayDiffer = 2 * time.Second

func clock(f *Facts) []Finding {
	if f.Host.Engine == nil || f.Host.Engine.Clock.Abs() < clockMayDiffer {
		return nil
	}
	ahead := "ahead"
	if f.Host.Engine.Clock < 0 {
		ahead = "behind"
	}
	return []Finding{{
		What: fmt.Sprintf("the engine's clock is %s %s", f.Host.Engine.Clock.Abs().Round(time.Second), ahead), Mend: "restart the engine's virtual machine, or set the time there",
	}}
}

func portTaken(f *Facts) []Finding {
	var all []Finding
	for _, conflict := range f.Host.Conflicts {
		all = append(all, Finding{Place: f.compose("services", conflict.Service, "ports"), What: conflict.What, Mend: conflict.Mend})
	}
	return all
}

func containerIll(f *Facts) []Finding {
	var all []Finding
	for _, c := range f.Host.Containers {
		if what := c.ill(); what != "" {
			all = append(all, Finding{Place: f.compose("services", c.Service), What: c.Name + " " + what, Mend: "devenv logs " + c.Service})
		}
	}
	return all
}

// ill says what is wrong with a container, or "".
func (c Container) ill() string {
	switch {
	case c.OutOfMemory:
		return "was killed because its memory was full"
	case c.State == "restarting":
		return fmt.Sprintf("restarts again and again (%d times, exit code %d)", c.Restarts, c.ExitCode)
	case c.Health == "unhealthy":
		return "is unhealthy"
	}
	return ""
}

func staleSession(f *Facts) []Finding {
	if f.Host.Died == "" {
		return nil
	}
	return []Finding{{What: f.Host.Died + " was killed", Mend: "devenv up -d watches again"}}
}

// proxyVariables are where programs look for a proxy.
var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"}

func proxy(f *Facts) []Finding {
	for _, name := range proxyVariables {
		value := f.Host.Env[name]
		_, address, isURL := strings.Cut(value, "://")
		if !isURL {
			address = value
		}
		if strings.HasPrefix(address, "localhost") || strings.HasPrefix(address, "127.") || strings.HasPrefix(address, "[::1]") {
			return []Finding{{What: name + " names a proxy on this machine's localhost", Mend: "name it by an address that containers reach, such as host.docker.internal"}}
		}
	}
	return nil
}

// bundleVariables name a file of certificates for some program or other.
var bundleVariables = []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT"}

// systemBundles are what operating systems trust by themselves.
var systemBundles = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem"}

func ca(f *Facts) []Finding {
	if f.Host.CABundle {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(f.Host.Env)) {
		if file := f.Host.Env[name]; slices.Contains(bundleVariables, name) && file != "" && !slices.Contains(systemBundles, file) {
			return []Finding{{What: name + " names certificates that builds and containers do not get", Mend: "ca_bundle: " + f.Host.Env[name] + " in your profile"}}
		}
	}
	return nil
}
