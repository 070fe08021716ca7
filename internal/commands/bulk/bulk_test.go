package bulk_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/commands"
	"modbot/internal/commands/bulk"
	"modbot/internal/commands/grammar"
)

func read(tb testing.TB, verb, text string, d bulk.Defaults) bulk.File {
	tb.Helper()
	f, err := bulk.Read(strings.NewReader(text), grammar.New(commands.Specs()), verb, d)
	require.NoError(tb, err)
	return f
}

// rows is a file as lines of a test: what each row says.
func rows(f bulk.File) []string {
	out := []string{}
	for _, r := range f.Rows {
		c := r.Command
		out = append(out, fmt.Sprintf("%d %q %s %s %q", r.Line, string(r.Account()), c.Term, c.Scope, c.Reason))
	}
	return out
}

func TestRead(t *testing.T) {
	week := bulk.Defaults{Term: "7d", Scope: "group", Reason: "spam wave"}
	tests := map[string]struct {
		verb, text string
		defaults   bulk.Defaults
		want       []string
	}{
		"a list": {
			text: "alice\nbob\n", defaults: week,
			want: []string{`1 "alice" 7d group "spam wave"`, `2 "bob" 7d group "spam wave"`},
		},
		"blank lines, comments and spaces in a list": {
			text: "# the wave\n\n  alice  \n#\n#tag\n# more\n\t\nbob", defaults: week,
			want: []string{`3 "alice" 7d group "spam wave"`, `5 "#tag" 7d group "spam wave"`, `8 "bob" 7d group "spam wave"`},
		},
		"quotation marks in a list": {
			text: "\"a, b\"\n\" c\"\n\"say \"\"d\"\"\"\n\"# e\"\n", defaults: week,
			want: []string{
				`1 "a, b" 7d group "spam wave"`, `2 " c" 7d group "spam wave"`, `3 "say \"d\"" 7d group "spam wave"`, `4 "# e" 7d group "spam wave"`,
			},
		},
		"a byte order mark and Windows line ends": {
			text: "\ufeffalice\r\nbob\r\n", defaults: week,
			want: []string{`1 "alice" 7d group "spam wave"`, `2 "bob" 7d group "spam wave"`},
		},
		"line ends of old": {
			text: "alice\rbob\r", defaults: week,
			want: []string{`1 "alice" 7d group "spam wave"`, `2 "bob" 7d group "spam wave"`},
		},
		"columns in any order and case, with defaults": {
			text:     "\ufeff# from the console\nReason , ACCOUNT,term,scope\n\"spam, links\",alice,1d12h,c2c\n,bob,,\n\"two\nlines\",carol,permanent,all\n",
			defaults: week,
			want: []string{
				`3 "alice" 1d12h c2c "spam, links"`, `4 "bob" 7d group "spam wave"`, `5 "carol" permanent all "two lines"`,
			},
		},
		"one column": {text: "account\nalice\n", defaults: week, want: []string{`2 "alice" 7d group "spam wave"`}},
		"rows that are short, empty or end in a comma": {
			text: "account,term,scope,\nalice\n,,,\n \nbob,2h,\n", defaults: week,
			want: []string{`2 "alice" 7d group "spam wave"`, `5 "bob" 2h group "spam wave"`},
		},
		"no scope is all": {text: "alice\n", defaults: bulk.Defaults{Term: "2h"}, want: []string{`1 "alice" 2h all ""`}},
		"scopes as people write them": {
			text: "account,scope\na,Groups\nb,DM\nc,both\n", defaults: bulk.Defaults{Term: "2h"},
			want: []string{`2 "a" 2h group ""`, `3 "b" 2h c2c ""`, `4 "c" 2h all ""`},
		},
		"accounts that read as something else": {
			text: "account\n2h\ngroup\n@bob\nmute\n", defaults: week,
			want: []string{`2 "2h" 7d group "spam wave"`, `3 "group" 7d group "spam wave"`, `4 "@bob" 7d group "spam wave"`, `5 "mute" 7d group "spam wave"`},
		},
		"accounts that differ in case": {text: "bob\nBob\n", defaults: week, want: []string{`1 "bob" 7d group "spam wave"`, `2 "Bob" 7d group "spam wave"`}},
		"an unmute looks at no term": {
			verb: "unmute", text: "account,term,scope\nalice,whenever,group\nbob,,\n", defaults: bulk.Defaults{Reason: "over"},
			want: []string{"2 \"alice\"  group \"over\"", "3 \"bob\"  all \"over\""},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			verb := "mute"
			if tt.verb != "" {
				verb = tt.verb
			}
			f := read(t, verb, tt.text, tt.defaults)
			require.Empty(t, f.Faults)
			got := rows(f)
			for i := range tt.want { // a term that is none prints as whatever it prints
				if verb == "unmute" {
					require.True(t, f.Rows[i].Command.Term.IsZero())
					got[i] = strings.Replace(got[i], f.Rows[i].Command.Term.String(), "", 1)
				}
			}
			require.Equal(t, tt.want, got)
			require.Equal(t, verb == "unmute", f.TermIgnored)
		})
	}
}

