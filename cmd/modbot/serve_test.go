package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
	"modbot/internal/web"
)

func TestServe_BothPlatformsAreServedAndToldApart(t *testing.T) {
	s := newShop(t)
	s.open()
	public, admin := s.serving.public.Address(), s.serving.admin.Address()
	s.eventually("both platforms run", func() bool { return s.slack.starts() == 1 && s.discord.starts() == 1 })

	status, text := s.ask(http.MethodPost, public, "/slack/commands", "/mod mute alice 2h group spam")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "done: Done: alice is muted in groups for 2h")
	require.Contains(t, text, "/mod unmute alice group", "what can be typed has the platform's prefix")
	status, text = s.ask(http.MethodPost, public, "/discord/interactions", "mute alice 2h group")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "needs_confirm: ", "one ledger")
	_, text = s.ask(http.MethodPost, public, "/discord/interactions", "status bobb")
	require.Contains(t, text, "/mod-", "each platform has its own prefix")

	// Both channels are told of the same entries, each from its own place.
	s.eventually("both are told", func() bool { return len(s.slack.channel.seqs()) == 2 && len(s.discord.channel.seqs()) == 2 })
	require.Equal(t, s.slack.channel.seqs(), s.discord.channel.seqs())

	status, _ = s.ask(http.MethodGet, public, "/healthz", "")
	require.Equal(t, http.StatusNotFound, status, "what is for whoever runs modbot is not public")
	status, text = s.ask(http.MethodGet, admin, "/readyz", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "ready\nup   ledger\nup   platform slack\nup   platform discord\n")
	s.eventually("nothing waits", func() bool {
		_, text = s.ask(http.MethodGet, admin, "/metrics", "")
		return strings.Contains(text, `modbot_outbox_depth{sink="discord:2"} 0`) && strings.Contains(text, `modbot_outbox_depth{sink="slack:C1"} 0`)
	})
	for _, line := range []string{
		`modbot_command_duration_seconds_count{outcome="done",platform="slack",verb="mute"} 1`,
		`modbot_command_duration_seconds_count{outcome="needs_confirm",platform="discord",verb="mute"} 1`,
		`modbot_commands_in_flight{platform="slack"} 0`,
		`modbot_platform_up{platform="slack"} 1`, "modbot_ledger_up 1\n", "modbot_ledger_open_questions 1\n",
	} {
		require.Contains(t, text, line)
	}

	require.Equal(t, exitOK, s.close())
	require.JSONEq(t, fmt.Sprintf(`{"listen":"http://%s","admin":"http://%s"}`, public, admin), s.out.String())
	for _, said := range []string{"listening for what platforms call", "serving", "shutting down", `"platform":"slack"`, `"platform":"discord"`} {
		require.Contains(t, s.logged(), said)
	}
	require.NotContains(t, s.logged(), `"level":"error"`)
}

// What was handed over before the signal ends, is recorded, and is posted.
func TestServe_EndsWhatWasBegun(t *testing.T) {
	s := newShop(t)
	reply := make(chan chat.Reply, 1)
	ending, goOn := make(chan struct{}), make(chan struct{})
	s.slack.runs = func(ctx context.Context, core adapters.Core) error {
		<-ctx.Done()
		close(ending)
		<-goOn
		s.slack.say(context.WithoutCancel(ctx), core, "mute bob 1h", func(_ context.Context, r chat.Reply) { reply <- r })
		return nil
	}
	s.open()
	s.end()
	<-ending
	status, text := s.ask(http.MethodGet, s.serving.admin.Address(), "/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, status, "the admin listener is there to the end")
	require.Contains(t, text, "shutting down")
	close(goOn)
	require.Equal(t, exitOK, s.wait())
	require.Equal(t, chat.StateDone, (<-reply).State)
	require.Len(t, s.slack.channel.seqs(), 1)
	require.Len(t, s.discord.channel.seqs(), 1)
}

func TestServe_OnePlatformNeverStopsTheOther(t *testing.T) {
	refuses := fmt.Errorf("the token was revoked: %w", adapters.ErrSettings)
	for name, broken := range map[string]func(*shop){
		"it refuses its configuration": func(s *shop) {
			s.slack.runs = func(context.Context, adapters.Core) error { return refuses }
		},
		"it cannot be made": func(s *shop) { s.slackErr = refuses },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			broken(s)
			s.open()
			admin := s.serving.admin.Address()
			s.eventually("it is said", func() bool {
				_, text := s.ask(http.MethodGet, admin, "/readyz", "")
				return strings.Contains(text, "down platform slack: It cannot be served as it is configured, and is not tried again: the token was revoked")
			})
			status, text := s.ask(http.MethodGet, admin, "/readyz", "")
			require.Equal(t, http.StatusOK, status, text)
			s.eventually("the other runs", func() bool { return s.discord.starts() == 1 })
			_, text = s.ask(http.MethodPost, s.serving.public.Address(), "/discord/interactions", "mute carol 1h")
			require.Contains(t, text, "done: ")
			s.eventually("the other's channel is told", func() bool { return len(s.discord.channel.seqs()) == 1 })
			require.LessOrEqual(t, s.slack.starts(), 1, "what cannot help is not tried")
			require.Contains(t, s.logged(), "stays off until modbot is started again")
			require.Equal(t, exitOK, s.close())
		})
	}
}

