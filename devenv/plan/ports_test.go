package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/plan"
)

// portProject has services written as "NAME[*REPLICAS][@NETWORK_MODE] PORT...", a port in Compose's short form.
func portProject(t *testing.T, services ...string) *types.Project {
	t.Helper()
	p := &types.Project{Name: "shop", Services: types.Services{}}
	for _, text := range services {
		words := strings.Fields(text)
		name, mode, _ := strings.Cut(words[0], "@")
		name, replicas, scaled := strings.Cut(name, "*")
		service := types.ServiceConfig{Name: name, NetworkMode: mode, Environment: types.MappingWithEquals{}}
		if scaled {
			service.SetScale(int(replicas[0] - '0'))
		}
		for _, port := range words[1:] {
			parsed, err := types.ParsePortConfig(port)
			if err != nil {
				t.Fatal(err)
			}
			service.Ports = append(service.Ports, parsed...)
		}
		p.Services[name] = service
	}
	return p
}

func portText(ports []plan.HostPort) string {
	var text strings.Builder
	for _, p := range ports {
		fmt.Fprintf(&text, "%s %d at %s, %s", p.Service, p.Container, p.Published, p.Why)
		if p.Cause != "" {
			fmt.Fprintf(&text, ": %s", p.Cause)
		}
		text.WriteString("\n")
	}
	return text.String()
}

// takenBy is a machine on which somebody has some ports, "PORT" or "ADDRESS:PORT/PROTOCOL".
func takenBy(who string, ports ...string) func(plan.Binding, uint16) string {
	return func(at plan.Binding, port uint16) string {
		for _, one := range []string{fmt.Sprint(port), fmt.Sprintf("%s:%d/%s", at.IP, port, at.Protocol)} {
			if slices.Contains(ports, one) {
				return who
			}
		}
		return ""
	}
}