// Everything that is wrong is said at once, each with its line and the fix.
func TestRead_Faults(t *testing.T) {
	tests := map[string]struct {
		verb, text string
		defaults   bulk.Defaults
	}{
		"nothing":              {text: "\n# nothing\n"},
		"only a header":        {text: "account,term\n"},
		"utf-16":               {text: "\xff\xfea\x00"},
		"latin-1":              {text: "m\xfcller\n"},
		"semicolons":           {text: "account;term\nalice;7d\n"},
		"tabs":                 {text: "account\tterm\nalice\t7d\n"},
		"no header":            {text: "alice,7d\nbob,7d\n"},
		"columns":              {text: "account,until,term,term\nalice,1,1d,1d\n"},
		"accounts":             {text: "alice\nbób\n@TGS#2C5SZEAEF\nthis-account-is-much-longer-than-32-bytes\nalice\nbob, carol\n\"dave\n", defaults: bulk.Defaults{Term: "7d"}},
		"csv":                  {text: "account,term,scope,reason\nalice,2hrss,grup,x\nbob,,,\n,1d,,\ncarol,1d,group,a,b\ndave,1d,,a group of spammers\nalice,1d,,\n\"erin,1d,,\nfrank,1d,,\n"},
		"defaults":             {text: "alice\n", defaults: bulk.Defaults{Term: "7", Scope: "everywhere"}},
		"a reason too long":    {text: "account,reason\nalice," + strings.Repeat("x", grammar.MaxReasonRunes+1) + "\n", defaults: bulk.Defaults{Term: "7d"}},
		"a line too long":      {text: "alice\n" + strings.Repeat("x", bulk.MaxLineBytes+1) + "\n"},
		"too many bytes":       {text: strings.Repeat("a\n", bulk.MaxBytes/2+1)},
		"scope doubt by flags": {verb: "unmute", text: "alice\n", defaults: bulk.Defaults{Reason: "the dm was fine"}},
	}
	var out strings.Builder
	for _, name := range sorted(tests) {
		tt := tests[name]
		verb := "mute"
		if tt.verb != "" {
			verb = tt.verb
		}
		f := read(t, verb, tt.text, tt.defaults)
		require.NotEmpty(t, f.Faults, name)
		fmt.Fprintf(&out, "== %s\n", name)
		for _, fault := range f.Faults {
			fmt.Fprintln(&out, fault)
		}
	}
	golden(t, "faults.golden", out.String())
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestRead_MostRows(t *testing.T) {
	var b strings.Builder
	for i := range bulk.MaxRows + 3 {
		fmt.Fprintf(&b, "a%d\n", i)
	}
	f := read(t, "mute", b.String(), bulk.Defaults{Term: "7d"})
	require.Len(t, f.Rows, bulk.MaxRows)
	require.Equal(t, []bulk.Fault{{Line: bulk.MaxRows + 1, Message: "There are over 50000 accounts. Split the file and run the parts one after the other."}}, f.Faults)
}

// The digest is of what the rows say, however they were written.
func TestDigest(t *testing.T) {
	digest := func(verb, text string, d bulk.Defaults) string {
		f := read(t, verb, text, d)
		require.Empty(t, f.Faults)
		return bulk.Digest(verb, f.Rows)
	}
	week := bulk.Defaults{Term: "7d", Scope: "group", Reason: "spam"}
	want := digest("mute", "alice\nbob\n", week)
	require.Equal(t, want, digest("mute", "# x\r\nbob\r\n\r\nalice", week))
	require.Equal(t, want, digest("mute", "reason,account,term\n,bob,1w\nspam,alice,\n", week))
	for name, other := range map[string]string{
		"verb":    digest("unmute", "alice\nbob\n", week),
		"account": digest("mute", "alice\nBob\n", week),
		"fewer":   digest("mute", "alice\n", week),
		"term":    digest("mute", "alice\nbob\n", bulk.Defaults{Term: "8d", Scope: "group", Reason: "spam"}),
		"scope":   digest("mute", "alice\nbob\n", bulk.Defaults{Term: "7d", Scope: "c2c", Reason: "spam"}),
		"reason":  digest("mute", "alice\nbob\n", bulk.Defaults{Term: "7d", Scope: "group", Reason: "spam!"}),
	} {
		require.NotEqual(t, want, other, name)
	}
}

// Whatever accounts, terms and reasons there are: written as CSV they are read
// back as they were, and none is lost.
func TestRead_ReadsBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[!-~]([ -~]{0,20}[!-~])?`).Filter(func(a string) bool { return !strings.HasPrefix(a, "@TGS#") }) // a group
		accounts := rapid.SliceOfNDistinct(name, 1, 20, rapid.ID[string]).Draw(t, "accounts")
		scope := rapid.SampledFrom([]string{"group", "c2c", "all"}).Draw(t, "scope")
		var b strings.Builder
		b.WriteString("scope,account\r\n")
		quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		var want []string
		for i, a := range accounts {
			fmt.Fprintf(&b, "%s,%s\r\n", scope, quote(a))
			want = append(want, fmt.Sprintf(`%d %q 2h %s ""`, i+2, a, scope))
		}
		f, err := bulk.Read(strings.NewReader(b.String()), grammar.New(commands.Specs()), "mute", bulk.Defaults{Term: "2h"})
		if err != nil || len(f.Faults) > 0 {
			t.Fatalf("%v %v", err, f.Faults)
		}
		require.Equal(t, want, rows(f))
	})
}

// FuzzRead: no panic, no row without what its verb needs, no account twice, and
// either rows or faults.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"alice\nbob\n", "account,term\nalice,7d\n", "\ufeffaccount;term", "\"a\"\"b\"\n", "account\n\"a\nb\n", "# c\n\n\r\r\n", ",,,\n", "account,reason\na,\"x\ny\"\n",
	} {
		f.Add(text, "7d", "group", "spam", true)
		f.Add(text, "", "", "", false)
	}
	parser := grammar.New(commands.Specs())
	f.Fuzz(func(t *testing.T, text, term, scope, reason string, muting bool) {
		verb := "unmute"
		if muting {
			verb = "mute"
		}
		file, err := bulk.Read(strings.NewReader(text), parser, verb, bulk.Defaults{Term: term, Scope: scope, Reason: reason})
		require.NoError(t, err)
		require.NotZero(t, len(file.Rows)+len(file.Faults))
		seen := map[string]bool{}
		for _, r := range file.Rows {
			require.Equal(t, verb, r.Command.Verb)
			require.Equal(t, muting, !r.Command.Term.IsZero())
			require.NotZero(t, r.Command.Scope)
			require.Positive(t, r.Line)
			require.False(t, seen[string(r.Account())])
			seen[string(r.Account())] = true
		}
		for _, fault := range file.Faults {
			require.NotEmpty(t, fault.Message)
		}
	})
}
