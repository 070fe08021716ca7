//go:build unix

package soak

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
	"modbot/internal/proctest/stage"
)

// How often something goes wrong, beside the audit channels.
const (
	faultEvery   = 250 * time.Millisecond // with a call to a platform
	tencentEvery = 2 * time.Second        // with a call to Tencent
	// cutEvery is how often a connection breaks on each platform. Connections
	// that live shorter than a minute are answered by longer and longer waits,
	// by design: each of Slack's two lives for twice as long.
	cutEvery = 35 * time.Second
)

// trouble makes things go wrong, the same ones for the same seed.
type trouble struct {
	w      *world
	random *rand.Rand

	mu     sync.Mutex
	counts map[string]int
}

func newTrouble(w *world, seed uint64) *trouble {
	return &trouble{w: w, random: rand.New(rand.NewPCG(seed, 1)), counts: map[string]int{}}
}

func (m *trouble) count(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[what]++
}

// make goes on until it is stopped, and leaves everything healed.
func (m *trouble) make(stop <-chan struct{}, lasts time.Duration) {
	faults, tencent, cuts := time.NewTicker(faultEvery), time.NewTicker(tencentEvery), time.NewTicker(cutEvery)
	channels := time.NewTicker(lasts / 8) // eight parts: none is gone, Slack's, none, Discord's, and again
	for _, t := range []*time.Ticker{faults, tencent, cuts, channels} {
		defer t.Stop()
	}
	part := 0
	for {
		select {
		case <-faults.C:
			if m.random.IntN(2) == 0 {
				m.slack()
			} else {
				m.discord()
			}
		case <-tencent.C:
			m.tencent()
		case <-cuts.C:
			m.cut()
		case <-channels.C:
			part++
			m.channels(part)
		case <-stop:
			m.heal()
			return
		}
	}
}

// channels takes one of the audit channels away, or gives it back.
func (m *trouble) channels(part int) {
	m.w.openSlackAudit()
	m.w.openDiscordAudit()
	switch part % 4 {
	case 1:
		m.w.closeSlackAudit()
		m.count("slack: audit channel gone")
	case 3:
		m.w.closeDiscordAudit()
		m.count("discord: audit channel gone")
	}
}

// slack lets the next call of a method go wrong. A fault that met no call goes:
// while a channel rests, faults would pile up, and let it fail again and again
// when it is back.
func (m *trouble) slack() {
	methods := []string{"chat.postMessage", "chat.postMessage", slacksim.ResponseURL, slacksim.ResponseURL, "users.info", "conversations.open"}
	faults := []struct {
		name  string
		fault slacksim.Fault
	}{
		{"429", slacksim.Throttled(1)},
		{"429 without a time", slacksim.Fault{Status: http.StatusTooManyRequests}},
		{"500", slacksim.Fault{Status: http.StatusInternalServerError}},
		{"503", slacksim.Fault{Status: http.StatusServiceUnavailable}},
		{"dropped", slacksim.Fault{Drop: true}},
		{"applied, answer lost", slacksim.Fault{Drop: true, Apply: true}},
		{"applied, answered 502", slacksim.Fault{Status: http.StatusBadGateway, Apply: true}},
		{"slow", slacksim.Fault{Delay: time.Second}},
	}
	f := faults[m.random.IntN(len(faults))]
	method := methods[m.random.IntN(len(methods))]
	if method == methods[0] { // of all posts, those that the ledger counts
		f.fault.Channel = stage.SlackAudit
	}
	m.w.Slack.Heal(method)
	m.w.Slack.Fail(method, f.fault)
	m.count("slack: " + f.name)
}

func (m *trouble) discord() {
	const edit, direct = "PATCH /webhooks/{app}/{token}/messages/@original", "POST /users/@me/channels"
	routes := []string{postRoute, postRoute, edit, edit, "POST /interactions/{interaction}/{token}/callback", direct}
	faults := []struct {
		name  string
		fault discordsim.Fault
	}{
		{"429", discordsim.Fault{Kind: discordsim.Throttle, Wait: time.Second}},
		{"429 for all", discordsim.Fault{Kind: discordsim.Throttle, Wait: time.Second, Scope: "global"}},
		{"429 as HTML", discordsim.Fault{Kind: discordsim.ThrottleHTML, Wait: time.Second}},
		{"500", discordsim.Fault{Kind: discordsim.Fail}},
		{"502", discordsim.Fault{Kind: discordsim.Fail, Status: http.StatusBadGateway}},
		{"dropped", discordsim.Fault{Kind: discordsim.DropBefore}},
		{"applied, answer lost", discordsim.Fault{Kind: discordsim.DropAfter}},
		{"slow", discordsim.Fault{Kind: discordsim.Slow, Wait: time.Second}},
	}
	f := faults[m.random.IntN(len(faults))]
	f.fault.Route = routes[m.random.IntN(len(routes))]
	m.w.Discord.ClearFaults() // as above
	m.w.Discord.Fault(f.fault)
	m.count("discord: " + f.name)
}

func (m *trouble) tencent() {
	faults := []struct{ name, fault string }{
		{"busy", `{"api":"setnospeaking","kind":"code","code":60008}`},
		{"502", `{"api":"setnospeaking","kind":"http","status":502}`},
		{"dropped", `{"api":"setnospeaking","kind":"drop"}`},
		{"applied, answer lost", `{"api":"setnospeaking","kind":"apply_and_drop"}`},
		{"no JSON", `{"api":"setnospeaking","kind":"garbage"}`},
		{"slow", `{"api":"setnospeaking","kind":"latency","delay_ms":1500}`},
		{"read dropped", `{"api":"getnospeaking","kind":"drop"}`},
	}
	f := faults[m.random.IntN(len(faults))]
	proctest.Call(m.w.t, http.MethodPost, m.w.tencent+"/sim/faults", f.fault)
	m.count("tencent: " + f.name)
}

// cut breaks connections, or asks for new ones.
func (m *trouble) cut() {
	open := m.w.Slack.Sockets()
	if len(open) > 0 { // the oldest: it has lived for two turns
		if m.random.IntN(2) == 0 {
			m.w.Slack.Drop(open[0])
			m.count("slack: connection dropped")
		} else {
			m.w.Slack.Disconnect(open[0], slacksim.RefreshRequested)
			m.count("slack: refresh requested")
		}
	}
	kinds := []func(){
		m.w.Discord.DropGateway, m.w.Discord.Reconnect,
		func() { m.w.Discord.InvalidateSession(true) },
		func() { m.w.Discord.InvalidateSession(false) },
		func() { m.w.Discord.CloseGateway(discordsim.CloseUnknownError) },
	}
	k := m.random.IntN(len(kinds))
	kinds[k]()
	m.count(fmt.Sprintf("discord: %s", []string{
		"connection dropped", "reconnect asked", "session paused", "session ended", "closed with 4000",
	}[k]))
}

// heal makes everything work again.
func (m *trouble) heal() {
	m.w.Slack.Heal()
	m.w.Discord.ClearFaults()
	proctest.Call(m.w.t, http.MethodDelete, m.w.tencent+"/sim/faults", "")
	m.w.openSlackAudit()
	m.w.openDiscordAudit()
}
