package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Admin serves what only those who run modbot look at.
//
//	GET /healthz  200 as long as the process answers
//	GET /readyz   200 when modbot can do its work, else 503; both say how
//	              everything is that this hangs on
//	GET /metrics  the metrics
//
// The first two answer in text, a line for each thing, or in JSON where the
// request asks for it (Accept: application/json).
func Admin(h *Health, m *Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if wantsJSON(r) {
			writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
			return
		}
		writeText(w, http.StatusOK, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ready := h.Readiness(r.Context())
		status := http.StatusOK
		if !ready.Ready {
			status = http.StatusServiceUnavailable
		}
		if wantsJSON(r) {
			writeJSON(w, status, ready)
			return
		}
		writeText(w, status, ready.text())
	})
	mux.Handle("GET /metrics", m.handler())
	return m.Requests("admin", mux)
}

// text is a line for the whole, and one for each check.
func (r Readiness) text() string {
	var b strings.Builder
	if r.Ready {
		b.WriteString("ready\n")
	} else {
		b.WriteString("not ready\n")
	}
	for _, c := range r.Checks {
		state := "up"
		if !c.Up {
			state = "down"
		}
		name := c.Kind
		if c.Name != c.Kind {
			name += " " + c.Name
		}
		fmt.Fprintf(&b, "%-4s %s", state, name)
		if c.Why != "" {
			// One line each, whatever an error says.
			b.WriteString(": " + strings.Join(strings.Fields(c.Why), " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}

// What goes wrong while an answer is written is the reader's connection; there
// is nobody left to tell.

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
