package audit

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// texts draws what may come from outside: any bytes.
func texts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.Bool().Draw(t, "bytes") {
			return string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "text"))
		}
		return rapid.StringN(0, 12, -1).Draw(t, "text")
	})
}

func times() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(0, 4e15), fromMicros)
}

func states() *rapid.Generator[*mute.State] {
	return rapid.Custom(func(t *rapid.T) *mute.State {
		if rapid.Bool().Draw(t, "none") {
			return nil
		}
		return &mute.State{
			Group: mute.ReadingOf(rapid.Uint32().Draw(t, "group")), C2C: mute.ReadingOf(rapid.Uint32().Draw(t, "c2c")),
		}
	})
}

func terms() *rapid.Generator[mute.Term] {
	return rapid.Custom(func(t *rapid.T) mute.Term {
		term, err := termOf(rapid.Int64Range(-1, mute.MaxSeconds).Draw(t, "term"))
		require.NoError(t, err)
		return term
	})
}

// entries draws entries with every field set to something.
func entries() *rapid.Generator[Entry] {
	return rapid.Custom(func(t *rapid.T) Entry {
		text := func(what string) string { return clean(texts().Draw(t, what)) }
		number := func(what string) int64 { return rapid.Int64Range(0, 1<<53).Draw(t, what) }
		return Entry{
			Seq: number("seq"), ID: text("id"), Time: times().Draw(t, "time"), Kind: Kind(text("kind")),
			Case: number("case"), Batch: number("batch"), About: number("about"), Acct: number("acct"), Key: text("key"),
			Origin: Origin{
				Platform: chat.Platform(text("platform")), Workspace: chat.Workspace(text("workspace")),
				Channel: chat.Channel{ID: text("channel"), Name: text("name")}, Client: text("client"),
			},
			Verb: text("verb"), Scope: mute.Scope(rapid.Uint8Range(0, 3).Draw(t, "scope")), Term: terms().Draw(t, "term"),
			Deadline: times().Draw(t, "deadline"), Planned: number("planned"), Expires: times().Draw(t, "expires"),
			Role: chat.Role(text("role")), Rule: text("rule"), Choice: text("choice"), Outcome: Outcome(text("outcome")),
			Code: rapid.IntRange(-1, 1<<20).Draw(t, "code"), Attempts: rapid.IntRange(0, 9).Draw(t, "attempts"),
			Effect: mute.Scope(rapid.Uint8Range(0, 3).Draw(t, "effect")), Before: states().Draw(t, "before"),
			After: states().Draw(t, "after"), Replica: text("replica"),
		}
	})
}

func TestBodyIsReadBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := entries().Draw(t, "entry")
		row, commits := seal(Personal{Reason: texts().Draw(t, "reason"), Actor: "a"})
		body := string(appendBody(nil, &e, commits))
		got, gotCommits, err := parseBody(body)
		require.NoError(t, err)
		require.Equal(t, e, got)
		require.Equal(t, commits, gotCommits)
		require.NoError(t, gotCommits.opens(row))
	})
}

// TestBodyIsCanonical holds bodies against RFC 8785 by another road: what
// encoding/json makes of the same values, members sorted.
func TestBodyIsCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := entries().Draw(t, "entry")
		_, commits := seal(Personal{Reason: "r", Actor: "a", Note: "n", Snapshot: "s", ActorName: "m", Account: "x"})
		body := appendBody(nil, &e, commits)
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		var values map[string]any
		require.NoError(t, d.Decode(&values))
		var again bytes.Buffer
		enc := json.NewEncoder(&again)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(values))
		want := strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(strings.TrimSpace(again.String()))
		require.Equal(t, want, string(body))
	})
}

