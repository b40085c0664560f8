package build

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// fakeRegistry wants a login and refuses each; it tells the first credentials that it was shown. The engine
// takes a registry on the loopback without TLS.
func fakeRegistry(t *testing.T) (host string, authorization <-chan string) {
	t.Helper()
	shown := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if value := r.Header.Get("Authorization"); value != "" {
			select {
			case shown <- value:
			default:
			}
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), shown
}
