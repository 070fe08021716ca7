//go:build unix

package replicas

import (
	"net/url"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// wire is what lies between modbot and the database.
type wire struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

// newWire puts a wire before a database, and returns the URL at its other end.
func newWire(t *testing.T, store string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(store)
	require.NoError(t, err)
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "database", "127.0.0.1:0", u.Host)
	require.NoError(t, p.Start())
	t.Cleanup(p.Stop)
	u.Host = p.Listen
	return &wire{t: t, proxy: p}, u.String()
}

// cut breaks every connection and refuses new ones; mend takes them again.
func (w *wire) cut() { w.proxy.Stop() }

func (w *wire) mend() {
	w.t.Helper()
	require.NoError(w.t, w.proxy.Start())
}

// snap breaks every connection and takes new ones at once.
func (w *wire) snap() {
	w.t.Helper()
	w.cut()
	w.mend()
}

// spoil does something to what is sent, each way.
func (w *wire) spoil(kind, attributes string) {
	w.t.Helper()
	for _, way := range []string{"upstream", "downstream"} {
		_, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(
			`{"type":"` + kind + `","stream":"` + way + `","attributes":{` + attributes + `}}`))
		require.NoError(w.t, err)
	}
}

// swallow lets nothing through and breaks nothing.
func (w *wire) swallow() { w.spoil("timeout", `"timeout":0`) }

// heal lets everything through again, on new connections.
func (w *wire) heal() {
	w.t.Helper()
	w.proxy.Toxics.ResetToxics(w.t.Context())
}
