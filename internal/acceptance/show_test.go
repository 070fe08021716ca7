//go:build unix

package acceptance

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
)

// firstMinute is what a newcomer pastes.
const firstMinute = "/mute alice 2h group spamming links\n/status alice\n/mutes\n/unmute alice\n/history alice\n"

// The whole main job with nothing to configure.
func TestShow_1_Demo(t *testing.T) {
	t.Parallel()
	p := start(t, proctest.Launch{Stdin: strings.NewReader(firstMinute), Args: []string{"demo"}})
	require.Equal(t, exitOK, p.wait())
	text := strings.Join(p.Printed(), "\n")
	at := 0
	for _, part := range []string{
		"mia> /mute alice 2h group spamming links", "Done: alice is muted in groups for 2h", "Case 1", "#audit", "spamming links",
		"mia> /status alice", "groups: muted until", "one-to-one: not muted",
		"mia> /mutes", "Active mutes:",
		"mia> /unmute alice", "Done: alice is unmuted", "#audit",
		"mia> /history alice", "case 2", "case 1",
		"audit log verified: 4 entries",
	} {
		i := strings.Index(text[at:], part)
		require.GreaterOrEqual(t, i, 0, "%q is missing, or in another place:\n%s", part, text)
		at += i + len(part)
	}
	require.Equal(t, "audit log verified: 4 entries", p.Printed()[len(p.Printed())-1])
	require.NotContains(t, text, "\x1b", "no colours in a pipe")
}

// The same for programs: every key is always there.
func TestShow_1_DemoJSON(t *testing.T) {
	t.Parallel()
	p := start(t, proctest.Launch{Stdin: strings.NewReader(firstMinute), Args: []string{"demo", "--json"}})
	require.Equal(t, exitOK, p.wait())
	keys := map[string][]string{
		"reply":    {"type", "id", "actor", "state", "code", "cases", "text"},
		"post":     {"type", "first_seq", "last_seq", "kind", "cases", "outcome", "text"},
		"verified": {"type", "ok", "entries", "root"},
	}
	var trace []string
	for _, text := range p.Printed() {
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &object), "%s", text)
		kind, _ := object["type"].(string)
		require.ElementsMatch(t, keys[kind], slices.Collect(maps.Keys(object)), "%s", text)
		trace = append(trace, kind)
	}
	require.Equal(t, []string{"reply", "post", "reply", "reply", "reply", "post", "reply", "verified"}, trace)

	replies := p.replies()
	for i, want := range []struct {
		state, code string
		cases       []int64
	}{
		{"done", "muted", []int64{1}},
		{"info", "status", nil},
		{"info", "mutes", nil},
		{"done", "unmuted", []int64{2}},
		{"info", "history", []int64{2, 1}},
	} {
		require.EqualValues(t, i+1, replies[i].ID)
		require.Equal(t, "mia", replies[i].Actor)
		require.Equal(t, want.state, replies[i].State)
		require.Equal(t, want.code, replies[i].Code)
		require.Equal(t, want.cases, replies[i].Cases)
		require.NotEmpty(t, replies[i].Text)
	}
	for i, post := range p.posts() {
		require.EqualValues(t, 2*(i+1), post.First)
		require.Equal(t, post.First, post.Last)
		require.Equal(t, "outcome", post.Kind)
		require.Equal(t, "done", post.Outcome)
		require.Equal(t, []int64{int64(i + 1)}, post.Cases)
	}
	last := p.printed()[len(trace)-1]
	require.True(t, last.OK)
	require.EqualValues(t, 4, last.Entries)
	root, err := base64.StdEncoding.DecodeString(last.Root)
	require.NoError(t, err)
	require.Len(t, root, sha256.Size)
}

// What modbot understands of a line, without running it.
func TestShow_2_Parse(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir()}
	exit, lines, _ := w.modbot("", "parse", "--json", "/mute alice 1d12h group spam")
	require.Equal(t, exitOK, exit)
	require.Len(t, lines, 1)
	require.JSONEq(t, `{"verb":"mute","accounts":["alice"],"term_seconds":129600,"permanent":false,"scope":"group","reason":"spam","case":null}`, lines[0])

	exit, lines, _ = w.modbot("", "parse", "--json", "/mute alice perm c2c")
	require.Equal(t, exitOK, exit)
	require.JSONEq(t, `{"verb":"mute","accounts":["alice"],"term_seconds":null,"permanent":true,"scope":"c2c","reason":null,"case":null}`, lines[0])

	exit, lines, _ = w.modbot("", "parse", "--json", "--term", " 1d12h ")
	require.Equal(t, exitOK, exit)
	require.Contains(t, lines[0], `"term_seconds":129600`)

	for _, args := range [][]string{{"/mute alice 2hrss"}, {"/mut alice 2h"}, {"--term", "10"}, {"mute"}} {
		exit, lines, _ = w.modbot("", append([]string{"parse", "--json"}, args...)...)
		require.Equal(t, exitUsage, exit, "%v", args)
		require.Len(t, lines, 1)
		var object map[string]map[string]string
		require.NoError(t, json.Unmarshal([]byte(lines[0]), &object), "%s", lines[0])
		require.ElementsMatch(t, []string{"code", "message", "suggestion"}, slices.Collect(maps.Keys(object["error"])))
		for key, value := range object["error"] {
			require.NotEmpty(t, value, "%v: %s", args, key)
		}
	}
}

