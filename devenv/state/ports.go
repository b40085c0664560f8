package state

import (
	"encoding/json"
	"os"
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
	if err := s.create(); err != nil {
		return err
	}
	ports := s.DebugPorts()
	ports[service] = port
	content, err := json.MarshalIndent(ports, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomically(s.path("debug.json"), append(content, '\n'))
}
