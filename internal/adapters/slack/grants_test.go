package slack

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

func zapString(key, value string) zapcore.Field { return zap.String(key, value) }

func asks(actor string) chat.Invocation {
	return chat.Invocation{Platform: chat.Slack, Workspace: "T1", Actor: chat.Actor{ID: actor}}
}

// knownAs answers users.info with these fields.
func knownAs(fields string) func(called) replied {
	return func(c called) replied {
		return replied{status: http.StatusOK, body: fmt.Sprintf(`{"ok":true,"user":{"id":%q,%s}}`, c.args.Get("user"), fields)}
	}
}

func TestGrants(t *testing.T) {
	own := []chat.Grant{{Kind: chat.GrantMember, ID: "U1"}}
	for name, c := range map[string]struct {
		answer  func(called) replied
		want    []chat.Grant
		unknown bool
	}{
		"a member":               {knownAs(`"team_id":"T1"`), own, false},
		"a guest":                {knownAs(`"team_id":"T1","is_restricted":true`), nil, false},
		"a guest of one channel": {knownAs(`"team_id":"T1","is_restricted":true,"is_ultra_restricted":true`), nil, false},
		"a stranger":             {knownAs(`"team_id":"T2","is_stranger":true`), nil, false},
		"of another workspace":   {knownAs(`"team_id":"T2"`), nil, false},
		"somebody who left":      {knownAs(`"team_id":"T1","deleted":true`), nil, false},
		"an app":                 {knownAs(`"team_id":"T1","is_bot":true`), nil, false},
		"nobody":                 {refusing("user_not_found"), nil, true},
		"no scope":               {refusing("missing_scope"), nil, true},
		"an answer about nobody": {func(called) replied { return replied{status: 200, body: "{}"} }, nil, true},
		"an answer about another": {func(called) replied {
			return replied{status: 200, body: `{"ok":true,"user":{"id":"U2","team_id":"T1"}}`}
		}, nil, true},
		"HTML":                   {func(called) replied { return replied{status: 200, body: "<html>"} }, nil, true},
		"an unavailable service": {func(called) replied { return replied{status: 503} }, nil, true},
		"throttled":              {func(called) replied { return replied{status: 429} }, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.slack.on(methodPerson, c.answer)
			grants, err := b.Grants(t.Context(), asks("U1"))
			require.Equal(t, c.want, grants)
			if c.unknown {
				require.ErrorIs(t, err, adapters.ErrRoles)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestGrants_UserGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Config) { c.UserGroups = []string{"S1", "S2"} })
		b.slack.on(methodMembers, func(c called) replied {
			if c.args.Get("usergroup") == "S2" {
				return replied{status: 200, body: `{"ok":true,"users":[]}`}
			}
			return usual(c)
		})
		b.start(fakeCore{})
		grants, err := b.Grants(t.Context(), asks("U1"))
		require.NoError(t, err)
		require.Equal(t, []chat.Grant{{Kind: chat.GrantMember, ID: "U1"}, {Kind: chat.GrantUsergroup, ID: "S1"}}, grants)

		b.slack.on(methodMembers, refusing("internal_error"))
		time.Sleep(2 * rolesAge)
		grants, err = b.Grants(t.Context(), asks("U1"))
		require.ErrorIs(t, err, adapters.ErrRoles)
		require.Empty(t, grants, "not even the own id: nobody knows")
		b.stop(t)
	})
}

