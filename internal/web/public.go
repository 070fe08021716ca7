package web

import (
	"net/http"
	"strings"
)

// MaxBody is how much of a body anything behind the public listener gets to
// read, in bytes. The largest that a platform sends is a message with all its
// blocks; handlers set narrower limits of their own.
const MaxBody = 1 << 20

// Public serves what platforms call: each handler gets the requests below its
// prefix ("/slack/"), with the whole path; everything else is not found. A nil
// handler is none. Paths are taken as they come: what is signed is not
// redirected.
func Public(m *Metrics, handlers map[string]http.Handler) http.Handler {
	bounded := map[string]http.Handler{}
	for prefix, h := range handlers {
		if h != nil {
			bounded[prefix] = http.MaxBytesHandler(h, MaxBody)
		}
	}
	return m.Requests("public", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for prefix, h := range bounded {
			if strings.HasPrefix(r.URL.Path, prefix) {
				h.ServeHTTP(w, r)
				return
			}
		}
		writeText(w, http.StatusNotFound, "there is nothing here\n")
	}))
}
