package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"modbot/internal/chat"
)

// Build is how this binary was made.
type Build struct{ Version, Revision, Go string }

// Metrics counts what happens. It is safe for use by several goroutines, and is
// a Meter of the adapters.
type Metrics struct {
	registry *prometheus.Registry

	commands   *prometheus.HistogramVec // platform, verb, outcome
	settled    *prometheus.CounterVec   // platform, verb, outcome
	inFlight   *prometheus.GaugeVec     // platform
	assists    *prometheus.HistogramVec // platform, kind
	deliveries *prometheus.CounterVec   // platform, kind, result
	calls      *prometheus.HistogramVec // platform, method, result
	requests   *prometheus.HistogramVec // listener, status

	platform, verb, outcome, assist, kind, delivered, method, called, listener label
}

// What takes how long. The buckets stand where something changes for people: an
// answer within 0.8 s is the answer to the command itself, "Working…" is said
// after 2 s, and platforms give a delivery up after 3 s.
func commandBuckets() []float64 {
	return []float64{.025, .05, .1, .25, .5, .8, 1, 2, 3, 5, 10, 20, 30}
}

func callBuckets() []float64 {
	return []float64{.025, .05, .1, .25, .5, 1, 2, 3, 5, 8, 15}
}

func requestBuckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 3}
}

// NewMetrics makes the metrics of one process.
func NewMetrics(build Build) *Metrics {
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "modbot", Name: name, Help: help, Buckets: buckets}, labels)
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "modbot", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		commands: histogram("command_duration_seconds",
			"Commands, and the time from the hand-over by the platform to the answer.", commandBuckets(), "platform", "verb", "outcome"),
		settled: counter("commands_settled_total",
			"Commands that were answered \"unknown\", by what was found later.", "platform", "verb", "outcome"),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "modbot", Name: "commands_in_flight", Help: "Commands that have no answer yet.",
		}, []string{"platform"}),
		assists: histogram("assist_duration_seconds",
			"Forms and suggestions built from what is known already.", commandBuckets(), "platform", "kind"),
		deliveries: counter("deliveries_total",
			"What came in from a platform, by kind and by what became of it.", "platform", "kind", "result"),
		calls: histogram("api_call_duration_seconds",
			"Calls to a platform's API.", callBuckets(), "platform", "method", "result"),
		requests: histogram("http_request_duration_seconds",
			"HTTP requests to this process.", requestBuckets(), "listener", "status"),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "modbot", Name: "build_info", Help: "How this binary was made; always 1.",
		ConstLabels: prometheus.Labels{"version": build.Version, "revision": build.Revision, "go": build.Go},
	})
	info.Set(1)
	m.registry.MustRegister(
		m.commands, m.settled, m.inFlight, m.assists, m.deliveries, m.calls, m.requests, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Began counts a command that was handed over. The returned function is called
// with the state of its first answer, and how long that took.
func (m *Metrics) Began(p chat.Platform, verb string) (answered func(s chat.State, took time.Duration)) {
	platform := m.platform.of(string(p))
	m.inFlight.WithLabelValues(platform).Inc()
	return func(s chat.State, took time.Duration) {
		m.inFlight.WithLabelValues(platform).Dec()
		m.commands.WithLabelValues(platform, m.verb.of(verb), m.outcome.of(string(s))).Observe(took.Seconds())
	}
}

// Settled counts what was found about a command whose first answer was that
// nobody knows.
func (m *Metrics) Settled(p chat.Platform, verb string, s chat.State) {
	m.settled.WithLabelValues(m.platform.of(string(p)), m.verb.of(verb), m.outcome.of(string(s))).Inc()
}

// Assisted counts a form or a list of suggestions.
func (m *Metrics) Assisted(p chat.Platform, kind string, took time.Duration) {
	m.assists.WithLabelValues(m.platform.of(string(p)), m.assist.of(kind)).Observe(took.Seconds())
}

// Delivered counts what came in from a platform.
func (m *Metrics) Delivered(p chat.Platform, kind, result string) {
	m.deliveries.WithLabelValues(m.platform.of(string(p)), m.kind.of(kind), m.delivered.of(result)).Inc()
}

// Called counts a call to a platform's API.
func (m *Metrics) Called(p chat.Platform, method, result string, took time.Duration) {
	m.calls.WithLabelValues(m.platform.of(string(p)), m.method.of(method), m.called.of(result)).Observe(took.Seconds())
}

// Requests counts the requests of a listener.
func (m *Metrics) Requests(listener string, next http.Handler) http.Handler {
	listener = m.listener.of(listener)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			m.requests.WithLabelValues(listener, statusLabel(rec.status)).Observe(time.Since(begun).Seconds())
		}()
		next.ServeHTTP(rec, r)
	})
}

// statusLabel is a status as a label; there are no more than HTTP has.
func statusLabel(status int) string {
	if http.StatusText(status) == "" {
		return labelOther
	}
	return strconv.Itoa(status)
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	begun  bool
}

// WriteHeader notes the first status that is final.
func (r *recorder) WriteHeader(status int) {
	if !r.begun && status >= http.StatusOK {
		r.status, r.begun = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write begins the answer, if nothing has.
func (r *recorder) Write(b []byte) (int, error) {
	r.begun = true
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// handler is what Prometheus scrapes. A collector that fails leaves the others'
// metrics as they are.
func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: m.registry, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: scrapesMost,
	})
}

// scrapesMost bounds the scrapes at one time: each reads the ledger.
const scrapesMost = 4
