package console

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters/adaptertest"
	"modbot/internal/chat"
)

const (
	tab   = "\t"
	enter = "\r"
	up    = "\x1b[A"
	ctrlC = "\x03"
	ctrlD = "\x04"
)

// desk is a person at a terminal.
type desk struct {
	*screen
	console *Console
	core    *adaptertest.Core
	keys    *os.File
	ended   chan error
	cancel  context.CancelFunc
}

func sitDown(t *testing.T, core *adaptertest.Core) *desk {
	t.Helper()
	in, keys, err := os.Pipe()
	require.NoError(t, err)
	d := &desk{screen: newScreen(defaultWidth), core: core, keys: keys, ended: make(chan error, 1)}
	d.console, err = New(zap.NewNop(), Config{
		In: in, Out: d.screen, Terminal: true, People: []Person{{ID: "mia"}, {ID: "max"}}, Verbs: specs(),
		AfterLine: func(context.Context) { panic("a person waits for nothing") },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	d.cancel = cancel
	go func() { d.ended <- d.console.Run(ctx, core) }()
	t.Cleanup(func() {
		cancel()
		_ = keys.Close()
		_ = in.Close()
	})
	return d
}

// echoCore answers with what it was asked.
func echoCore() *adaptertest.Core {
	core := adaptertest.NewCore(adaptertest.NewTrace())
	core.Answer = func(_ context.Context, inv chat.Invocation, _ func(chat.Reply)) chat.Reply {
		return chat.Reply{State: chat.StateInfo, Message: chat.Text("heard " + inv.Line)}
	}
	core.Offer = func(_ chat.Invocation, option, _ string) []chat.Suggestion {
		switch option {
		case "account":
			return []chat.Suggestion{{Value: "alice"}, {Value: "alina"}, {Value: "bob"}, {Value: "b\x1b[2J"}}
		case "term":
			return []chat.Suggestion{{Value: "2h"}, {Value: "2d"}, {Value: "7d"}}
		case "scope":
			return []chat.Suggestion{{Value: "group"}, {Value: "c2c"}, {Value: "all"}}
		}
		return nil
	}
	return core
}

func (d *desk) press(t *testing.T, keys ...string) {
	t.Helper()
	_, err := io.WriteString(d.keys, strings.Join(keys, ""))
	require.NoError(t, err)
}

func (d *desk) post(t *testing.T, text string) {
	t.Helper()
	_, body, err := d.console.Render([]chat.Post{{FirstSeq: 4, LastSeq: 4, Message: chat.Text(text)}})
	require.NoError(t, err)
	_, err = d.console.Send(t.Context(), body, chat.Delivery{FirstSeq: 4, LastSeq: 4})
	require.NoError(t, err)
}

func TestEditor_PostsComeAboveWhatIsBeingTyped(t *testing.T) {
	d := sitDown(t, echoCore())
	d.press(t, "mute alice 2h gro")
	d.await(t, `
mia> mute alice 2h gro`)
	d.post(t, "Done · mute · bob")
	d.await(t, `
  #audit │ Done · mute · bob
mia> mute alice 2h gro`)
	d.press(t, "up", enter)
	d.await(t, `
  #audit │ Done · mute · bob
mia> mute alice 2h group
heard mute alice 2h group
mia>`)
	d.press(t, ctrlD)
	require.NoError(t, await(t, d.ended))
	require.NoError(t, d.console.Verified(true, 12, "", ""))
	d.await(t, `
  #audit │ Done · mute · bob
mia> mute alice 2h group
heard mute alice 2h group
mia>
audit log verified: 12 entries`)
}

func TestEditor_ALongLineIsKeptToo(t *testing.T) {
	d := sitDown(t, echoCore())
	words := strings.Repeat("spam ", 30)
	d.press(t, "mute alice 2h "+words)
	typed := "mia> mute alice 2h " + words
	shown := strings.TrimRight(typed[:80], " ") + "\n" + strings.TrimRight(typed[80:160], " ") + "\n" + strings.TrimRight(typed[160:], " ")
	d.await(t, shown)
	d.post(t, "Done")
	d.await(t, "  #audit │ Done\n"+shown)
}

func TestEditor_PostsAreWrappedInTheirColumn(t *testing.T) {
	d := sitDown(t, echoCore())
	d.await(t, "mia>")
	d.post(t, "Done · mute · alice · groups · 2h, until 2026-11-22 02:17 UTC · by Mia (console:mia) in #console")
	d.await(t, `
  #audit │ Done · mute · alice · groups · 2h, until 2026-11-22 02:17 UTC · by
  #audit │ Mia (console:mia) in #console
mia>`)
}

func TestEditor_Tab(t *testing.T) {
	for name, c := range map[string]struct{ keys, want string }{
		"a verb":                 {"/sta" + tab, "mia> /status"},
		"an account":             {"mute b" + tab, "mia> mute bob"},
		"as far as it is sure":   {"mute a" + tab, "mia> mute ali"},
		"then there is a choice": {"mute a" + tab + tab, "alice   alina\nmia> mute ali"},
		"nothing to offer":       {"mute x" + tab + "y", "mia> mute xy"},
		"a person":               {"as ma" + tab, "mia> as max"},
		"all people":             {"as m" + tab, "mia   max\nmia> as m"},
	} {
		t.Run(name, func(t *testing.T) {
			d := sitDown(t, echoCore())
			d.press(t, c.keys)
			d.await(t, c.want)
		})
	}
}

func TestEditor_History(t *testing.T) {
	d := sitDown(t, echoCore())
	d.press(t, "mutes", enter)
	d.await(t, "mia> mutes\nheard mutes\nmia>")
	d.press(t, "mutes", enter, enter)
	d.await(t, "mia> mutes\nheard mutes\nmia> mutes\nheard mutes\nmia>\nmia>")
	d.press(t, "whoami", enter)
	d.await(t, "mia> mutes\nheard mutes\nmia> mutes\nheard mutes\nmia>\nmia> whoami\nheard whoami\nmia>")
	d.press(t, up, up, " by mia")
	d.await(t, "mia> mutes\nheard mutes\nmia> mutes\nheard mutes\nmia>\nmia> whoami\nheard whoami\nmia> mutes by mia")
}

func TestEditor_SwitchesThePrompt(t *testing.T) {
	d := sitDown(t, echoCore())
	d.press(t, "as max", enter)
	d.await(t, "mia> as max\nYou are max now.\nmax>")
}

func TestEditor_HostileKeysAndPastesDrawNothing(t *testing.T) {
	d := sitDown(t, echoCore())
	d.press(t, "\x1b[200~mute a\tb \u202e\u009b2J\x1b[2J 2h\x1b[201~")
	d.await(t, "mia> mute a b ��2J� 2h")
	d.press(t, enter)
	d.await(t, "mia> mute a b ��2J� 2h\nheard mute a b ⟨U+202E⟩⟨U+009B⟩2J� 2h\nmia>")
}

func TestEditor_ATooLongLineIsNotCutInSilence(t *testing.T) {
	d := sitDown(t, echoCore())
	d.press(t, strings.Repeat("x", editorRunes+10), enter, "mutes", enter, ctrlD)
	require.NoError(t, await(t, d.ended))
	require.NotContains(t, d.text(), "heard x")
	require.Contains(t, d.text(), "Nothing of it was done.")
	require.Contains(t, d.text(), "heard mutes")
}

func TestEditor_AKeyThatNeverEndsEndsTheInput(t *testing.T) {
	d := sitDown(t, echoCore())
	d.press(t, "\x1b["+strings.Repeat("1", 300))
	require.ErrorIs(t, await(t, d.ended), errEndlessKey)
}

func TestEditor_Ends(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, d *desk){
		"by Ctrl-D":              func(t *testing.T, d *desk) { t.Helper(); d.press(t, ctrlD) },
		"by Ctrl-C as a key":     func(t *testing.T, d *desk) { t.Helper(); d.press(t, "half a li", ctrlC) },
		"by exit":                func(t *testing.T, d *desk) { t.Helper(); d.press(t, "exit", enter) },
		"with its context":       func(t *testing.T, d *desk) { t.Helper(); d.cancel() },
		"when the terminal goes": func(t *testing.T, d *desk) { t.Helper(); require.NoError(t, d.keys.Close()) },
	} {
		t.Run(name, func(t *testing.T) {
			d := sitDown(t, echoCore())
			d.await(t, "mia>")
			end(t, d)
			require.NoError(t, await(t, d.ended))
			require.NotPanics(t, func() { d.post(t, "later") }, "posts go straight to the screen")
			require.True(t, strings.HasSuffix(d.text(), "\n  #audit │ later"), d.text())
		})
	}
}
