//go:build unix

package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
)

// The places of the scripted Discord.
const (
	discordMods  = "1300000000000000001"
	discordAudit = "1300000000000000009"
)

// postRoute is what messages to channels go by.
const postRoute = "POST /channels/{channel}/messages"

// discordSide is the scripted Discord.
type discordSide struct {
	w   *served
	sim *discordsim.Server
}

var _ side = (*discordSide)(nil)

func newDiscordSide(w *served, cfg discordsim.Config) *discordSide {
	w.t.Helper()
	cfg.Channels, cfg.AnswerTime = []string{discordMods, discordAudit}, answerTime
	d := &discordSide{w: w, sim: discordsim.New(cfg)}
	w.t.Cleanup(func() {
		if w.t.Failed() {
			var all strings.Builder
			for _, e := range d.sim.Events() {
				fmt.Fprintln(&all, e)
			}
			w.t.Logf("Discord:\n%s", all.String())
		}
		d.sim.Close()
	})
	// The page of the application has an endpoint before modbot first looks.
	d.sim.UseEndpoint("http://127.0.0.1:1/discord/interactions")
	return d
}

func (d *discordSide) name() string        { return "discord" }
func (d *discordSide) workspace() string   { return discordsim.DefaultGuild }
func (d *discordSide) sink() string        { return "discord:" + discordAudit }
func (d *discordSide) id(of person) string { return of.discord }

// from is somebody in the channel of the moderators.
func (d *discordSide) from(as person) discordsim.Interaction {
	return discordsim.Interaction{User: as.discord, UserName: as.name, Roles: as.roles, Channel: discordMods, ChannelName: "mods"}
}

func (d *discordSide) send(as person, c command) delivery {
	d.w.t.Helper()
	return d.sendFrom(as, d.from(as), c)
}

func (d *discordSide) sendFrom(as person, from discordsim.Interaction, c command) delivery {
	d.w.t.Helper()
	from.Name, from.Options = c.verb, c.options
	return d.deliver(delivery{who: as, discord: from})
}

// deliver delivers an interaction, for the first time or again.
func (d *discordSide) deliver(out delivery) delivery {
	d.w.t.Helper()
	ctx, cancel := bounded(d.w.t)
	defer cancel()
	out.after = len(d.sim.Events())
	act, first := d.sim.Command, out.discord.ID == ""
	if out.clicked {
		act = d.sim.Component
	}
	var err error
	out.answer, err = act(ctx, out.discord)
	require.NoError(d.w.t, err)
	require.Empty(d.w.t, out.answer.Problem)
	if first { // who delivers again is told that it was taken already
		require.Equal(d.w.t, http.StatusOK, out.answer.Status)
	}
	out.discord.ID = out.answer.ID
	return out
}

func (d *discordSide) again(of delivery) delivery {
	d.w.t.Helper()
	return d.deliver(of)
}

func (d *discordSide) click(as person, on message, label string) delivery {
	d.w.t.Helper()
	from := d.from(as)
	from.Name, from.Message = on.discord.Buttons[on.labelled(d.w.t, label)].CustomID, on.discord.ID
	return d.deliver(delivery{who: as, discord: from, clicked: true})
}

func (d *discordSide) hear(of delivery) message {
	d.w.t.Helper()
	ctx, cancel := bounded(d.w.t)
	defer cancel()
	require.NoError(d.w.t, d.sim.Wait(ctx, func([]discordsim.Event) bool { return len(d.private(of)) > 0 }))
	return d.private(of)[0]
}

func (d *discordSide) private(of delivery) []message {
	var out []message
	for _, e := range d.sim.Events() {
		if e.Message != nil && e.Interaction == of.answer.ID && e.Seq > of.after && e.What == discordsim.Shown {
			out = append(out, discordMessage(*e.Message))
		}
	}
	return out
}

func (d *discordSide) posts() []message {
	var out []message
	for _, e := range d.sim.Of(discordsim.Posted) {
		if e.Channel == discordAudit {
			out = append(out, discordMessage(*e.Message))
		}
	}
	return out
}

func (d *discordSide) changed() (n int) {
	for _, e := range d.sim.Of(discordsim.Edited) {
		if e.Channel == discordAudit {
			n++
		}
	}
	return n
}

func discordMessage(m discordsim.Message) message {
	shown := discordsim.Read(m.Content)
	out := message{text: shown.Text, live: shown.Live, pings: m.Pings, discord: m}
	for _, b := range m.Buttons {
		out.buttons = append(out.buttons, b.Label)
	}
	return out
}

func (d *discordSide) spoil(how string) {
	switch how {
	case deleted:
		d.sim.RemoveChannel(discordAudit)
	case forbidden:
		d.sim.LockChannel(discordAudit)
	case throttled:
		d.sim.Fault(discordsim.Fault{Route: postRoute, Kind: discordsim.Throttle, Wait: time.Second, Times: -1})
	case failing:
		d.sim.Fault(discordsim.Fault{Route: postRoute, Kind: discordsim.Fail, Times: -1})
	default:
		d.w.t.Fatalf("an audit channel can't be %q", how)
	}
}

func (d *discordSide) heal() {
	d.sim.ClearFaults()
	d.sim.AddChannel(discordAudit)
}
