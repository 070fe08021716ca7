package slack

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// command is the form of a slash command, with changes.
func commandFields(change ...string) url.Values {
	v := url.Values{
		"team_id": {"T1"}, "team_domain": {"example"}, "channel_id": {"C1"}, "channel_name": {"mods"},
		"user_id": {"U1"}, "user_name": {"mia"}, "command": {"/mod"}, "text": {"mute alice 2h"},
		"response_url": {"https://hooks.slack.com/commands/1/2/3"}, "trigger_id": {"1.2.3"}, "api_app_id": {"A1"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

func TestCommandForm(t *testing.T) {
	d, err := commandForm([]byte(vectorBody))
	require.NoError(t, err)
	require.Equal(t, "/webhook-collect", d.command)
	require.Equal(t, "T1DC2JH3J", d.team)
	require.Equal(t, chat.Actor{ID: "U2CERLKJA", Name: "roadrunner"}, d.actor)
	require.Equal(t, chat.Channel{ID: "G8PSS9T3V", Name: "foobar"}, d.channel)
	require.Equal(t, "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c", d.key)
	require.Equal(t, "https://hooks.slack.com/commands/T1DC2JH3J/397700885554/96rGlfmibIGlgcZRskXaIFfN", d.answerURL)
	require.Empty(t, d.text)
}

// Both ways of delivery give the same.
func TestCommand_SameOverBothWays(t *testing.T) {
	fields := commandFields("enterprise_id", "E1", "user_id", "W012A3CDE", "is_enterprise_install", "true")
	overHTTP, err := commandForm([]byte(fields.Encode()))
	require.NoError(t, err)
	object := map[string]any{"is_enterprise_install": true}
	for name := range fields {
		if name != "is_enterprise_install" {
			object[name] = fields.Get(name)
		}
	}
	raw, err := json.Marshal(object)
	require.NoError(t, err)
	overSocket, err := commandJSON(raw)
	require.NoError(t, err)
	require.Equal(t, overHTTP, overSocket)
	require.Equal(t, "E1", overHTTP.enterprise)
	require.Equal(t, "W012A3CDE", overHTTP.actor.ID)
}

func TestCommandForm_Malformed(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":               "",
		"no team":               commandFields("team_id", "").Encode(),
		"a team of no kind":     commandFields("team_id", "X1").Encode(),
		"no actor":              commandFields("user_id", "").Encode(),
		"a name for an actor":   commandFields("user_id", "mia").Encode(),
		"an actor with markup":  commandFields("user_id", "U1|mia>").Encode(),
		"no channel":            commandFields("channel_id", "").Encode(),
		"a broken enterprise":   commandFields("enterprise_id", "none").Encode(),
		"no command":            commandFields("command", "").Encode(),
		"a command of a slash":  commandFields("command", "/").Encode(),
		"a command without one": commandFields("command", "mod").Encode(),
		"a very long command":   commandFields("command", "/"+strings.Repeat("m", 300)).Encode(),
		"a very long trigger":   commandFields("trigger_id", strings.Repeat("1", 300)).Encode(),
		"a very long address":   commandFields("response_url", "https://hooks.slack.com/"+strings.Repeat("1", 3000)).Encode(),
		"bytes for text":        commandFields("text", "\xff\xfe").Encode(),
		"a broken escape":       "team_id=%zz",
		"a semicolon":           "team_id=T1;user_id=U1",
		"two teams":             commandFields().Encode() + "&team_id=T2",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := commandForm([]byte(body))
			require.ErrorIs(t, err, errMalformed)
		})
	}
}

func TestCommandForm_Ping(t *testing.T) {
	d, err := commandForm([]byte("token=abc&ssl_check=1"))
	require.NoError(t, err)
	require.Equal(t, kindPing, d.kind)
}

// ours is a button of ours, as it comes back.
func ours(tb testing.TB, b chat.Button) string {
	tb.Helper()
	value, ok := blocks.EncodeClick(b)
	require.True(tb, ok)
	return value
}

func clickPayload(tb testing.TB, value string, ephemeral bool) object {
	tb.Helper()
	return object{
		"type": "block_actions", "trigger_id": "1.2.3", "response_url": "https://hooks.slack.com/actions/1/2/3",
		"user": object{"id": "U1", "username": "mia", "name": "mia", "team_id": "T1"}, "team": object{"id": "T1", "domain": "example"},
		"enterprise": nil, "channel": object{"id": "C1", "name": "mods"},
		"container": object{"type": "message", "message_ts": "1.2", "channel_id": "C1", "is_ephemeral": ephemeral},
		"actions":   []object{{"action_id": "modbot_click_0", "block_id": "b", "type": "button", "value": value, "action_ts": "1.3"}},
	}
}

type object = map[string]any

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	raw, err := json.Marshal(v)
	require.NoError(tb, err)
	return raw
}

func TestInteraction_Click(t *testing.T) {
	button := chat.Button{Label: "Extend", Choice: "extend", Case: 41, Origin: "o", Entry: "e"}
	d, err := interactionJSON(encode(t, clickPayload(t, ours(t, button), true)))
	require.NoError(t, err)
	require.Equal(t, kindClick, d.kind)
	require.Equal(t, button.Click(), d.click)
	require.True(t, d.private)
	require.Equal(t, "U1", d.actor.ID)

	post, err := interactionJSON(encode(t, clickPayload(t, ours(t, button), false)))
	require.NoError(t, err)
	require.False(t, post.private, "a click on a post of a channel must not replace it")
}

