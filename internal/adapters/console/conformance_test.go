package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters/adaptertest"
	"modbot/internal/adapters/console"
)

func TestConformance(t *testing.T) {
	t.Run("text", func(t *testing.T) { adaptertest.Run(t, newHarness(false)) })
	t.Run("json", func(t *testing.T) { adaptertest.Run(t, newHarness(true)) })
}

// newHarness makes a console that reads a pipe, with somebody who types into
// it and looks at what is written.
func newHarness(asJSON bool) adaptertest.Factory {
	return func(tb testing.TB, trace *adaptertest.Trace) adaptertest.Harness {
		tb.Helper()
		in, keys, err := os.Pipe()
		require.NoError(tb, err)
		w := &window{tb: tb, trace: trace, json: asJSON, keys: keys, actor: "mia"}
		c, err := console.New(zap.NewNop(), console.Config{
			In: in, Out: w, JSON: asJSON, People: []console.Person{{ID: "mia"}, {ID: "ada"}},
		})
		require.NoError(tb, err)
		return adaptertest.Harness{
			Adapter: c, Channel: c, Actors: []string{"mia", "ada"},
			Deliver:   w.deliver,
			Redeliver: func(_ testing.TB, d adaptertest.Delivery) { w.typed("again", d.ID) },
			End:       func(testing.TB) { _ = keys.Close() },
			Close: func() {
				_ = keys.Close()
				_ = in.Close()
			},
			Lacks: map[adaptertest.Trait]string{
				adaptertest.Acknowledgement: "nobody at a terminal waits for one",
				adaptertest.Signature:       "nobody else can type at the operator's own terminal",
				adaptertest.Buttons:         "buttons are shown as commands to type",
				adaptertest.Forms:           "everything is typed in one line",
				adaptertest.Suggestions:     "a pipe has no Tab key; completion on a terminal has tests of its own",
				adaptertest.RoleLookup:      "people are given with the configuration, nothing is looked up",
				adaptertest.Throttling:      "a terminal takes everything at once",
				adaptertest.ContentRefusal:  "a terminal refuses no content",
				adaptertest.TextLimit:       "a terminal has no longest text",
			},
		}
	}
}

// window is the person at the console: types lines, and reads what appears.
type window struct {
	tb    testing.TB
	trace *adaptertest.Trace
	json  bool

	mu    sync.Mutex
	keys  *os.File
	actor string
	ids   []string // of the delivery that each line typed was; empty for others
	echos int      // lines that the transcript has shown
}

func (w *window) deliver(_ testing.TB, d adaptertest.Delivery) {
	w.mu.Lock()
	as := ""
	if w.actor != d.Actor {
		w.actor = d.Actor
		w.ids = append(w.ids, "")
		as = "as " + d.Actor + "\n"
	}
	w.ids = append(w.ids, d.ID)
	_, err := fmt.Fprintf(w.keys, "%s/%s\n", as, d.Line())
	w.mu.Unlock()
	if err != nil {
		w.tb.Errorf("typing: %v", err)
	}
}

func (w *window) typed(line, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids = append(w.ids, id)
	if _, err := fmt.Fprintln(w.keys, line); err != nil {
		w.tb.Errorf("typing: %v", err)
	}
}

// Write reads one write of the console, which is always one whole block.
func (w *window) Write(p []byte) (int, error) {
	if !bytes.HasSuffix(p, []byte("\n")) {
		w.tb.Errorf("half a line was written: %q", p)
	}
	if w.json {
		w.object(p)
	} else {
		w.block(strings.TrimSuffix(string(p), "\n"))
	}
	return len(p), nil
}

// idOf is the delivery that a line was, counted from 1.
func (w *window) idOf(line int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ids[line-1]
}

func (w *window) object(p []byte) {
	var o struct {
		Type, Text string
		ID         int
	}
	if err := json.Unmarshal(p, &o); err != nil || bytes.Count(p, []byte("\n")) != 1 {
		w.tb.Errorf("not one object: %q", p)
		return
	}
	switch o.Type {
	case "post":
		w.trace.Post(seen(o.Text))
	case "reply":
		if id := w.idOf(o.ID); id != "" {
			w.trace.Show(id, seen(o.Text))
		}
	default:
		w.tb.Errorf("unknown object: %q", p)
	}
}

const pane = "  #audit │ "

var (
	prompted = regexp.MustCompile(`^\n?(mia|ada)> `)
	delivery = regexp.MustCompile(`delivery-\d+`)
)

func (w *window) block(text string) {
	switch {
	case prompted.MatchString(text):
		w.echos++
		if s := seen(strings.TrimPrefix(text, "\n")); len(s.Live) > 0 || strings.Contains(s.Text, "\n") {
			w.tb.Errorf("the transcript acts on %q", text)
		}
	case strings.HasPrefix(text, pane):
		w.trace.Post(seen(strings.ReplaceAll(text[len(pane):], "\n"+pane, "\n")))
	case strings.HasPrefix(text, "↳ "):
		head, rest, _ := strings.Cut(text, "\n")
		w.trace.Show(delivery.FindString(head), seen(rest))
	default:
		if id := w.idOf(w.echos); id != "" {
			w.trace.Show(id, seen(text))
		}
	}
}

// seen is what a terminal shows: control characters and overrides act, and so
// does a line that looks like the audit channel's.
func seen(text string) adaptertest.Shown {
	s := adaptertest.Shown{Text: text}
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			s.Live = append(s.Live, fmt.Sprintf("%U", r))
		}
	}
	if strings.Contains("\n"+text, "\n"+pane) {
		s.Live = append(s.Live, "a line of the audit channel")
	}
	return s
}
