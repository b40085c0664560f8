package state

import (
	"encoding/json"
	"os"
	"strconv"
)

// DebugPorts are the ports of this machine at which this checkout's services were debugged last. What cannot be read
// counts as nothing remembered: a port can be found again.
func (s Store) DebugPorts() map[string]uint16 {
	ports := map[string]uint16{}
	content, err := os.ReadFile(s.path("debug.json"))
	if err != nil || json.Unmarshal(content, &ports) != nil {
		return map[string]uint16{}
	}
	return ports
}

// SaveDebugPort remembers the port of a service.
func (s Store) SaveDebugPort(service string, port uint16) error {
	ports := s.DebugPorts()
	ports[service] = port
	return s.save("debug.json", ports)
}

// Ports are host ports, or ranges of them, by service and by HOST:CONTAINER as declared.
type Ports map[string]map[string]string

// Ports are the ports of this machine at which this checkout was published last. What cannot be read counts as nothing
// remembered.
func (s Store) Ports() Ports {
	ports := Ports{}
	content, err := os.ReadFile(s.path("ports.json"))
	if err != nil || json.Unmarshal(content, &ports) != nil {
		return Ports{}
	}
	return ports
}

// savePorts remembers ports over those that are remembered: other profiles and modes have others.
func (s Store) savePorts(ports Ports) error {
	all, changed := s.Ports(), false
	for service, own := range ports {
		if all[service] == nil {
			all[service] = map[string]string{}
		}
		for key, port := range own {
			changed = changed || all[service][key] != port
			all[service][key] = port
		}
	}
	if !changed {
		return nil
	}
	return s.save("ports.json", all)
}

// allPorts are those at which a checkout was published, and those at which it was debugged.
func (s Store) allPorts() Ports {
	all := s.Ports()
	for service, port := range s.DebugPorts() {
		if all[service] == nil {
			all[service] = map[string]string{}
		}
		all[service]["debug"] = strconv.Itoa(int(port))
	}
	return all
}
