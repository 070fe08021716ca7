package discord_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters/adaptertest"
	"modbot/internal/adapters/discord"
	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

func TestConformance(t *testing.T) {
	t.Run("http", func(t *testing.T) { adaptertest.Run(t, newHarness(discord.HTTP)) })
	t.Run("gateway", func(t *testing.T) { adaptertest.Run(t, newHarness(discord.Gateway)) })
}

// The people of the scripted guild.
const (
	mia = "7000000000000000001"
	ada = "7000000000000000002"
)

// postRoute is where audit posts go.
const postRoute = "POST /channels/{channel}/messages"

// specs are the verbs of the suite's deliveries.
func specs() []chat.Spec {
	return []chat.Spec{{Verb: "mute", Summary: "Mute accounts", Options: []chat.OptionSpec{
		{Name: "account", Kind: chat.OptionAccounts, Summary: "Whom", Required: true, Suggests: true},
		{Name: "term", Kind: chat.OptionTerm, Summary: "For how long", Required: true, Suggests: true},
		{Name: "reason", Kind: chat.OptionText, Summary: "Why", Rest: true},
	}}}
}

// world is an adapter and a scripted Discord.
type world struct {
	sim     *discordsim.Server
	d       *discord.Discord
	server  *httptest.Server // where Discord delivers; nil over the gateway
	noRoles atomic.Bool      // interactions lose their roles on the way
}

// newWorld makes both. Nothing runs yet.
func newWorld(tb testing.TB, mode discord.Mode, cfg discordsim.Config, change func(*discord.Config)) *world {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(tb, err)
	cfg.Key, cfg.Unlimited = key, true
	w := &world{sim: discordsim.New(cfg)}
	own := discord.Config{
		Mode: mode, ApplicationID: discordsim.DefaultApplication, PublicKey: w.sim.PublicKey(), BotToken: discordsim.DefaultToken,
		Guilds: []string{discordsim.DefaultGuild}, AuditChannel: discordsim.DefaultChannel, APIURL: w.sim.APIURL(), Specs: specs(),
	}
	if change != nil {
		change(&own)
	}
	w.d, err = discord.New(zap.NewNop(), own)
	require.NoError(tb, err)
	if mode == discord.HTTP {
		w.server = httptest.NewServer(w.thieving(key, w.d.Handler()))
		w.sim.UseEndpoint(w.server.URL + discord.Path)
	}
	return w
}

func (w *world) close() {
	if w.server != nil {
		w.server.Close()
	}
	w.sim.Close()
}

// thieving takes the roles out of deliveries when it is told to, and signs what
// is left as Discord would.
func (w *world) thieving(key ed25519.PrivateKey, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.noRoles.Load() {
			var body map[string]any
			raw, _ := io.ReadAll(r.Body)
			_ = json.Unmarshal(raw, &body)
			delete(body["member"].(map[string]any), "roles")
			raw, _ = json.Marshal(body)
			stamp := r.Header.Get("X-Signature-Timestamp")
			r.Header.Set("X-Signature-Ed25519", hex.EncodeToString(ed25519.Sign(key, append([]byte(stamp), raw...))))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
		}
		next.ServeHTTP(rw, r)
	})
}

// ready waits until deliveries are taken.
func (w *world) ready(tb testing.TB) {
	tb.Helper()
	require.Eventually(tb, func() bool { return w.d.Status().Up }, 10*time.Second, time.Millisecond, "%v", w.d.Status())
}

// numberOf makes an interaction's id of a delivery's.
func numberOf(id string) string { return "9000" + strings.TrimPrefix(id, "delivery-") }

func deliveryOf(interaction string) (string, bool) {
	n, ok := strings.CutPrefix(interaction, "9000")
	return "delivery-" + n, ok
}

// seen is what Discord's client shows of content.
func seen(content string) adaptertest.Shown {
	v := discordsim.Read(content)
	return adaptertest.Shown{Text: v.Text, Live: v.Live}
}

// watch puts what the platform sees into the trace.
func watch(trace *adaptertest.Trace) func(discordsim.Event) {
	return func(e discordsim.Event) {
		id, ours := deliveryOf(e.Interaction)
		switch {
		case e.What == discordsim.Posted:
			trace.Post(live(e.Message))
		case e.What == discordsim.Answered && ours:
			trace.Ack(id)
		case e.What == discordsim.Shown && ours:
			trace.Show(id, live(e.Message))
		}
	}
}