func TestPorts(t *testing.T) {
	t.Parallel()
	auto := plan.PortRules{Auto: true, Cause: "alice.yaml:1:1 says auto"}
	with := func(rules plan.PortRules, change func(*plan.PortRules)) plan.PortRules {
		change(&rules)
		return rules
	}
	for _, test := range []struct {
		name     string
		services []string
		env      string // a variable of api
		rules    plan.PortRules
		want     string
	}{
		{"what is declared stays, also where it is taken: that is an error of whoever starts it",
			[]string{"api 8000:8000 127.0.0.1:9000-9003:9000 7000", "db 5432:5432"}, "",
			plan.PortRules{Taken: takenBy("nc", "8000")},
			"api 8000 at 8000, declared\napi 9000 at 9000-9003, engine\napi 7000 at , engine\ndb 5432 at 5432, declared\n"},
		{"auto takes the next one that is free",
			[]string{"api 8000:8000", "db 5432:5432"}, "",
			with(auto, func(r *plan.PortRules) { r.Taken = takenBy("process nc (pid 7)", "8000", "8001") }),
			"api 8000 at 8002, auto: 8000 is taken by process nc (pid 7); alice.yaml:1:1 says auto\ndb 5432 at 5432, auto\n"},
		{"another checkout's port is left to it",
			[]string{"api 8000:8000"}, "",
			with(auto, func(r *plan.PortRules) {
				r.Reserved = func(port uint16) string { return map[uint16]string{8000: "../shop"}[port] }
			}),
			"api 8000 at 8001, auto: 8000 is kept for ../shop; alice.yaml:1:1 says auto\n"},
		{"what is remembered comes back, although the declared one is free",
			[]string{"api 8000:8000"}, "",
			with(auto, func(r *plan.PortRules) { r.Remembered = map[string]map[string]string{"api": {"8000:8000": "8004"}} }),
			"api 8000 at 8004, auto: remembered by this checkout; alice.yaml:1:1 says auto\n"},
		{"nothing new takes what is remembered for another service",
			[]string{"api 8000:8000", "web 8000:80"}, "",
			with(auto, func(r *plan.PortRules) { r.Remembered = map[string]map[string]string{"web": {"8000:80": "8000"}} }),
			"api 8000 at 8001, auto: 8000 is web's; alice.yaml:1:1 says auto\nweb 80 at 8000, auto\n"},
		{"what is remembered and taken by now is looked for anew",
			[]string{"api 8000:8000"}, "",
			with(auto, func(r *plan.PortRules) {
				r.Remembered, r.Taken = map[string]map[string]string{"api": {"8000:8000": "8004"}}, takenBy("nc", "8004", "8000")
			}),
			"api 8000 at 8001, auto: 8000 is taken by nc; alice.yaml:1:1 says auto\n"},
		{"a debug port is no free one",
			[]string{"api 5678:80"}, "",
			with(auto, func(r *plan.PortRules) { r.Debug = map[string]uint16{"worker": 5678} }),
			"api 80 at 5679, auto: 5678 is where worker is debugged; alice.yaml:1:1 says auto\n"},
		{"replicas get a port each",
			[]string{"api*3 8000:8000"}, "",
			with(auto, func(r *plan.PortRules) { r.Taken = takenBy("nc", "8001") }),
			"api 8000 at 8002-8004, auto: 8001 is taken by nc; alice.yaml:1:1 says auto\n"},
		{"of a range one container needs one",
			[]string{"api 8000-8010:8000"}, "",
			with(auto, func(r *plan.PortRules) { r.Taken = takenBy("nc", "8000") }),
			"api 8000 at 8001, auto: 8000 is taken by nc; alice.yaml:1:1 says auto\n"},
		{"a range on both sides is so many ports",
			[]string{"api 8000-8001:9000-9001"}, "", auto,
			"api 9000 at 8000, auto\napi 9001 at 8001, auto\n"},
		{"tcp and udp of one port stay together, as do its addresses",
			[]string{"dns 127.0.0.1:5353:53/udp [::1]:5353:53/tcp"}, "",
			with(auto, func(r *plan.PortRules) { r.Taken = takenBy("avahi", "127.0.0.1:5353/udp") }),
			"dns 53 at 5354, auto: 5353 is taken by avahi; alice.yaml:1:1 says auto\n"},
		{"one number on two addresses, or for two protocols, is no clash",
			[]string{"a 127.0.0.1:8000:80", "b 127.0.0.2:8000:80", "c 8000:80/udp"}, "", auto,
			"a 80 at 8000, auto\nb 80 at 8000, auto\nc 80 at 8000, auto\n"},
		{"the host's network has the container's ports",
			[]string{"api@host 8000:8000"}, "", with(auto, func(r *plan.PortRules) { r.Taken = takenBy("nc", "8000") }),
			"api 8000 at 8000, host network\n"},
		{"an offset moves all that are declared, but those that a profile says",
			[]string{"api 8000:8000 9000-9001:9000-9001 7000", "db 5432:5432"}, "",
			plan.PortRules{Offset: 100, Cause: "alice.yaml:1:8 says offset", ByProfile: map[string]bool{"db": true}},
			"api 8000 at 8100, offset: alice.yaml:1:8 says offset: +100\napi 9000 at 9100, offset: alice.yaml:1:8 says offset: +100\n" +
				"api 9001 at 9101, offset: alice.yaml:1:8 says offset: +100\napi 7000 at , engine\ndb 5432 at 5432, profile\n"},
		{"a template needs one of a range, with the offset too",
			[]string{"api 8000-8010:8000"}, "${devenv.url.api}", plan.PortRules{Offset: 100, Cause: "here", Taken: takenBy("nc", "8100")},
			"api 8000 at 8101, auto: 8100 is taken by nc; a template asks for it\n"},
		{"a range that a profile says is the engine's to choose from",
			[]string{"api 8000-8010:8000"}, "",
			plan.PortRules{Offset: 100, Cause: "here", ByProfile: map[string]bool{"api": true}},
			"api 8000 at 8000-8010, engine\n"},
		{"a number that is given goes before everything",
			[]string{"api 8000:8000 9000-9002:9000", "db 5432"}, "",
			with(auto, func(r *plan.PortRules) {
				r.Fixed = map[string]plan.Fixed{"api:8000": {8100, "here"}, "api:9000": {9100, "here"}, "db:5432": {15432, "here"}}
			}),
			"api 8000 at 8100, fixed: here\napi 9000 at 9100-9102, fixed: here\ndb 5432 at 15432, fixed: here\n"},
		{"a profile's port moves too where it is taken",
			[]string{"api 18000:8000", "db 15432:5432"}, "",
			with(auto, func(r *plan.PortRules) {
				r.ByProfile, r.Taken = map[string]bool{"api": true, "db": true}, takenBy("nc", "18000")
			}),
			"api 8000 at 18001, auto: 18000 is taken by nc; alice.yaml:1:1 says auto\ndb 5432 at 15432, profile\n"},
		{"a template needs a number that is known, also where the engine would choose",
			[]string{"api 80 9000-9010:9000 7000"}, "${devenv.url.api} ${devenv.port.api.9000}", plan.PortRules{Taken: takenBy("nc", "9000")},
			"api 80 at 8080, auto: a template asks for it\napi 9000 at 9001, auto: 9000 is taken by nc; a template asks for it\n" +
				"api 7000 at 7000, auto: a template asks for it\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := portProject(t, test.services...)
			if test.env != "" {
				p.Services["api"].Environment["URL"] = &test.env
			}
			ports, err := test.rules.Ports(p)
			if got := portText(ports); err != nil || got != test.want {
				t.Errorf("%v, got\n%swant\n%s", err, got, test.want)
			}
		})
	}
}

