package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"modbot/internal/adapters"
	"modbot/internal/adapters/adaptertest"
	"modbot/internal/adapters/console"
	"modbot/internal/chat"
)

func TestNew_NamesEveryMistake(t *testing.T) {
	run := func(context.Context, []string) (string, error) { return "", nil }
	_, err := console.New(zap.NewNop(), console.Config{
		People: []console.Person{{ID: "mia"}, {ID: "mia"}, {ID: "two words"}, {}},
		Start:  "zoe",
		Local: []console.Local{
			{Name: "as", Run: run}, {Name: "Sim", Run: run}, {Name: "sim"}, {Name: "a b", Run: run}, {Name: "ok", Run: run}, {Name: "ok", Run: run},
		},
	})
	require.Error(t, err)
	for _, want := range []string{
		"no In or no Out", `person "mia"`, `person "two words"`, `person ""`, `"zoe" begins`,
		`local command "as"`, `local command "Sim"`, `local command "sim"`, `local command "a b"`, `local command "ok"`,
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = console.New(zap.NewNop(), console.Config{In: strings.NewReader(""), Out: io.Discard})
	require.ErrorContains(t, err, "somebody must be there")
}

func TestInvocation_SaysWhoAndWhere(t *testing.T) {
	at := time.Date(2026, time.November, 22, 2, 17, 0, 0, time.UTC)
	var got []chat.Invocation
	core := adaptertest.NewCore(adaptertest.NewTrace())
	core.Answer = func(_ context.Context, inv chat.Invocation, _ func(chat.Reply)) chat.Reply {
		got = append(got, inv)
		return chat.Reply{State: chat.StateInfo}
	}
	c, err := console.New(zap.NewNop(), console.Config{
		In: strings.NewReader("/mutes\nas ada\nmutes\n"), Out: io.Discard, People: people(),
		Platform: chat.CLI, Workspace: "demo", Now: func() time.Time { return at },
	})
	require.NoError(t, err)
	require.NoError(t, c.Run(t.Context(), core))
	require.Len(t, got, 2)
	require.NotEmpty(t, got[0].Key)
	require.NotEqual(t, got[0].Key, got[1].Key)
	got[0].Key, got[1].Key = "", ""
	want := chat.Invocation{
		Platform: chat.CLI, Workspace: "demo", Channel: chat.Channel{ID: "console", Name: "console"},
		Actor: chat.Actor{ID: "mia", Name: "Mia"}, Received: at, Line: "/mutes",
	}
	require.Equal(t, want, got[0])
	want.Actor, want.Line = chat.Actor{ID: "ada", Name: "Ada"}, "mutes"
	require.Equal(t, want, got[1])
}

func TestKeys_DifferBetweenProcessesThatShareALedger(t *testing.T) {
	keys := make(map[string]bool)
	for range 2 {
		core := adaptertest.NewCore(adaptertest.NewTrace())
		core.Answer = func(_ context.Context, inv chat.Invocation, _ func(chat.Reply)) chat.Reply {
			keys[inv.Key] = true
			return chat.Reply{State: chat.StateInfo}
		}
		c, err := console.New(zap.NewNop(), console.Config{In: strings.NewReader("mutes\n"), Out: io.Discard, People: people()})
		require.NoError(t, err)
		require.NoError(t, c.Run(t.Context(), core))
	}
	require.Len(t, keys, 2)
}

func TestGrants(t *testing.T) {
	c, err := console.New(zap.NewNop(), console.Config{In: strings.NewReader(""), Out: io.Discard, People: people()})
	require.NoError(t, err)
	grants, err := c.Grants(t.Context(), chat.Invocation{Actor: chat.Actor{ID: "ada"}})
	require.NoError(t, err)
	require.Equal(t, []chat.Grant{{Kind: chat.GrantMember, ID: "ada"}}, grants)

	grants, err = c.Grants(t.Context(), chat.Invocation{Actor: chat.Actor{ID: "Ada", Name: "ada"}})
	require.ErrorIs(t, err, adapters.ErrRoles, "a name is not an id")
	require.Empty(t, grants)
}

// silent never answers.
type silent struct{ *adaptertest.Core }

func (silent) Handle(context.Context, chat.Invocation, func(context.Context, chat.Reply)) {}

func TestRun_ACoreThatSaysNothingIsNoticed(t *testing.T) {
	var out bytes.Buffer
	c, err := console.New(zap.NewNop(), console.Config{In: strings.NewReader("mutes\n"), Out: &out, JSON: true, People: people()})
	require.NoError(t, err)
	require.NoError(t, c.Run(t.Context(), silent{}))
	require.Contains(t, out.String(), `"state":"error","code":"no_answer"`)
}

// broken fails after some writes.
type broken struct{ left int }

func (b *broken) Write(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errors.New("broken pipe")
	}
	b.left--
	return len(p), nil
}

