package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

// golden compares with testdata; MODBOT_UPDATE_GOLDEN=1 writes it anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// pretty is what Discord takes, and what its reader sees of it.
func pretty(t *testing.T, title string, body any, content string) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(body))
	out := "== " + title + "\n" + b.String()
	if content == "" {
		return out + "\n"
	}
	view := discordsim.Read(content)
	out += "-- shown\n" + view.Text + "\n"
	if len(view.Live) > 0 {
		out += "-- live: " + strings.Join(view.Live, ", ") + "\n"
	}
	return out + "\n"
}

func at() time.Time { return time.Date(2026, time.November, 22, 2, 17, 0, 0, time.UTC) }

func line(spans ...chat.Span) chat.Line { return spans }

func message(lines ...chat.Line) chat.Message { return chat.Message{Lines: lines} }

const (
	origin = "2jmj7l5r"
	entry  = "Sw0yVb_vlWAYkK_Y"
)

// replies are the kinds of reply, as the core words them.
func replies() []struct {
	title string
	reply chat.Reply
} {
	keep := func(label, choice string, danger bool) chat.Button {
		return chat.Button{Label: label, Choice: choice, Case: 142, Danger: danger, Typed: "confirm 142 " + choice, Origin: origin, Entry: entry}
	}
	muted := line(
		chat.Strong("Done"), chat.Plain(": "), chat.Quote("alice"), chat.Plain(" is muted in groups for 2h, until "),
		chat.Until(at()), chat.Plain("."), chat.Plain(" Case 142."),
	)
	reason := line(chat.Plain("Reason: "), chat.Quote("“spamming links”"))
	return []struct {
		title string
		reply chat.Reply
	}{
		{"done", chat.Reply{State: chat.StateDone, Ref: "01JD", Message: message(muted, reason)}},
		{"done, with a link to the post", chat.Reply{State: chat.StateDone, Message: message(muted, line(chat.Plain("Audit: "), chat.Plain(render.Link("12", "13", "14"))))}},
		{"partly done", chat.Reply{State: chat.StatePartlyDone, Message: message(line(
			chat.Strong("Partly done"), chat.Plain(": "), chat.Quote("alice"), chat.Plain(" is muted in groups, but not in one-to-one: Tencent was read and says so. Case 142."),
		))}},
		{"not done", chat.Reply{State: chat.StateNotDone, Ref: "01JDREF", Message: message(
			line(chat.Strong("Not done"), chat.Plain(": a 30-day mute needs the role admin; you are moderator (up to 7d).")),
			line(chat.Plain("→ "), chat.Code("/mute account:alice term:7d")),
		)}},
		{"unknown", chat.Reply{State: chat.StateUnknown, Ref: "01JDREF", Message: message(line(
			chat.Strong("Unknown, checking"), chat.Plain(": Tencent gave no clear answer when muting "), chat.Quote("alice"), chat.Plain("."),
		))}},
		{"a question", chat.Reply{State: chat.StateNeedsConfirm, Message: chat.Message{
			Lines: []chat.Line{
				line(chat.Strong("Waiting"), chat.Plain(": "), chat.Quote("alice"), chat.Plain(" is muted already. Case 142.")),
				line(chat.Quote("alice"), chat.Plain(" · groups: muted until "), chat.Until(at()), chat.Plain(" by "), chat.Quote("bob"), chat.Plain(", case 41, "), chat.Quote("“spam”")),
				line(chat.Quote("alice"), chat.Plain(" · one-to-one: not muted")),
			},
			Buttons: []chat.Button{keep("Extend by 2h", "extend", false), keep("Replace: until 17:40", "replace", true), keep("Keep", "keep", false)},
		}}},
		{"an error", chat.Reply{State: chat.StateError, Ref: "01JDREF", Message: message(
			line(chat.Plain("I can't read “2hrss” as a length of time. Try 2h, 90m, 1d12h, 2w or permanent.")),
		)}},
		{"busy", chat.Reply{State: chat.StateBusy, Message: message(line(chat.Strong("Not done"), chat.Plain(": "), chat.Quote("bob_smith"), chat.Plain(" is acting on alice right now (case 7).")))}},
		{"help", chat.Reply{State: chat.StateInfo, Message: message(
			line(chat.Strong("You are moderator"), chat.Plain(": up to 7d.")),
			line(chat.Code("/mute account term [scope] [reason]"), chat.Plain(" – Stop accounts from sending")),
			line(chat.Code("/status account"), chat.Plain(" – Show whether an account is muted")),
		)}},
		{"nothing", chat.Reply{State: chat.StateInfo}},
	}
}