// live also counts pings as something that acts.
func live(m *discordsim.Message) adaptertest.Shown {
	s := seen(m.Content)
	s.Live = append(s.Live, m.Pings...)
	return s
}

func newHarness(mode discord.Mode) adaptertest.Factory {
	return func(tb testing.TB, trace *adaptertest.Trace) adaptertest.Harness {
		tb.Helper()
		w := newWorld(tb, mode, discordsim.Config{Observe: watch(trace)}, nil)
		h := adaptertest.Harness{
			Adapter: w.d, Channel: w.d.Audit(), Actors: []string{mia, ada}, Close: w.close,
			Deliver: w.deliver, Redeliver: w.deliver, Press: w.press, OpenForm: w.openForm, Complete: w.complete,
			Throttle: func(_ testing.TB, wait time.Duration) {
				w.sim.Fault(discordsim.Fault{Route: postRoute, Kind: discordsim.Throttle, Wait: wait})
			},
			Refuse: func(testing.TB) {
				w.sim.Fault(discordsim.Fault{Route: postRoute, Kind: discordsim.Refuse, Status: http.StatusBadRequest, Code: 50035, Text: "Invalid Form Body"})
			},
			Lacks: map[adaptertest.Trait]string{
				adaptertest.Ending: "Discord refuses a bot with an error, and never says that it is over",
			},
		}
		if mode == discord.HTTP {
			h.Forge = w.forge
			h.BreakRoles = func(testing.TB) { w.noRoles.Store(true) }
		} else {
			h.Lacks[adaptertest.Signature] = "what comes over our own connection is not signed"
			h.Lacks[adaptertest.RoleLookup] = "the scripted gateway sends no member without roles; the mode makes no difference to them"
		}
		return h
	}
}

// command is a delivery as somebody typed it.
func command(d adaptertest.Delivery) discordsim.Interaction {
	in := discordsim.Interaction{ID: numberOf(d.ID), User: d.Actor, UserName: "user-" + d.Actor, Roles: []string{"31"}, Name: d.Verb()}
	for _, o := range d.Options() {
		in.Options = append(in.Options, discordsim.Option{Name: o.Name, Value: o.Value})
	}
	return in
}

// deliver returns with the first response: that is how Discord knows that it has
// handed a delivery over.
func (w *world) deliver(tb testing.TB, d adaptertest.Delivery) {
	tb.Helper()
	w.ready(tb)
	if _, err := w.sim.Command(context.Background(), command(d)); err != nil {
		tb.Errorf("delivering: %v", err)
	}
}

func (w *world) forge(tb testing.TB, d adaptertest.Delivery) {
	tb.Helper()
	w.ready(tb)
	in := command(d)
	in.Sign.Broken = true
	r, err := w.sim.Command(context.Background(), in)
	require.NoError(tb, err)
	require.Equal(tb, http.StatusUnauthorized, r.Status)
}

func (w *world) press(tb testing.TB, id, actor string, b chat.Button) {
	tb.Helper()
	w.ready(tb)
	name, ok := render.EncodeClick(b)
	require.True(tb, ok)
	_, err := w.sim.Component(context.Background(), discordsim.Interaction{ID: numberOf(id), User: actor, UserName: "x", Name: name})
	require.NoError(tb, err)
}

func (w *world) openForm(tb testing.TB, actor, verb string) []string {
	tb.Helper()
	w.ready(tb)
	require.Equal(tb, render.MenuVerb, verb)
	r, err := w.sim.UserMenu(context.Background(), discordsim.Interaction{User: actor, UserName: "x", Name: render.MenuMember, Target: ada})
	require.NoError(tb, err)
	require.Empty(tb, r.Problem)
	if r.Modal == nil {
		return nil
	}
	var labels []string
	for _, in := range r.Modal.Inputs {
		labels = append(labels, in.Label)
	}
	return labels
}

func (w *world) complete(tb testing.TB, actor, option, typed string) []string {
	tb.Helper()
	w.ready(tb)
	r, err := w.sim.Autocomplete(context.Background(), discordsim.Interaction{
		User: actor, UserName: "x", Name: "mute", Focused: option, Options: []discordsim.Option{{Name: option, Value: typed}},
	})
	require.NoError(tb, err)
	require.Empty(tb, r.Problem)
	var values []string
	for _, c := range r.Choices {
		values = append(values, c.Value.(string))
	}
	return values
}
