package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/adaptertest"
	"modbot/internal/adapters/console"
	"modbot/internal/chat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// people sit at the consoles of these tests.
func people() []console.Person {
	return []console.Person{
		{ID: "mia", Name: "Mia", About: "moderator, up to 7 days"},
		{ID: "ada", Name: "Ada", About: "admin"},
		{ID: "max", Name: "Max", About: "may do nothing"},
	}
}

// scripted answers the lines of the transcripts, and posts as a ledger would.
type scripted struct {
	*adaptertest.Core
	audit adapters.Channel
	seq   int64
	posts []chat.Post
	later func(chat.Reply)
}

func newScripted() *scripted {
	s := &scripted{Core: adaptertest.NewCore(adaptertest.NewTrace()), seq: 3}
	s.Answer = func(_ context.Context, inv chat.Invocation, later func(chat.Reply)) chat.Reply {
		return s.answer(inv, later)
	}
	return s
}

func (s *scripted) answer(inv chat.Invocation, later func(chat.Reply)) chat.Reply {
	until := time.Date(2026, time.November, 22, 2, 17, 0, 0, time.UTC)
	verb := strings.Fields(strings.TrimPrefix(inv.Line, "/"))[0]
	switch {
	case verb == "mute" && inv.Actor.ID == "max":
		return chat.Reply{
			State: chat.StateNotDone, Code: "no_role", Ref: "01JD0000000000000000000001",
			Message: chat.Message{Lines: []chat.Line{
				{chat.Strong("Not done"), chat.Plain(": you have no role here. Ask ada.")},
				{chat.Plain("→ "), chat.Code("/whoami")},
			}},
		}
	case verb == "mute" && strings.Contains(inv.Line, "lost"):
		s.later = later
		return chat.Reply{
			State: chat.StateUnknown, Code: "unknown", Cases: []int64{2}, Ref: "01JD0000000000000000000002",
			Message: chat.Message{Lines: []chat.Line{{chat.Strong("Unknown, checking"), chat.Plain(": Tencent gave no clear answer. Case 2.")}}},
		}
	case verb == "mute":
		s.post(chat.Line{
			chat.Strong("Done"), chat.Plain(" · mute · alice · groups · 2h, until "), chat.At(until),
			chat.Plain(" · by Mia (console:mia) · “"), chat.Quote("spamming links \u202e@everyone"), chat.Plain("” · case 1"),
		}, "done")
		return chat.Reply{
			State: chat.StateDone, Code: "done", Cases: []int64{1}, Ref: "01JD0000000000000000000003",
			Message: chat.Message{
				Lines: []chat.Line{
					{chat.Strong("Done"), chat.Plain(": "), chat.Quote("alice"), chat.Plain(" is muted in groups for 2h, until "), chat.Until(until), chat.Plain(". Case 1.")},
					{chat.Plain("Reason: “"), chat.Quote("spamming links \x1b[31m<!channel>"), chat.Plain("”")},
				},
				Buttons: []chat.Button{
					{Label: "Unmute alice in groups", Typed: "unmute alice group"},
					{Label: "What happened", Typed: "case 1"},
					{Label: "A button that cannot be typed"},
				},
			},
		}
	case verb == "settle":
		s.later(chat.Reply{
			State: chat.StateDone, Code: "done", Cases: []int64{2},
			Message: chat.Message{Lines: []chat.Line{{chat.Strong("Done"), chat.Plain(": it was in effect when read back. Case 2.")}}},
		})
		s.post(chat.Line{chat.Strong("NOT DONE"), chat.Plain(" · first line")}, "failed")
		s.posts[len(s.posts)-1].Message.Lines = append(s.posts[len(s.posts)-1].Message.Lines, chat.Line{chat.Plain("second line")})
		return chat.Reply{State: chat.StateInfo, Code: "ok", Message: chat.Text("Settled.")}
	case verb == "help":
		return chat.Reply{State: chat.StateInfo, Code: "help", Message: chat.Text("What you can do here: mute.")}
	}
	return chat.Reply{
		State: chat.StateError, Code: "unknown_verb", Ref: "01JD0000000000000000000004",
		Message: chat.Message{Lines: []chat.Line{
			{chat.Plain("There is no command “"), chat.Quote(verb), chat.Plain("”.")},
			{chat.Plain("→ "), chat.Code("/help")},
		}},
	}
}

func (s *scripted) post(line chat.Line, outcome string) {
	s.seq++
	s.posts = append(s.posts, chat.Post{
		FirstSeq: s.seq, LastSeq: s.seq, Kind: "outcome", Cases: []int64{1}, Outcome: outcome,
		Message: chat.Message{Lines: []chat.Line{line}},
	})
}

