package discordsim

import (
	"hash/fnv"
	"net/http"
	"strconv"
	"time"
)

// Limit is how many calls a bucket lets through in a time.
type Limit struct {
	Calls int
	Per   time.Duration
}

// DefaultLimits are about what Discord does; it publishes none.
func DefaultLimits() map[string]Limit {
	five := Limit{Calls: 5, Per: 5 * time.Second}
	return map[string]Limit{
		"POST /channels/{channel}/messages":                five,
		"POST /webhooks/{app}/{token}":                     five,
		"PATCH /webhooks/{app}/{token}/messages/@original": five,
		"PUT /applications/{app}/guilds/{guild}/commands":  {Calls: 2, Per: 20 * time.Second},
	}
}

// globalCalls is how many calls a bot may make in a second.
const globalCalls = 50

// window counts the calls of a bucket.
type window struct {
	ends time.Time
	used int
}

// count counts a call, and answers one that is too many. The headers are for
// whatever answer the call gets. The server is locked.
func (s *Server) count(rt route, major string) (http.Header, *reply) {
	header := http.Header{}
	if s.cfg.Unlimited || rt.urgent {
		return header, nil
	}
	if !rt.interaction {
		if w := s.window("global", time.Second); w.used > globalCalls {
			r := tooMany(w.ends.Sub(s.cfg.Now()), "global")
			return header, &r
		}
	}
	limit, limited := s.cfg.Limits[rt.name]
	if !limited {
		return header, nil
	}
	w := s.window(rt.name+" "+major, limit.Per)
	left := w.ends.Sub(s.cfg.Now())
	header.Set("X-Ratelimit-Limit", strconv.Itoa(limit.Calls))
	header.Set("X-Ratelimit-Remaining", strconv.Itoa(max(limit.Calls-w.used, 0)))
	header.Set("X-Ratelimit-Reset", strconv.FormatFloat(float64(w.ends.UnixMilli())/1000, 'f', 3, 64))
	header.Set("X-Ratelimit-Reset-After", seconds(left))
	header.Set("X-Ratelimit-Bucket", bucketName(rt.name))
	if w.used > limit.Calls {
		r := tooMany(left, "user")
		return header, &r
	}
	return header, nil
}

// window counts one call in the window of a key.
func (s *Server) window(key string, per time.Duration) *window {
	now := s.cfg.Now()
	w := s.windows[key]
	if w == nil || !now.Before(w.ends) {
		w = &window{ends: now.Add(per)}
		s.windows[key] = w
	}
	w.used++
	return w
}

// bucketName is a name that says nothing, as Discord's do.
func bucketName(route string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(route)) // never fails
	return strconv.FormatUint(h.Sum64(), 16)
}

// tooMany is a 429 with all that goes with it.
func tooMany(wait time.Duration, scope string) reply {
	if scope == "" {
		scope = "user"
	}
	h := http.Header{}
	h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	h.Set("X-Ratelimit-Scope", scope)
	h.Set("X-Ratelimit-Remaining", "0")
	if scope == "global" {
		h.Set("X-Ratelimit-Global", "true")
	}
	return reply{status: http.StatusTooManyRequests, header: h, body: map[string]any{
		"message": "You are being rate limited.", "retry_after": wait.Seconds(), "global": scope == "global",
	}}
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