func TestBodyOfAnIntent(t *testing.T) {
	term, err := mute.Seconds(7200)
	require.NoError(t, err)
	e := Entry{
		Seq: 7, ID: "01J", Time: time.Date(2026, 11, 22, 0, 17, 3, 120_000, time.UTC), Kind: KindIntent, Case: 3, Acct: 2,
		Key: "a\x1f\"b", Origin: Origin{Platform: chat.Console}, Verb: "mute", Scope: mute.ScopeGroup, Term: term,
		Deadline: time.Date(2026, 11, 22, 2, 17, 3, 120_000, time.UTC), Before: &mute.State{Group: mute.ReadingOf(60)},
	}
	//nolint:testifylint // the bytes are what is hashed: their order counts
	require.Equal(t, `{"acct":2,"at":"2026-11-22T00:17:03.000120Z","before":{"c2c":0,"group":60},"case":3,`+
		`"deadline":"2026-11-22T02:17:03.000120Z","id":"01J","key":"a\u001f\"b","kind":"intent","platform":"console",`+
		`"scope":"group","seq":7,"term":7200,"v":1,"verb":"mute"}`, string(appendBody(nil, &e, commitments{})))
}

func TestBodiesThatNoLedgerWrote(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON":             `{`,
		"a newer format":      `{"v":2}`,
		"no format":           `{"seq":1}`,
		"a time of its own":   `{"v":1,"at":"2026-11-22"}`,
		"a scope of its own":  `{"v":1,"scope":"everywhere"}`,
		"a term that is none": `{"v":1,"term":4294967295}`,
		"a short commitment":  `{"v":1,"commit":{"actor":"AAAA"}}`,
		"a commitment in ?":   `{"v":1,"commit":{"actor":"?"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := parseBody(body)
			require.Error(t, err)
		})
	}
}

func FuzzParseBody(f *testing.F) {
	e := Entry{Seq: 1, Kind: KindNote, Time: time.Unix(0, 0).UTC()}
	_, commits := seal(Personal{Note: "x"})
	f.Add(string(appendBody(nil, &e, commits)))
	f.Add(`{"v":1,"before":{"c2c":4294967295},"term":-1}`)
	f.Fuzz(func(t *testing.T, body string) {
		e, commits, err := parseBody(body)
		if err != nil {
			return
		}
		again, c, err := parseBody(string(appendBody(nil, &e, commits)))
		require.NoError(t, err)
		require.Equal(t, e, again)
		require.Equal(t, commits, c)
	})
}

func TestCommitments(t *testing.T) {
	p := Personal{Account: "alice", Actor: "console:mia", ActorName: "Mia", Reason: "spam", Snapshot: "{}"}
	row, commits := seal(p)
	require.Equal(t, p, row.Personal)
	require.Len(t, row.Salts, 5*saltBytes)
	require.NoError(t, commits.opens(row))
	other, _ := seal(p)
	require.NotEqual(t, row.Salts, other.Salts, "every field of every entry has a salt of its own")
	for name, change := range map[string]func(*PersonalRow){
		"a value":             func(r *PersonalRow) { r.Reason = "spam!" },
		"a value emptied":     func(r *PersonalRow) { r.Reason = "" },
		"a value added":       func(r *PersonalRow) { r.Note = "x" },
		"two values swapped":  func(r *PersonalRow) { r.Actor, r.ActorName = r.ActorName, r.Actor },
		"a salt":              func(r *PersonalRow) { r.Salts[saltBytes+1] ^= 1 },
		"two salts swapped":   func(r *PersonalRow) { r.Salts = slices.Concat(r.Salts[16:32], r.Salts[:16], r.Salts[32:]) },
		"a salt cut":          func(r *PersonalRow) { r.Salts = r.Salts[:len(r.Salts)-1] },
		"all salts cut":       func(r *PersonalRow) { r.Salts = nil },
		"a salt too many":     func(r *PersonalRow) { r.Salts = append(r.Salts, make([]byte, saltBytes)...) },
		"everything of other": func(r *PersonalRow) { *r = *other },
	} {
		t.Run(name, func(t *testing.T) {
			changed := *row
			changed.Salts = slices.Clone(row.Salts)
			change(&changed)
			require.Error(t, commits.opens(&changed))
		})
	}
}

func TestTimesAreWrittenAsFormatDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
		require.Equal(t, at.Format(bodyTime), string(appendTime(nil, at)))
	})
}