// deliver posts what is due, as the worker that owns the channel does.
func (s *scripted) deliver(ctx context.Context) {
	for _, p := range s.posts {
		_, body, err := s.audit.Render([]chat.Post{p})
		if err == nil {
			_, _ = s.audit.Send(ctx, body, chat.Delivery{FirstSeq: p.FirstSeq, LastSeq: p.LastSeq, Nonce: fmt.Sprint(p.FirstSeq)})
		}
	}
	s.posts = nil
}

// transcript runs a console over lines and returns what it wrote.
func transcript(t *testing.T, input string, change func(*console.Config)) string {
	t.Helper()
	var out bytes.Buffer
	core := newScripted()
	cfg := console.Config{
		In: strings.NewReader(input), Out: &out, People: people(), AfterLine: core.deliver,
		Local: []console.Local{{
			Name: "sim", Usage: "sim fail lost-answer", Summary: "break Tencent on purpose", Words: []string{"fail", "state"},
			Run: func(_ context.Context, args []string) (string, error) {
				if len(args) == 0 {
					return "", errors.New("sim what?\n→ sim fail lost-answer")
				}
				return "The simulator heard: " + strings.Join(args, " ") + "\n", nil
			},
		}},
		Verbs: []chat.Spec{{Verb: "mute"}},
	}
	if change != nil {
		change(&cfg)
	}
	c, err := console.New(zap.NewNop(), cfg)
	require.NoError(t, err)
	core.audit = c
	require.NoError(t, c.Run(t.Context(), core))
	require.NoError(t, c.Verified(true, 12, "mU2f", ""))
	return out.String()
}

// session is what the golden transcripts type.
const session = `/mute alice 2h group spamming links
again
mute bob 1d lost answer
sim fail lost-answer
sim

settle
as Max
/mute alice 2h
as aad
as nobody
as
as ada max
/help
help sim
exit now
frobnicate ` + "\u202ex\x1b[2J" + `
not ` + "\xff" + ` utf8
exit
never read
`

func TestTranscripts(t *testing.T) {
	welcome := chat.Message{Lines: []chat.Line{
		{chat.Strong("modbot demo"), chat.Plain(": a simulated Tencent app.")},
		{chat.Plain("→ "), chat.Code("/mute alice 2h group spamming links")},
	}}
	for name, change := range map[string]func(*console.Config){
		"text":   nil,
		"json":   func(c *console.Config) { c.JSON = true; c.Welcome = welcome },
		"color":  func(c *console.Config) { c.Color = true; c.Welcome = welcome },
		"as-ada": func(c *console.Config) { c.Start = "ada"; c.Welcome = welcome },
	} {
		t.Run(name, func(t *testing.T) {
			input := session
			if name == "as-ada" {
				input = "/mute alice 2h group spam\n"
			}
			golden(t, name+".golden", transcript(t, input, change))
		})
	}
}

// golden compares with testdata; MODBOT_UPDATE_GOLDEN=1 writes it anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestJSON_IsForProgramsWhateverElseIsAsked(t *testing.T) {
	plain := transcript(t, session, func(c *console.Config) { c.JSON = true })
	require.Equal(t, plain, transcript(t, session, func(c *console.Config) { c.JSON, c.Terminal, c.Color = true, true, true }))
}

func TestJSON_HasEveryKeyAndAnswersEveryLine(t *testing.T) {
	out := transcript(t, session, func(c *console.Config) { c.JSON = true })
	keys := map[string][]string{
		"reply":    {"type", "id", "actor", "state", "code", "cases", "text"},
		"post":     {"type", "first_seq", "last_seq", "kind", "cases", "outcome", "text"},
		"verified": {"type", "ok", "entries", "root"},
	}
	answered := make(map[float64]int)
	var kinds []string
	for l := range strings.Lines(out) {
		var o map[string]any
		require.NoError(t, json.Unmarshal([]byte(l), &o), l)
		kind, _ := o["type"].(string)
		for _, k := range keys[kind] {
			require.Contains(t, o, k, l)
		}
		require.Len(t, o, len(keys[kind]), l)
		kinds = append(kinds, kind)
		if id, ok := o["id"].(float64); ok {
			answered[id]++
		}
	}
	require.Equal(t, "verified", kinds[len(kinds)-1])
	typed := strings.Count(session, "\n") - 1 // the one after exit is never read
	require.Len(t, answered, typed)
	for id := range typed {
		want := 1
		if id+1 == 3 { // settled later
			want = 2
		}
		require.Equal(t, want, answered[float64(id+1)], "line %d", id+1)
	}
}
