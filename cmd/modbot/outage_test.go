package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/chat"
)

func TestOutages_MentionOnce(t *testing.T) {
	begin := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	o := newOutages(zap.NewNop(), func(context.Context) (audit.Health, error) { return audit.Health{}, nil }, "slack:C1")
	o.mentioned = -1 // the entries of this test begin at 0
	var mentioned []int64
	for seq, minutes := range []int{0, 1, 9, 18, 29, 30} {
		posts := []chat.Post{{FirstSeq: int64(seq), Alarm: true, Time: begin.Add(time.Duration(minutes) * time.Minute)}}
		o.tell(posts)
		if posts[0].Alarm {
			mentioned = append(mentioned, posts[0].FirstSeq)
		}
	}
	require.Equal(t, []int64{0, 4}, mentioned, "once, and again after ten minutes in which nothing failed")

	for seq, minutes := range map[int64]int{4: 29, 5: 30} {
		again := []chat.Post{{FirstSeq: seq, Alarm: true, Time: begin.Add(time.Duration(minutes) * time.Minute)}}
		o.tell(again)
		require.Equal(t, seq == 4, again[0].Alarm, "composed again, #%d is told as before", seq)
	}
	fine := []chat.Post{{FirstSeq: 6, Time: begin.Add(time.Hour)}}
	o.tell(fine)
	require.False(t, fine[0].Alarm)
}

func TestOutages_TellOfOtherChannels(t *testing.T) {
	now := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	failing := audit.SinkHealth{Name: "discord:2", Behind: 12, Oldest: now.Add(-5 * time.Minute), LastError: "unknown channel"}
	h := audit.Health{Sinks: []audit.SinkHealth{{Name: "slack:C1", LastError: "its own", Oldest: now.Add(-time.Hour)}, failing}}
	var broken error
	o := newOutages(zap.NewNop(), func(context.Context) (audit.Health, error) { return h, broken }, "slack:C1")
	o.now = func() time.Time { return now }
	said := func(seq int64) string {
		posts := []chat.Post{{FirstSeq: seq, Time: now, Message: chat.Text("Done")}, {FirstSeq: seq + 1, Time: now, Message: chat.Text("Done")}}
		o.tell(posts)
		require.Equal(t, "Done", posts[1].Message.Plain())
		return posts[0].Message.Plain()
	}
	want := "Done\nAUDIT CHANNEL BEHIND · discord:2 · 12 entries wait, the oldest for 5m; they will be posted when it works again · “unknown channel”"
	require.Equal(t, want, said(7))
	require.Equal(t, want, said(7), "composing the same again says the same")
	require.Equal(t, "Done", said(9), "once an outage")
	h.Sinks[1].LastError = ""
	require.Equal(t, "Done", said(11))
	h.Sinks[1] = failing
	require.Equal(t, want, said(13), "the next outage is told again")
	h.Sinks[1].Name, h.Sinks[1].Oldest = "discord:3", now.Add(-time.Second)
	require.Equal(t, "Done", said(15), "a hiccup is none")
	broken = errors.New("no ledger")
	require.Equal(t, "Done", said(17))
	o.tell(nil)
}