func TestGolden_Replies(t *testing.T) {
	var b strings.Builder
	for _, r := range replies() {
		body := render.Answer(r.reply)
		requireMessage(t, body)
		requireMessage(t, body.Data(0))
		require.Empty(t, discordsim.Read(body.Content).Live)
		b.WriteString(pretty(t, r.title, body, body.Content))
	}
	golden(t, "replies", b.String())
}

// posts are the kinds of audit post.
func posts() []chat.Post {
	post := func(seq int64, kind, outcome string, alarm bool, spans ...chat.Span) chat.Post {
		return chat.Post{
			FirstSeq: seq, LastSeq: seq, Kind: kind, Outcome: outcome, Alarm: alarm, Cases: []int64{142}, Time: at(),
			Message: message(append(spans, chat.Plain(fmt.Sprintf(" · case 142 · #%d", seq)))),
			Seal:    line(chat.Plain("size 1210 mGm4dW0vyVb_vlWAYkK_YB")),
		}
	}
	done := post(1204, "outcome", "done", false,
		chat.Strong("Done"), chat.Plain(" · mute · "), chat.Quote("alice"), chat.Plain(" · groups · 2h, until "), chat.At(at()),
		chat.Plain(" · by "), chat.Quote("carol (Discord 77)"), chat.Plain(" as moderator in "), chat.Quote("#mods"), chat.Plain(" · "), chat.Quote("“spamming links”"))
	done.Message.Buttons = []chat.Button{
		{Label: "History", Opens: "history", Case: 142, Origin: origin, Entry: entry},
		{Label: "Add note", Choice: "note", Opens: "case", Case: 142, Origin: origin, Entry: entry},
	}
	return []chat.Post{
		done,
		post(1205, "outcome", "failed", true, chat.Strong("NOT DONE"), chat.Plain(" · mute · "), chat.Quote("bob"), chat.Plain(" · Tencent's code 20003: no such account")),
		post(1206, "question", "", false, chat.Strong("Waiting"), chat.Plain(" · mute · "), chat.Quote("trent"), chat.Plain(" · permanently")),
		post(1207, "unknown", "", true, chat.Strong("Unknown, checking"), chat.Plain(" · mute · "), chat.Quote("erin")),
		post(1208, "expired", "", false, chat.Strong("Expired"), chat.Plain(" · "), chat.Quote("alice"), chat.Plain(" · groups")),
		post(1209, "drift", "", true, chat.Strong("CHANGED OUTSIDE MODBOT"), chat.Plain(" · "), chat.Quote("alice")),
		post(1210, "note", "", false, chat.Strong("Note"), chat.Plain(" · by "), chat.Quote("mia"), chat.Plain(" · "), chat.Quote("“appealed by mail”")),
	}
}

func TestGolden_Posts(t *testing.T) {
	var b strings.Builder
	freeze := func(title string, posts []chat.Post, mention ...string) {
		taken, frozen, err := render.Posts(posts, mention)
		require.NoError(t, err)
		require.Equal(t, len(posts), taken)
		body, err := render.Decode(frozen)
		require.NoError(t, err)
		requireMessage(t, body)
		var shown any
		require.NoError(t, json.Unmarshal(frozen, &shown))
		b.WriteString(pretty(t, title, shown, body.Content))
		marked := render.Marked(body, posts[0].FirstSeq, posts[len(posts)-1].LastSeq)
		requireMessage(t, marked)
		b.WriteString("-- repeated\n" + marked.Content + "\n\n")
	}
	for _, p := range posts() {
		freeze(p.Kind+" "+p.Outcome, []chat.Post{p}, "role:3", "user:4")
	}
	freeze("several", posts()[:4], "role:3")
	golden(t, "posts", b.String())
}

func TestGolden_Forms(t *testing.T) {
	data, err := render.Form(muteForm(), "m1|form|mute")
	require.NoError(t, err)
	requireModal(t, data)
	golden(t, "form", pretty(t, "mute", data, ""))
}

func TestGolden_Commands(t *testing.T) {
	commands, err := render.Commands(specs(), "mod-")
	require.NoError(t, err)
	requireCommands(t, commands)
	golden(t, "commands", pretty(t, "commands", commands, ""))
}
