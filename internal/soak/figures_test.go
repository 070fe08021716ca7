//go:build unix

package soak

import (
	"fmt"
	"slices"
	"time"

	"modbot/internal/proctest"
)

// sampleEvery is how often modbot's own metrics are read.
const sampleEvery = time.Second

// Names of metrics. Half the next collection's goal is what the last one found
// alive: modbot leaves Go's GOGC at 100.
const (
	metricGoal       = "go_memstats_next_gc_bytes"
	metricGoroutines = "go_goroutines"
	metricResident   = "process_resident_memory_bytes"
)

// sample is one look at modbot's metrics.
type sample struct {
	live, resident, goroutines float64
}

func (w *world) sample() sample {
	w.t.Helper()
	m := proctest.Metrics(w.t, w.serve.Admin)
	return sample{live: m[metricGoal] / 2, resident: m[metricResident], goroutines: m[metricGoroutines]}
}

// watch samples until it is stopped.
func (w *world) watch(stop <-chan struct{}) (all []sample) {
	w.t.Helper()
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			all = append(all, w.sample())
		case <-stop:
			return all
		}
	}
}

// middle is the median of a figure.
func middle(all []sample, figure func(sample) float64) float64 {
	values := make([]float64, 0, len(all))
	for _, s := range all {
		values = append(values, figure(s))
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func live(s sample) float64       { return s.live }
func resident(s sample) float64   { return s.resident }
func goroutines(s sample) float64 { return s.goroutines }

// quantile is of acknowledgements, in milliseconds.
func quantile(all []time.Duration, q float64) string {
	if len(all) == 0 {
		return "none"
	}
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%.0f ms", float64(sorted[int(q*float64(len(sorted)-1))])/float64(time.Millisecond))
}

func megabytes(bytes float64) string { return fmt.Sprintf("%.1f MB", bytes/1e6) }
