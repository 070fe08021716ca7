package commands_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// TestTranscripts plays conversations and compares every answer and every
// audit post with a golden file: what people see is what is tested. A script
// has one line a command, "mia> /mute alice 2h", and stage directions:
//
//   - 2m            the clock moves
//     tencent no N    the next changes are refused with code N
//     tencent lost    the next changes get no clear answer
//     tencent down    Tencent cannot be reached
//     tencent ok      Tencent works again
//     outside A F D   somebody mutes the field F of A for D outside modbot
//     roles down      roles cannot be looked up
//
// MODBOT_UPDATE_GOLDEN=1 writes the golden files anew.
func TestTranscripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/transcripts/*.script")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".script"), func(t *testing.T) {
			text, err := os.ReadFile(script)
			require.NoError(t, err)
			got := play(newHouse(t), string(text))
			golden := strings.TrimSuffix(script, ".script") + ".golden"
			if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

// play runs a script and returns its transcript.
func play(h *house, script string) string {
	h.t.Helper()
	var out strings.Builder
	var seen int64
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fmt.Fprintf(&out, "%s\n", line)
		who, typed, isCommand := strings.Cut(line, "> ")
		if !isCommand {
			h.direct(line)
			continue
		}
		r := h.say(who, typed)
		fmt.Fprintf(&out, "  [%s, %s]\n", r.State, r.Code)
		writeMessage(&out, r.Message)
		seen = h.writePosts(&out, seen)
		out.WriteByte('\n')
	}
	return out.String()
}

func writeMessage(out *strings.Builder, m chat.Message) {
	for l := range strings.SplitSeq(m.Plain(), "\n") {
		fmt.Fprintf(out, "  %s\n", l)
	}
	for _, b := range m.Buttons {
		fmt.Fprintf(out, "  <%s> = %s\n", b.Label, b.Typed)
	}
}

// writePosts shows what the audit channel would be told of the new entries.
func (h *house) writePosts(out *strings.Builder, seen int64) int64 {
	h.t.Helper()
	entries, err := h.ledger.Entries(h.t.Context(), audit.EntryFilter{After: seen, Limit: 500})
	require.NoError(h.t, err)
	for _, e := range entries {
		seen = e.Seq
		if !texts.Posted(e.Kind) {
			continue
		}
		in := texts.PostInput{Entry: e, Meaning: meaningOf(e.Code)}
		if e.Case != 0 {
			c, err := h.ledger.Case(h.t.Context(), e.Case)
			require.NoError(h.t, err)
			in.Case = &c
		}
		fmt.Fprintf(out, "  #audit | %s\n", texts.Post(in).Alone().Plain())
	}
	return seen
}

func meaningOf(code int) string {
	if code == 60020 {
		return "the package is not bought"
	}
	return ""
}

// direct follows a stage direction.
func (h *house) direct(line string) {
	h.t.Helper()
	words := strings.Fields(line)
	switch {
	case words[0] == "+":
		d, err := time.ParseDuration(words[1])
		require.NoError(h.t, err)
		h.clock.advance(d)
	case line == "tencent ok":
		h.tencent.answer, h.tencent.down = nil, nil
	case line == "tencent down":
		h.tencent.down = &commands.TroubleError{Code: "tencent_unreachable", Why: "Tencent could not be reached."}
	case line == "tencent lost":
		h.tencent.answer = func(string) (bool, commands.Answer) {
			return true, commands.Answer{Verdict: commands.VerdictUnknown, LockedUntil: h.clock.now().Add(6 * time.Second)}
		}
	case words[0] == "tencent" && words[1] == "no":
		h.tencent.answer = func(string) (bool, commands.Answer) {
			return false, commands.Answer{Verdict: commands.VerdictNo, Code: 60020}
		}
	case words[0] == "outside":
		field, err := mute.ParseField(words[2])
		require.NoError(h.t, err)
		d, err := time.ParseDuration(words[3])
		require.NoError(h.t, err)
		h.tencent.set(mute.Account(words[1]), field, h.clock.now().Add(d))
	case line == "roles down":
		h.noRoles = fmt.Errorf("down")
	default:
		require.Fail(h.t, "no such stage direction", line)
	}
}