// The simulator and the raw calls over real HTTP.
func TestShow_3_RawCalls(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	im := func(args ...string) (int, string) {
		p := start(t, proctest.Launch{
			Env: []string{
				"MODBOT_TENCENT_HOST=" + sim.address, "MODBOT_TENCENT_SDK_APP_ID=" + appID,
				"MODBOT_TENCENT_IDENTIFIER=" + adminID, "MODBOT_TENCENT_SECRET_KEY=" + appKey,
			},
			Args: append([]string{"im", "--json"}, args...),
		})
		exit := p.wait()
		return exit, strings.Join(p.Printed(), "\n")
	}
	exit, _ := im("set", "--account", "alice", "--group", "7200")
	require.Equal(t, exitOK, exit)
	exit, text := im("get", "--account", "alice")
	require.Equal(t, exitOK, exit)
	var got struct {
		Account string
		Group   struct {
			Muted   bool
			Seconds int
		}
		C2C struct{ Muted bool }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	require.Equal(t, "alice", got.Account)
	require.True(t, got.Group.Muted)
	require.InDelta(t, 7200, got.Group.Seconds, 60)
	require.False(t, got.C2C.Muted)

	sim.advance(2 * time.Hour)
	require.Zero(t, sim.of("alice").Group, "the seconds count down and the mute ends by itself")
}

// Another client, which shares nothing with modbot but the vendor's documents.
func TestShow_3_AnotherClient(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	now := time.Now().Unix()
	tests := map[string]struct {
		sig  string
		code int
	}{
		"made with the vendor's algorithm":  {usersig(t, appKey, adminID, appID, now, 86400, true), 0},
		"made with another key":             {usersig(t, "not the key", adminID, appID, now, 86400, true), 70009},
		"signed without the last line feed": {usersig(t, appKey, adminID, appID, now, 86400, false), 70009},
		"expired":                           {usersig(t, appKey, adminID, appID, now-100000, 86400, true), 70001},
		"of another identifier":             {usersig(t, appKey, "alice", appID, now, 86400, true), 70013},
		"of another app":                    {usersig(t, appKey, adminID, "1400000001", now, 86400, true), 70014},
		"cut":                               {usersig(t, appKey, adminID, appID, now, 86400, true)[:40], 70003},
	}
	for name, tt := range tests {
		query := url.Values{
			"sdkappid": {appID}, "identifier": {adminID}, "usersig": {tt.sig}, "random": {"99999999"}, "contenttype": {"json"},
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			sim.address+"/v4/openconfigsvr/setnospeaking?"+query.Encode(),
			strings.NewReader(`{"Set_Account":"bob","C2CmsgNospeakingTime":60}`))
		require.NoError(t, err)
		resp, err := sim.client.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode, "the result is in the body")
		var answer struct{ ErrorCode int }
		require.NoError(t, json.Unmarshal(body, &answer), "%s", body)
		require.Equal(t, tt.code, answer.ErrorCode, "%s: %s", name, body)
	}
	require.NotZero(t, sim.of("bob").C2C)
}

// usersig makes a UserSig as the vendor documents it: HMAC-SHA256 over four
// lines, the result and what it is over as JSON, zlib, and base64 with three
// characters exchanged.
func usersig(t *testing.T, key, identifier, app string, at, expire int64, lastLine bool) string {
	t.Helper()
	text := fmt.Sprintf("TLS.identifier:%s\nTLS.sdkappid:%s\nTLS.time:%d\nTLS.expire:%d\n", identifier, app, at, expire)
	if !lastLine {
		text = strings.TrimSuffix(text, "\n")
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	document := fmt.Sprintf(`{"TLS.ver":"2.0","TLS.identifier":%q,"TLS.sdkappid":%s,"TLS.expire":%d,"TLS.time":%d,"TLS.sig":%q}`,
		identifier, app, expire, at, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, err := io.WriteString(z, document)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(packed.Bytes()))
}
