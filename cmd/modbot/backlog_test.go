package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord"
	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// The backlog, and what may be made of it.
const (
	// backlogSlack is how much more than the least may be sent, and may last.
	backlogSlack = 1.1
	backlogChan  = "C0123"
)

// unheard is a listener that nobody calls.
type unheard struct{ closed chan struct{} }

func (u unheard) Accept() (net.Conn, error) { <-u.closed; return nil, net.ErrClosed }
func (u unheard) Close() error              { close(u.closed); return nil }
func (u unheard) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// within calls a handler without a network, which a virtual clock can't wait for.
type within struct{ handler http.Handler }

func (w within) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w.handler.ServeHTTP(rec, in)
	return rec.Result(), nil
}

// After an outage, 10,000 outcomes (fewer under the race detector, which looks at
// something else; make backlog has all) are told to a channel on Slack that takes one
// message a second and to one on Discord that takes five in five: all of them,
// in order, at the platform's rate, in at most a tenth more messages than the
// platforms' limits make necessary (see leastOnSlack, leastOnDiscord). Half of
// them are one bulk action, whose entries are alike, and half differ from their
// neighbours. The clock is virtual; ledger, adapters and limits are the real ones.
func TestBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := backlogLedger(t)
		sl, slackChannel := backlogSlackSide(t)
		ds, discordChannel := backlogDiscordSide(t)

		var want []int64
		for _, e := range outcomesOf(t, ledger) {
			want = append(want, e.Seq)
		}
		require.Len(t, want, backlogEntries)
		began := time.Now()
		lasted := map[string]time.Duration{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for name, channel := range map[string]adapters.Channel{"slack": slackChannel, "discord": discordChannel} {
			wg.Go(func() {
				d := audit.NewDeliverer(zap.NewNop(), ledger, sink{name: name, origin: ledger.OriginPrint(), channel: channel, bursts: true})
				for next := began; !next.IsZero(); {
					time.Sleep(time.Until(next))
					var err error
					if _, next, err = d.Once(context.WithoutCancel(t.Context())); err != nil {
						t.Error(err)
						return
					}
				}
				mu.Lock()
				defer mu.Unlock()
				lasted[name] = time.Since(began)
			})
		}
		wg.Wait()

		told := shownOnSlack(t, sl)
		require.Equal(t, want, numbersIn(t, told), "Slack: each entry once, in order")
		least := leastOnSlack(t, sl)
		t.Logf("Slack: %d entries in %d messages within %s; %d are the least", len(want), len(told), lasted["slack"], least)
		require.LessOrEqual(t, float64(len(told)), backlogSlack*float64(least))
		require.LessOrEqual(t, lasted["slack"].Seconds(), backlogSlack*float64(least))
		for _, r := range sl.Records() {
			require.True(t, r.Result == "ok" || r.Kind != slacksim.KindCall, "%s", r)
		}

		messages := ds.Messages(discordsim.DefaultChannel)
		told = nil
		for _, m := range messages {
			told = append(told, strings.ReplaceAll(m.Content, `\`, "")) // without the escapes
		}
		require.Equal(t, want, numbersIn(t, told), "Discord: each entry once, in order")
		least = leastOnDiscord(messages)
		t.Logf("Discord: %d entries in %d messages within %s; %d are the least", len(want), len(told), lasted["discord"], least)
		require.LessOrEqual(t, float64(len(told)), backlogSlack*float64(least))
		require.LessOrEqual(t, lasted["discord"].Seconds(), backlogSlack*float64(least))
		require.Empty(t, ds.Of(discordsim.Throttled))
	})
}

// backlogLedger is a ledger of outcomes that nobody was told of.
func backlogLedger(t *testing.T) *audit.Log {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+filepath.Join(t.TempDir(), "backlog.db"), sqlstore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	key, err := audit.NewKey("backlog")
	require.NoError(t, err)
	ledger, err := audit.Open(zap.NewNop(), store, audit.Options{Origin: "backlog", Signer: key})
	require.NoError(t, err)
	const callers = 50 // who share transactions
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range backlogEntries / callers {
				n := c*backlogEntries/callers + i
				begun, err := ledger.Begin(t.Context(), backlogIntent(t, n))
				if err == nil {
					_, err = ledger.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
		if c == callers/2-1 {
			wg.Wait() // the bulk action first
		}
	}
	wg.Wait()
	return ledger
}

// backlogIntent is one mute of the backlog.
func backlogIntent(t *testing.T, n int) audit.Intent {
	t.Helper()
	h := audit.Head{
		ID: audit.NewID(), Origin: audit.Origin{Platform: chat.Slack, Workspace: "T1", Channel: chat.Channel{ID: "C1", Name: "mods"}},
		Actor: "slack:T1/U1", ActorName: "carol", Role: "moderator", Rule: "role/moderator",
		Account: mute.Account(fmt.Sprintf("member_%d", n)), Verb: "mute", Scope: mute.ScopeGroup, Reason: "raid",
	}
	seconds := int64(7200)
	if n >= backlogEntries/2 {
		seconds += int64(n)
		h.Actor, h.ActorName = fmt.Sprintf("slack:T1/U%d", n%37), fmt.Sprintf("moderator%d", n%37)
		h.Reason = "spamming links"
	}
	term, err := mute.Seconds(seconds)
	require.NoError(t, err)
	h.Term = term
	return audit.Intent{Head: h}
}

func outcomesOf(t *testing.T, ledger *audit.Log) []audit.Entry {
	t.Helper()
	var out []audit.Entry
	for after := int64(0); ; {
		page, err := ledger.Entries(t.Context(), audit.EntryFilter{After: after, Limit: 1000})
		require.NoError(t, err)
		if len(page) == 0 {
			return out
		}
		after = page[len(page)-1].Seq
		for _, e := range page {
			if e.Kind == audit.KindOutcome {
				out = append(out, e)
			}
		}
	}
}

func backlogSlackSide(t *testing.T) (*slacksim.Server, adapters.Channel) {
	t.Helper()
	sim, err := slacksim.New(slacksim.Config{PostInterval: time.Second, Listener: unheard{make(chan struct{})}})
	require.NoError(t, err)
	t.Cleanup(sim.Close)
	sim.SetChannel(slacksim.Channel{ID: backlogChan, Name: "audit", Member: true})
	s, err := slack.New(zap.NewNop(), slack.Config{
		Mode: slack.HTTP, SigningSecret: sim.Config().SigningSecret, BotToken: sim.Config().BotToken, Workspaces: []string{sim.Config().TeamID},
		AuditChannel: backlogChan, APIURL: sim.APIURL(), Transport: within{sim.Handler()},
	})
	require.NoError(t, err)
	return sim, s.Audit()
}

func backlogDiscordSide(t *testing.T) (*discordsim.Server, adapters.Channel) {
	t.Helper()
	sim := discordsim.New(discordsim.Config{Listener: unheard{make(chan struct{})}})
	t.Cleanup(sim.Close)
	d, err := discord.New(zap.NewNop(), discord.Config{
		Mode: discord.HTTP, ApplicationID: discordsim.DefaultApplication, PublicKey: sim.PublicKey(), BotToken: discordsim.DefaultToken,
		Guilds: []string{discordsim.DefaultGuild}, AuditChannel: discordsim.DefaultChannel, APIURL: sim.APIURL(), Transport: within{sim.Handler()},
	})
	require.NoError(t, err)
	return sim, d.Audit()
}

var (
	backlogNumber = regexp.MustCompile(`#(\d+)`)
	backlogSeal   = regexp.MustCompile(`(?: · |\n)(size \d+ .*)$`)
)

// numbersIn are the entries that messages name, in the order of reading.
func numbersIn(t *testing.T, messages []string) []int64 {
	t.Helper()
	var out []int64
	for _, m := range messages {
		require.Regexp(t, backlogSeal, m, "a message carries its checkpoint")
		for _, found := range backlogNumber.FindAllStringSubmatch(m, -1) {
			n, err := strconv.ParseInt(found[1], 10, 64)
			require.NoError(t, err)
			out = append(out, n)
		}
	}
	return out
}

// leastOnDiscord is how few messages of at most 2,000 characters could say what
// was said. Nothing of how it was packed counts: all that was said about entries
// is taken as one text that may be cut anywhere, and each message has room for
// it beside the checkpoint that it has to carry.
func leastOnDiscord(messages []discordsim.Message) int {
	said, seal := 0, math.MaxInt
	for _, m := range messages {
		own := utf8.RuneCountInString(backlogSeal.FindString(m.Content))
		said += utf8.RuneCountInString(m.Content) - own + len("\n")
		seal = min(seal, own)
	}
	return (said + 2000 - seal - 1) / (2000 - seal)
}

// slackSection is a rich_text block as Slack got it.
type slackSection struct {
	Type     string `json:"type"`
	Elements []struct {
		Elements []json.RawMessage `json:"elements"`
	} `json:"elements"`
}

// sectionsOf are the paragraphs of a message, and what they say.
func sectionsOf(t *testing.T, m slacksim.Message) (sections []slackSection, text string) {
	t.Helper()
	var blocks []slackSection
	require.NoError(t, json.Unmarshal(m.Blocks, &blocks))
	for _, s := range blocks {
		if s.Type != "rich_text" {
			continue // the buttons of a message about one entry
		}
		if text != "" {
			text += "\n"
		}
		sections = append(sections, s)
		if len(s.Elements) == 0 {
			continue
		}
		for _, raw := range s.Elements[0].Elements {
			var e struct{ Text, Fallback string }
			require.NoError(t, json.Unmarshal(raw, &e))
			text += e.Text + e.Fallback
		}
	}
	return sections, text
}

func shownOnSlack(t *testing.T, sim *slacksim.Server) (messages []string) {
	t.Helper()
	for _, m := range sim.Messages(backlogChan) {
		_, text := sectionsOf(t, m)
		messages = append(messages, text)
	}
	return messages
}

// leastOnSlack is how few messages could say what was said. Slack takes 13,200
// characters of blocks, of which a further block costs 107 beside its own JSON,
// and a paragraph holds 3,000 characters (slacksim, from Slack's tracker). As on
// Discord, all that was said about entries may be cut anywhere: what it costs is
// its elements, and the blocks without which so much text can't be shown.
func leastOnSlack(t *testing.T, sim *slacksim.Server) int {
	t.Helper()
	const total, further, paragraph = 13_200, 107, 3000
	around := len(`{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[]}]},`)
	elements, characters, seal := 0, 0, math.MaxInt
	for _, m := range sim.Messages(backlogChan) {
		sections, text := sectionsOf(t, m)
		own := len(backlogSeal.FindString(text))
		seal = min(seal, own)
		elements -= own
		characters += len(utf16.Encode([]rune(text))) - own
		for _, s := range sections {
			if len(s.Elements) == 0 {
				continue
			}
			for _, raw := range s.Elements[0].Elements {
				elements += len(raw) + len(",")
			}
		}
	}
	cost := float64(elements) + float64(characters)/paragraph*float64(around+further)
	return int(math.Ceil(cost / float64(total+further-seal)))
}
