package web

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// collector turns Health into metrics when they are scraped, so that they are
// never older than the scrape.
type collector struct {
	health *Health

	ledgerUp, entries, inFlight, unknown, waiting, mutes *prometheus.Desc
	depth, age, failing                                  *prometheus.Desc // by sink
	platformUp, standingBy                               *prometheus.Desc // by platform
}

// Watch adds the state of the ledger, the audit channels and the platforms to
// the metrics. It is called once.
func (m *Metrics) Watch(h *Health) error {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("modbot_"+name, help, labels, nil)
	}
	c := &collector{
		health:     h,
		ledgerUp:   desc("ledger_up", "1 when the ledger can be read."),
		entries:    desc("ledger_entries", "Entries of the ledger."),
		inFlight:   desc("ledger_open_intents", "Actions that were begun and have no outcome yet."),
		unknown:    desc("ledger_unknown_outcomes", "Actions of which nobody knows yet whether they happened."),
		waiting:    desc("ledger_open_questions", "Cases that wait for a confirmation or an approval."),
		mutes:      desc("ledger_active_mutes", "Mutes that run."),
		depth:      desc("outbox_depth", "Entries that wait to be posted to an audit channel.", "sink"),
		age:        desc("outbox_age_seconds", "How long the first entry that an audit channel has not been told of has waited.", "sink"),
		failing:    desc("outbox_failing", "1 when the last attempt at an audit channel failed.", "sink"),
		platformUp: desc("platform_up", "1 when a platform works.", "platform"),
		standingBy: desc("platform_standing_by", "1 when a platform works because another replica keeps its connection.", "platform"),
	}
	if err := m.registry.Register(c); err != nil {
		return fmt.Errorf("registering the ledger's metrics: %w", err)
	}
	return nil
}

// Describe lists what Collect gives.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.ledgerUp, c.entries, c.inFlight, c.unknown, c.waiting, c.mutes, c.depth, c.age, c.failing, c.platformUp, c.standingBy,
	} {
		out <- d
	}
}

// Collect gives what holds now. While the ledger cannot be read, what is in it
// is left out rather than guessed.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, p := range c.health.platforms {
		up, why := p.Standing()
		gauge(c.platformUp, oneIf(up), p.Name())
		gauge(c.standingBy, oneIf(up && why != ""), p.Name())
	}
	s, err := c.health.standing(context.Background()) // a collector is given none; standing has a bound of its own
	gauge(c.ledgerUp, oneIf(err == nil))
	if err != nil {
		return
	}
	gauge(c.entries, float64(s.Entries))
	gauge(c.inFlight, float64(s.InFlight))
	gauge(c.unknown, float64(s.Unknown))
	gauge(c.waiting, float64(s.Waiting))
	gauge(c.mutes, float64(s.Mutes))
	for _, sink := range s.Sinks {
		gauge(c.depth, float64(sink.Depth), sink.Name)
		gauge(c.age, sink.Age.Seconds(), sink.Name)
		gauge(c.failing, oneIf(sink.Why != ""), sink.Name)
	}
}

func oneIf(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}