// A number that cannot be is refused.
func TestPortsRefused(t *testing.T) {
	t.Parallel()
	p := portProject(t, "api 60000:80", "web 61000:80")
	_, err := plan.PortRules{Offset: 5000, Cause: "alice.yaml:1:8 says offset"}.Ports(p)
	if want := "web: host port 61000 with the offset 5000 is no port"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	full := func(plan.Binding, uint16) string { return "nc" }
	_, err = plan.PortRules{Auto: true, Taken: full}.Ports(p)
	if want := "api: no host port is free from 60000 on"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Templates are filled in after the decision, and each change says why; a part of the project has the whole's ports.
func TestWithPorts(t *testing.T) {
	t.Parallel()
	p := portProject(t, "api 8000:8000 5678:5678", "web 127.0.0.1:3000:3000")
	url, both := "${devenv.url.api}/v1", "${devenv.port.api.8000},${devenv.port.api.5678}"
	web := p.Services["web"]
	web.Environment = types.MappingWithEquals{"URL": &url, "BOTH": &both}
	web.Command = types.ShellCommand{"serve", "--at", "${devenv.url.web.3000}"}
	web.Build = &types.BuildConfig{Args: types.MappingWithEquals{"API": &url}}
	p.Services["web"] = web
	alone := *p
	alone.Services = types.Services{"web": web}
	made := plan.Plan{Project: &alone, Whole: p}
	rules := plan.PortRules{Auto: true, Cause: "in a linked worktree", Taken: takenBy("nc", "8000")}
	first, err := made.WithPorts(rules)
	if err != nil {
		t.Fatal(err)
	}
	const want = `web.environment.BOTH: ${devenv.port.api.8000},${devenv.port.api.5678} -> 8001,5678  because api publishes 8000 at 8001: 8000 is taken by nc; in a linked worktree; api publishes 5678 at 5678: auto
web.environment.URL: ${devenv.url.api}/v1 -> http://localhost:8001/v1  because api publishes 8000 at 8001: 8000 is taken by nc; in a linked worktree
web.build.args.API: ${devenv.url.api}/v1 -> http://localhost:8001/v1  because api publishes 8000 at 8001: 8000 is taken by nc; in a linked worktree
web.command: serve --at ${devenv.url.web.3000} -> serve --at http://127.0.0.1:3000  because web publishes 3000 at 3000: auto
`
	if got := changeText(first); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	rules.Taken = takenBy("nc", "8000", "8001")
	again, err := first.WithPorts(rules)
	if err != nil || *again.Project.Services["web"].Environment["URL"] != "http://localhost:8002/v1" {
		t.Errorf("decided anew: %v, %s", err, changeText(again))
	}
	if *p.Services["web"].Environment["URL"] != url || *first.Project.Services["web"].Environment["URL"] != "http://localhost:8001/v1" {
		t.Error("an earlier plan was changed")
	}
}

func changeText(p plan.Plan) string {
	var text strings.Builder
	for _, change := range p.Changes {
		fmt.Fprintln(&text, change)
	}
	return text.String()
}

// Whatever is taken, remembered and declared: nothing is given twice, nothing that is taken is given, what is
// remembered and free comes back, and a decision that is remembered is made again.
func FuzzPorts(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		var services []string
		for i := range 1 + random.IntN(5) {
			text := fmt.Sprintf("s%d*%d", i, 1+random.IntN(3))
			for range random.IntN(4) {
				text += fmt.Sprintf(" %d:%d", 8000+random.IntN(6), 80+random.IntN(3))
			}
			services = append(services, text)
		}
		taken := map[uint16]bool{}
		for range random.IntN(20) {
			taken[uint16(8000+random.IntN(25))] = true
		}
		rules := plan.PortRules{Auto: true, Taken: func(_ plan.Binding, port uint16) string {
			return map[bool]string{true: "somebody"}[taken[port]]
		}}
		first, err := rules.Ports(portProject(t, services...))
		if err != nil {
			t.Fatal(err)
		}
		rules.Remembered = map[string]map[string]string{}
		owner := map[int]string{}
		for _, port := range first {
			for n := 1; n <= 65535; n++ {
				if !plan.Covers(port.Published, uint16(n)) {
					continue
				}
				if owner[n] != "" || taken[uint16(n)] {
					t.Fatalf("%s %s has %d, which is %s's or taken\n%s", port.Service, port.Key(), n, owner[n], portText(first))
				}
				owner[n] = port.Service
			}
			if rules.Remembered[port.Service] == nil {
				rules.Remembered[port.Service] = map[string]string{}
			}
			rules.Remembered[port.Service][port.Key()] = port.Published
		}
		clear(taken)
		again, err := rules.Ports(portProject(t, services...))
		if err != nil {
			t.Fatal(err)
		}
		for i := range first {
			if first[i].Published != again[i].Published {
				t.Fatalf("%s moved though it was free:\n%s%s", first[i].Key(), portText(first), portText(again))
			}
		}
	})
}
