package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func TestMessage_Plain(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	at := time.Date(2026, time.November, 22, 3, 17, 59, 0, berlin)
	for name, c := range map[string]struct {
		message       chat.Message
		want, summary string
	}{
		"nothing":    {},
		"one line":   {chat.Text("Done."), "Done.", "Done."},
		"every span": {oneLine(chat.Strong("Done"), chat.Plain(" · "), chat.Quote("spam"), chat.Code("unmute alice")), "Done · spamunmute alice", "Done · spamunmute alice"},
		"times are in UTC and say so": {
			oneLine(chat.At(at), chat.Plain(" to "), chat.Until(at.Add(time.Hour))),
			"2026-11-22 02:17 UTC to 2026-11-22 03:17 UTC", "2026-11-22 02:17 UTC to 2026-11-22 03:17 UTC",
		},
		"lines, the first stands for all": {
			chat.Message{Lines: []chat.Line{{chat.Plain("a")}, nil, {chat.Plain("b")}}}, "a\n\nb", "a",
		},
		"text stays raw: adapters escape": {oneLine(chat.Quote("<!channel>\x1b[0m")), "<!channel>\x1b[0m", "<!channel>\x1b[0m"},
		"a kind from the future shows its text": {
			oneLine(chat.Span{Kind: 200, Text: "later"}), "later", "later",
		},
		"buttons are the adapter's": {
			chat.Message{Lines: []chat.Line{{chat.Plain("a")}}, Buttons: []chat.Button{{Label: "Keep"}}}, "a", "a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, c.message.Plain())
			require.Equal(t, c.summary, c.message.Summary())
		})
	}
}

func TestButton_ClickCarriesWhatTheButtonBelongsTo(t *testing.T) {
	b := chat.Button{
		Label: "Extend by 2h", Typed: "confirm 3 extend", Danger: true,
		Origin: "example.org/modbot", Entry: "q83v", Case: 3, Choice: "extend",
	}
	require.Equal(t, chat.Click{Origin: "example.org/modbot", Entry: "q83v", Case: 3, Choice: "extend"}, b.Click())
}

func oneLine(spans ...chat.Span) chat.Message { return chat.Message{Lines: []chat.Line{spans}} }

func TestReply_WithRef(t *testing.T) {
	m := chat.Message{Lines: []chat.Line{{chat.Plain("first")}, {chat.Plain("second")}}}
	for state, want := range map[chat.State]string{
		chat.StateError: "first   ref 01JD\nsecond", chat.StateNotDone: "first   ref 01JD\nsecond", chat.StateUnknown: "first   ref 01JD\nsecond",
		chat.StateDone: "first\nsecond", chat.StatePartlyDone: "first\nsecond", chat.StateBusy: "first\nsecond", chat.StateInfo: "first\nsecond",
		chat.StateNeedsConfirm: "first\nsecond", chat.StateNeedsApproval: "first\nsecond",
	} {
		require.Equal(t, want, chat.Reply{State: state, Ref: "01JD", Message: m}.WithRef().Plain(), "%s", state)
	}
	require.Equal(t, "first\nsecond", m.Plain(), "the message itself stays as it was")
	require.Equal(t, "first\nsecond", chat.Reply{State: chat.StateError, Message: m}.WithRef().Plain(), "there is no reference")
	require.Equal(t, "   ref 01JD", chat.Reply{State: chat.StateError, Ref: "01JD"}.WithRef().Plain())
	said := chat.Text("It is in the log under 01JD.")
	require.Equal(t, said, chat.Reply{State: chat.StateError, Ref: "01JD", Message: said}.WithRef(), "once is enough")
}