func TestRun_EndsWhenNobodyCanReadTheAnswers(t *testing.T) {
	handled := 0
	core := adaptertest.NewCore(adaptertest.NewTrace())
	core.Answer = func(context.Context, chat.Invocation, func(chat.Reply)) chat.Reply {
		handled++
		return chat.Reply{State: chat.StateInfo}
	}
	c, err := console.New(zap.NewNop(), console.Config{
		In: strings.NewReader(strings.Repeat("mutes\n", 10)), Out: &broken{left: 3}, People: people(),
	})
	require.NoError(t, err)
	require.EqualError(t, c.Run(t.Context(), core), "writing to the console: broken pipe")
	require.Equal(t, 2, handled, "the second answer could not be written, and no third line was handled")
}

func TestAfterLine_ComesAfterTheAnswerOfEachLine(t *testing.T) {
	var out bytes.Buffer
	var seen []string
	c, err := console.New(zap.NewNop(), console.Config{
		In: strings.NewReader("mutes\nas ada\nexit\n"), Out: &out, JSON: true, People: people(),
		AfterLine: func(context.Context) { seen = append(seen, out.String()); out.Reset() },
	})
	require.NoError(t, err)
	require.NoError(t, c.Run(t.Context(), adaptertest.NewCore(adaptertest.NewTrace())))
	require.Len(t, seen, 3)
	for i, want := range []string{`"id":1,`, `"id":2,`, `"id":3,`} {
		require.Contains(t, seen[i], want)
	}
}

func TestVerified_IsTheLastLine(t *testing.T) {
	for name, c := range map[string]struct {
		json, ok bool
		entries  int64
		want     string
		logged   int
	}{
		"text":         {entries: 12, ok: true, want: "\naudit log verified: 12 entries\n"},
		"one entry":    {entries: 1, ok: true, want: "\naudit log verified: 1 entry\n"},
		"altered":      {entries: 12, want: "\naudit log NOT verified: entry 7 was⏎altered\n", logged: 1},
		"json":         {entries: 12, ok: true, json: true, want: `{"type":"verified","ok":true,"entries":12,"root":"mU2f"}` + "\n"},
		"json altered": {entries: 12, json: true, want: `{"type":"verified","ok":false,"entries":12,"root":"mU2f"}` + "\n", logged: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			logs, logged := observer.New(zap.InfoLevel)
			core := adaptertest.NewCore(adaptertest.NewTrace())
			var settle func(chat.Reply)
			core.Answer = func(_ context.Context, _ chat.Invocation, later func(chat.Reply)) chat.Reply {
				settle = later
				return chat.Reply{State: chat.StateUnknown}
			}
			con, err := console.New(zap.New(logs), console.Config{In: strings.NewReader("mute alice 2h\n"), Out: &out, JSON: c.json, People: people()})
			require.NoError(t, err)
			require.NoError(t, con.Run(t.Context(), core))
			out.Reset()
			problem := ""
			if !c.ok {
				problem = "entry 7 was\naltered"
			}
			require.NoError(t, con.Verified(c.ok, c.entries, "mU2f", problem))
			settle(chat.Reply{State: chat.StateDone, Message: chat.Text("too late")})
			_, body, err := con.Render([]chat.Post{{FirstSeq: 1, LastSeq: 1}})
			require.NoError(t, err)
			_, err = con.Send(t.Context(), body, chat.Delivery{FirstSeq: 1, LastSeq: 1})
			require.ErrorContains(t, err, "the console has ended")
			require.Equal(t, c.want, out.String())
			require.Equal(t, c.logged, logged.FilterLevelExact(zap.ErrorLevel).Len())
			require.Equal(t, 1, logged.FilterMessage("a settled answer was not shown").Len())
		})
	}
}