// Who asks often is looked up beside, and never waits for it.
func TestGrants_AreRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(fakeCore{})
		for range 30 {
			_, err := b.Grants(t.Context(), asks("U1"))
			require.NoError(t, err)
			time.Sleep(10 * time.Second)
			synctest.Wait()
		}
		b.stop(t)
		require.InDelta(t, 8, len(b.slack.of(methodPerson)), 2)
	})
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		require.Equal(t, adapters.Status{Why: "It is not running."}, b.Status())
		b.start(fakeCore{})
		require.Equal(t, adapters.Status{Up: true}, b.Status())
		b.slack.on(methodAuth, refusing("token_revoked"))
		time.Sleep(tokenEvery)
		synctest.Wait()
		require.False(t, b.Status().Up)
		require.Contains(t, b.Status().Why, "the token was revoked")
		b.slack.on(methodAuth, usual)
		time.Sleep(tokenRetry)
		synctest.Wait()
		require.Equal(t, adapters.Status{Up: true}, b.Status())
		b.slack.on(methodAuth, func(called) replied { return replied{status: 200, body: `{"ok":true,"team_id":"T7"}`} })
		time.Sleep(tokenEvery)
		synctest.Wait()
		require.Contains(t, b.Status().Why, "T7")
		b.stop(t)
		require.False(t, b.Status().Up)
	})
}

func TestNew_SaysEverything(t *testing.T) {
	_, err := New(zap.NewNop(), Config{
		Mode: "carrier pigeon", Workspaces: []string{"T1", "mods"}, Command: "mod", AuditChannel: "#mods",
		MentionOnFailure: []string{"everyone"}, UserGroups: []string{"leads"}, ShortForms: map[string]string{"Mute": ""}, APIURL: "slack",
	})
	requireSettings(t, err)
	for _, part := range []string{
		"bot_token", "mode", "enterprise", "workspaces", "mods", "command", "audit_channel", "mention_on_failure", "usergroups", "short_forms", "api_url",
	} {
		require.ErrorContains(t, err, part)
	}
	_, err = New(zap.NewNop(), Config{Mode: HTTP, BotToken: testBotToken, Workspaces: []string{"T1"}})
	require.ErrorContains(t, err, "signing_secret")
	_, err = New(zap.NewNop(), Config{Mode: Socket, BotToken: testBotToken, Workspaces: []string{"T1"}})
	require.ErrorContains(t, err, "app_token")
	_, err = New(zap.NewNop(), Config{Mode: HTTP, BotToken: testBotToken, SigningSecret: "s"})
	require.ErrorContains(t, err, "workspaces")
}

// No error, and no line of the log, holds a token, a secret or the address of a
// response_url, whatever goes wrong.
func TestSecretsStayOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Config) { c.UserGroups = []string{"S1"} })
		for i, answer := range []func(called) replied{
			func(called) replied { return replied{err: errDown} },
			refusing("invalid_auth"), func(called) replied { return replied{status: 500, body: testBotToken} },
			func(called) replied { return replied{status: 429} }, func(called) replied { return replied{status: 200, body: "<"} },
		} {
			for _, method := range []string{methodAuth, methodPerson, methodPost, methodDirect, methodMembers, methodAnswerURL, methodView} {
				b.slack.on(method, answer)
			}
			b.start(after(3*time.Second, "Done and well."))
			_, _ = b.command("trigger_id", fmt.Sprintf("secrets.%d", i))
			_, _ = b.command("trigger_id", fmt.Sprintf("others.%d", i), "team_id", "T2")
			_, err := b.Grants(t.Context(), asks("U1"))
			require.Error(t, err)
			requireNoSecret(t, err.Error())
			_, body, err := b.Audit().Render(onePost())
			require.NoError(t, err)
			_, err = b.Audit().Send(t.Context(), body, chat.Delivery{})
			require.Error(t, err)
			requireNoSecret(t, err.Error())
			requireNoSecret(t, b.Status().Why)
			time.Sleep(time.Minute)
			b.stop(t)
		}
		require.NotZero(t, b.logs.Len())
		for _, entry := range b.logs.All() {
			requireNoSecret(t, fmt.Sprint(entry.Message, entry.ContextMap()))
		}
	})
}

func requireNoSecret(tb testing.TB, text string) {
	tb.Helper()
	for _, secret := range []string{testBotToken, testAppToken, testSecret, "very-secret"} {
		require.NotContains(tb, text, secret)
	}
}
