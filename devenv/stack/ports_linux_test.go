package stack

import (
	"net/netip"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestListeners(t *testing.T) {
	t.Parallel()
	const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41234 1 0 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0
   2: 0100007F:9C40 0100007F:1F40 01 00000000:00000000 00:00000000 00000000  1000        0 55555 1 0 20 4 30 10 -1
`
	const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0 100 0 0 10 0
   1: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 778 1 0 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:1539 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 779 1 0 100 0 0 10 0
`
	all := netip.Addr{}
	equal(t, listeners(tcp, "tcp"), []socket{
		{ip: netip.MustParseAddr("127.0.0.1"), port: 8000, inode: "41234"},
		{ip: all, port: 22, inode: "12345"},
	})
	equal(t, listeners(tcp6, "tcp"), []socket{
		{ip: all, port: 80, inode: "777"},
		{ip: netip.MustParseAddr("::1"), port: 5432, inode: "778"},
		{ip: netip.MustParseAddr("127.0.0.1"), port: 5433, inode: "779"},
	})
}

func TestClaims(t *testing.T) {
	t.Parallel()
	none := 0
	p := &types.Project{Services: types.Services{
		"api": {Name: "api", Ports: []types.ServicePortConfig{
			{Target: 8000, Published: "8000", Protocol: "tcp"},
			{Target: 5678, Published: "5678", HostIP: "127.0.0.1"},
			{Target: 53, Published: "53", HostIP: "0.0.0.0", Protocol: "udp"},
			{Target: 9000, Published: "9000-9010"}, // the engine chooses
			{Target: 9100},                         // the engine chooses
		}},
		"host": {Name: "host", NetworkMode: "host", Ports: []types.ServicePortConfig{{Published: "1"}}},
		"none": {Name: "none", Scale: &none, Ports: []types.ServicePortConfig{{Published: "2"}}},
	}}
	equal(t, claims(p), []claim{
		{service: "api", port: 8000, protocol: "tcp"},
		{service: "api", ip: netip.MustParseAddr("127.0.0.1"), port: 5678, protocol: "tcp"},
		{service: "api", ip: netip.IPv4Unspecified(), port: 53, protocol: "udp"},
	})
}