func TestServe_EndsWhenNoPlatformCanBeServed(t *testing.T) {
	s := newShop(t)
	refuse := func(context.Context, adapters.Core) error { return adapters.ErrSettings }
	s.slack.runs, s.discord.runs = refuse, refuse
	s.start()
	require.Equal(t, exitConfig, s.wait())
}

// An audit channel that fails keeps its place, and shows.
func TestServe_AnAuditChannelThatFailsShows(t *testing.T) {
	s := newShop(t)
	s.slack.channel.fail = errors.New("channel_not_found")
	s.open()
	admin := s.serving.admin.Address()
	s.eventually("the platform runs", func() bool { return s.slack.starts() == 1 })
	s.ask(http.MethodPost, s.serving.public.Address(), "/slack/commands", "/mod mute alice 2h")
	s.eventually("it is said", func() bool {
		status, text := s.ask(http.MethodGet, admin, "/readyz", "")
		return status == http.StatusOK && strings.Contains(text, "down sink slack:C1: 1 entries wait, the first for ") && strings.Contains(text, "channel_not_found")
	})
	_, text := s.ask(http.MethodGet, admin, "/metrics", "")
	require.Contains(t, text, `modbot_outbox_depth{sink="slack:C1"} 1`)
	require.Contains(t, text, `modbot_outbox_failing{sink="slack:C1"} 1`)
	s.eventually("the other channel is told", func() bool { return len(s.discord.channel.seqs()) == 1 })
	require.Equal(t, exitOK, s.close())
}

// A channel that is new begins at the next entry; one that was there goes on.
func TestServe_ANewAuditChannelBeginsNow(t *testing.T) {
	s := newShop(t)
	s.open()
	s.eventually("the platform runs", func() bool { return s.slack.starts() == 1 })
	s.ask(http.MethodPost, s.serving.public.Address(), "/slack/commands", "/mod mute alice 2h")
	require.Equal(t, exitOK, s.close())
	first := s.slack.channel.seqs()
	require.Len(t, first, 1)

	s.slackSink, s.slack.channel = "slack:C2", &fakeChannel{}
	s.open()
	s.eventually("the platform runs", func() bool { return s.slack.starts() == 2 })
	s.ask(http.MethodPost, s.serving.public.Address(), "/slack/commands", "/mod unmute alice")
	require.Equal(t, exitOK, s.close())
	require.Len(t, s.slack.channel.seqs(), 1)
	require.Greater(t, s.slack.channel.seqs()[0], first[0])
	require.Equal(t, append(first, s.slack.channel.seqs()...), s.discord.channel.seqs())
}

// What was an audit channel once is behind for ever, and nobody is told.
func TestServe_AReplacedAuditChannelIsNoNews(t *testing.T) {
	s := newShop(t)
	s.slack.channel.fail = errors.New("channel_not_found")
	s.open()
	s.eventually("the platform runs", func() bool { return s.slack.starts() == 1 })
	s.ask(http.MethodPost, s.serving.public.Address(), "/slack/commands", "/mod mute alice 2h")
	require.Equal(t, exitOK, s.close())

	s.slackSink, s.slack.channel = "slack:C2", &fakeChannel{}
	s.open()
	admin := s.serving.admin.Address()
	for _, path := range []string{"/readyz", "/metrics"} {
		_, text := s.ask(http.MethodGet, admin, path, "")
		require.Contains(t, text, "slack:C2")
		require.NotContains(t, text, "slack:C1")
	}
	require.Equal(t, exitOK, s.close())
}

// Where modbot calls the platforms, nothing is listened for.
func TestServe_ListensOnlyWhereItIsCalled(t *testing.T) {
	s := newShop(t)
	text, err := os.ReadFile(s.file)
	require.NoError(t, err)
	text = bytes.Replace(text, []byte("mode: http, bot_token: xoxb-1, signing_secret: x"), []byte("mode: socket, bot_token: xoxb-1, app_token: xapp-1"), 1)
	require.NoError(t, os.WriteFile(s.file, text, 0o600))
	s.open()
	require.Nil(t, s.serving.public)
	admin := s.serving.admin.Address()
	s.eventually("both platforms run", func() bool { return s.slack.starts() == 1 && s.discord.starts() == 1 })
	require.Equal(t, exitOK, s.close())
	require.JSONEq(t, fmt.Sprintf(`{"listen":null,"admin":"http://%s"}`, admin), s.out.String())
}

func TestServe_ALedgerIsServedOnce(t *testing.T) {
	s := newShop(t)
	s.open()
	other := &shop{t: t, file: s.file, slack: s.slack, discord: s.discord, slackSink: s.slackSink}
	other.start()
	require.Equal(t, exitConfig, other.wait())
	require.Equal(t, exitOK, s.close())
}

func TestServe_ATakenAddressIsSaid(t *testing.T) {
	s := newShop(t)
	taken, err := web.Listen(t.Context(), zap.NewNop(), "other", "127.0.0.1:0", http.NotFoundHandler())
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	text, err := os.ReadFile(s.file)
	require.NoError(t, err)
	text = bytes.Replace(text, []byte("listen: 127.0.0.1:0"), []byte("listen: "+taken.Address()), 1)
	require.NoError(t, os.WriteFile(s.file, text, 0o600))
	s.start()
	require.Equal(t, exitFailed, s.wait())
	release, err := holdLedger("sqlite:"+filepath.Join(filepath.Dir(s.file), "modbot.db"), true)
	require.NoError(t, err, "everything that was opened is closed again")
	require.NoError(t, release())
}