func TestInteraction_OrgInstall(t *testing.T) {
	p := clickPayload(t, ours(t, chat.Button{Choice: "extend", Case: 1}), true)
	p["team"], p["enterprise"] = nil, object{"id": "E1"}
	d, err := interactionJSON(encode(t, p))
	require.NoError(t, err)
	require.Equal(t, "T1", d.team)
	require.Equal(t, "E1", d.enterprise)
}

// What modbot has no use for is acknowledged, and no more.
func TestInteraction_Unknown(t *testing.T) {
	for name, change := range map[string]func(object){
		"another app's value": func(p object) { p["actions"].([]object)[0]["value"] = "hello" },
		"another action":      func(p object) { p["actions"].([]object)[0]["action_id"] = "elsewhere" },
		"no action":           func(p object) { p["actions"] = []object{} },
		"two actions":         func(p object) { p["actions"] = []object{p["actions"].([]object)[0], p["actions"].([]object)[0]} },
		"a select":            func(p object) { p["actions"].([]object)[0]["type"] = "static_select" },
		"in a form":           func(p object) { p["container"] = object{"type": "view", "view_id": "V1"} },
		"a closed form":       func(p object) { p["type"] = "view_closed" },
		"of the future":       func(p object) { p["type"] = "telepathy" },
	} {
		t.Run(name, func(t *testing.T) {
			p := clickPayload(t, ours(t, chat.Button{Choice: "extend", Case: 1}), true)
			change(p)
			d, err := interactionJSON(encode(t, p))
			require.NoError(t, err)
			require.Equal(t, kindUnknown, d.kind)
		})
	}
}

func TestInteraction_Malformed(t *testing.T) {
	for name, payload := range map[string]string{
		"nothing":        "",
		"no JSON":        "{",
		"a list":         "[]",
		"null":           "null",
		"no type":        `{"user":{"id":"U1"},"team":{"id":"T1"}}`,
		"no user":        `{"type":"shortcut","team":{"id":"T1"}}`,
		"no team":        `{"type":"shortcut","user":{"id":"U1"}}`,
		"a broken user":  `{"type":"shortcut","team":{"id":"T1"},"user":{"id":"mia"}}`,
		"a form without": `{"type":"view_submission","team":{"id":"T1"},"user":{"id":"U1"}}`,
		"wrong types":    `{"type":"block_actions","team":"T1","user":7}`,
		"a strange author": `{"type":"message_action","callback_id":"mute_author","team":{"id":"T1"},"user":{"id":"U1"},` +
			`"message":{"user":"U1> reason: x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := interactionJSON([]byte(payload))
			require.ErrorIs(t, err, errMalformed)
		})
	}
}

func TestPlace_SurvivesTheJourney(t *testing.T) {
	p := place{Channel: "C1", Name: "mods", URL: "https://hooks.slack.com/actions/1", Since: 1_700_000_000}
	require.Equal(t, p, placeOf(p.metadata()))
	for name, metadata := range map[string]string{
		"nothing":         "",
		"no JSON":         "{",
		"another channel": `{"c":"#mods"}`,
		"a long address":  `{"u":"` + strings.Repeat("a", maxURL+1) + `"}`,
		"very long":       `{"n":"` + strings.Repeat("a", maxMetadata) + `"}`,
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, place{}, placeOf(metadata)) })
	}
}

// holds is what everybody after a decoder counts on.
func holds(t *testing.T, d delivery) {
	t.Helper()
	if d.kind == kindPing {
		return
	}
	require.Regexp(t, `^T[A-Z0-9]{1,31}$`, d.team)
	require.Regexp(t, `^[UW][A-Z0-9]{1,31}$`, d.actor.ID)
	require.LessOrEqual(t, utf8.RuneCountInString(d.actor.Name), maxName)
	require.LessOrEqual(t, len(d.key), maxKey)
	require.True(t, utf8.ValidString(d.text))
	if d.kind == kindCommand {
		require.Regexp(t, `^[CDG][A-Z0-9]{1,31}$`, d.channel.ID)
	}
	if d.kind == kindForm {
		require.NotNil(t, d.view)
		blocks.Submitted(*d.view)
		placeOf(d.view.PrivateMetadata)
	}
}

func FuzzCommandForm(f *testing.F) {
	f.Add([]byte(vectorBody))
	f.Add([]byte(commandFields("user_id", "W1").Encode()))
	f.Fuzz(func(t *testing.T, body []byte) {
		if d, err := commandForm(body); err == nil {
			holds(t, d)
		}
	})
}

func FuzzCommandJSON(f *testing.F) {
	f.Add([]byte(`{"team_id":"T1","channel_id":"C1","user_id":"U1","command":"/mod","text":"<@U2|bob> 2h"}`))
	f.Add([]byte(`{"is_enterprise_install":"true"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if d, err := commandJSON(body); err == nil {
			holds(t, d)
		}
	})
}

func FuzzInteraction(f *testing.F) {
	f.Add(encode(f, clickPayload(f, ours(f, chat.Button{Choice: "extend", Case: 41, Origin: "o", Entry: "e"}), true)))
	f.Add([]byte(`{"type":"view_submission","team":null,"user":{"id":"W1","team_id":"T1"},"view":{"callback_id":"modbot:mute",` +
		`"private_metadata":"{}","state":{"values":{"account":{"value":{"type":"plain_text_input","value":"alice"}}}}}}`))
	f.Add([]byte(`{"type":"message_action","callback_id":"mute_author","team":{"id":"T1"},"user":{"id":"U1"},"message":{"user":"U2"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if d, err := interactionJSON(body); err == nil {
			holds(t, d)
		}
	})
}
