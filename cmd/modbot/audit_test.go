package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	_ "modernc.org/sqlite"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// filledLedger is a ledger on a file with a little history: one entry a
// minute from 02:00 UTC on.
//
//	1 intent, 2 outcome   alice muted for 2 h by mia, case 1
//	3 refused             carol, by max, case 2
//	4 intent, 5 unknown   bob muted for ever by ada, case 3
//	6 note                on case 1 by ada
type filledLedger struct {
	path, keyFile string
	verifier      string
}

const auditOrigin = "test.example/modbot"

func newFilledLedger(t *testing.T) filledLedger {
	t.Helper()
	dir := t.TempDir()
	f := filledLedger{path: filepath.Join(dir, "ledger.db"), keyFile: filepath.Join(dir, "ledger.key")}
	key, err := audit.LoadOrCreateKey(f.keyFile, auditOrigin)
	require.NoError(t, err)
	f.verifier = key.Verifier()
	store, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+f.path, sqlstore.Options{})
	require.NoError(t, err)
	now := time.Date(2026, 11, 22, 1, 59, 0, 0, time.UTC)
	log, err := audit.Open(zap.NewNop(), store, audit.Options{Origin: auditOrigin, Signer: key, Now: func() time.Time { return now }})
	require.NoError(t, err)
	ctx := t.Context()
	head := func(actor, name string, account mute.Account, scope mute.Scope, term mute.Term, reason string) audit.Head {
		now = now.Add(time.Minute)
		return audit.Head{
			ID: audit.NewID(), Origin: audit.Origin{Platform: chat.Console, Channel: chat.Channel{ID: "C1", Name: "mods"}},
			Actor: actor, ActorName: name, Role: "moderator", Rule: "allow/moderator", Account: account, Verb: "mute",
			Scope: scope, Term: term, Reason: reason,
		}
	}
	finish := func(b audit.Begun, r audit.Result) {
		now = now.Add(time.Minute)
		_, err := log.Finish(ctx, b.Token, r)
		require.NoError(t, err)
	}
	twoHours, err := mute.Seconds(7200)
	require.NoError(t, err)
	b, err := log.Begin(ctx, audit.Intent{Head: head("console:mia", "Mia", "alice", mute.ScopeGroup, twoHours, "spamming \x1b[31mlinks")})
	require.NoError(t, err)
	finish(b, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
	_, err = log.Refuse(ctx, head("console:max", "Max", "carol", mute.ScopeAll, twoHours, ""))
	require.NoError(t, err)
	b, err = log.Begin(ctx, audit.Intent{Head: head("console:ada", "Ada", "bob", mute.ScopeAll, mute.Permanent(), "fraud")})
	require.NoError(t, err)
	finish(b, audit.Result{Outcome: audit.OutcomeUnknown, Code: 60008, Attempts: 3})
	note := head("console:ada", "Ada", "", 0, mute.Term{}, "")
	note.Verb = "case"
	_, err = log.Note(ctx, 1, note, "on appeal")
	require.NoError(t, err)
	require.NoError(t, store.Close())
	return f
}

// tamper changes the file behind the ledger's back.
func (f filledLedger) tamper(t *testing.T, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", f.path)
	require.NoError(t, err)
	result, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
	changed, err := result.RowsAffected()
	require.NoError(t, err)
	require.Positive(t, changed)
	require.NoError(t, db.Close())
}

// config writes a configuration of the ledger.
func (f filledLedger) config(t *testing.T, origin string) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(f.path), "modbot.yaml")
	text := fmt.Sprintf("store: {url: 'sqlite:ledger.db'}\nledger: {origin: %s, signing_key_file: ledger.key}\n", origin)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func runAudit(t *testing.T, stdin string, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	env := &environment{
		in: strings.NewReader(stdin), out: &out, err: &errs, variables: []string{},
		lookupEnv: func(string) (string, bool) { return "", false },
	}
	code := executeOnly(context.WithoutCancel(t.Context()), env, newAuditCommand, append([]string{"audit"}, args...))
	return ran{code, out.String(), errs.String()}
}

// listed are the numbers of the entries in JSON lines.
func listed(t *testing.T, out string) []int64 {
	t.Helper()
	seqs := []int64{}
	for line := range strings.Lines(out) {
		var e entryView
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

func TestAuditLsFilters(t *testing.T) {
	f := newFilledLedger(t)
	for name, tc := range map[string]struct {
		args []string
		want []int64
	}{
		"everything":                 {nil, []int64{1, 2, 3, 4, 5, 6}},
		"one case":                   {[]string{"--case", "1"}, []int64{1, 2, 6}},
		"one case with a sign":       {[]string{"--case", "#3"}, []int64{4, 5}},
		"one account":                {[]string{"--account", "alice"}, []int64{1, 2, 6}},
		"an account nobody muted":    {[]string{"--account", "trent"}, []int64{}},
		"accounts are exact":         {[]string{"--account", "Alice"}, []int64{}},
		"one actor":                  {[]string{"--actor", "console:ada"}, []int64{4, 6}},
		"one kind":                   {[]string{"--kind", "intent"}, []int64{1, 4}},
		"two kinds":                  {[]string{"--kind", "outcome,NOTE"}, []int64{2, 6}},
		"two kinds, said twice":      {[]string{"--kind", "outcome", "--kind", "note"}, []int64{2, 6}},
		"from a time on":             {[]string{"--since", "2026-11-22T02:03:00Z"}, []int64{4, 5, 6}},
		"until a time":               {[]string{"--until", "2026-11-22 02:03"}, []int64{1, 2, 3}},
		"until before it began":      {[]string{"--until", "2026-11-21"}, []int64{}},
		"until after it ended":       {[]string{"--until", "2026-11-23"}, []int64{1, 2, 3, 4, 5, 6}},
		"a zone of its own":          {[]string{"--since", "2026-11-22T04:03:00+02:00"}, []int64{4, 5, 6}},
		"after an entry":             {[]string{"--after", "4"}, []int64{5, 6}},
		"before an entry":            {[]string{"--before", "3"}, []int64{1, 2}},
		"between two":                {[]string{"--after", "1", "--before", "4"}, []int64{2, 3}},
		"the newest":                 {[]string{"--limit", "2"}, []int64{5, 6}},
		"the newest before":          {[]string{"--limit", "2", "--before", "4"}, []int64{2, 3}},
		"the next after":             {[]string{"--limit", "2", "--after", "1"}, []int64{2, 3}},
		"the newest of a kind":       {[]string{"--limit", "1", "--kind", "intent"}, []int64{4}},
		"the newest until":           {[]string{"--limit", "1", "--until", "2026-11-22 02:03"}, []int64{3}},
		"more than there are":        {[]string{"--limit", "5000"}, []int64{1, 2, 3, 4, 5, 6}},
		"all filters, nothing fits":  {[]string{"--case", "1", "--kind", "refused"}, []int64{}},
		"long ago, in a length":      {[]string{"--until", "100y"}, []int64{}},
		"a URL instead of a path":    {[]string{"--store", "sqlite:" + f.path}, []int64{1, 2, 3, 4, 5, 6}},
		"a configuration":            {[]string{"--store", "", "-c", f.config(t, auditOrigin)}, []int64{1, 2, 3, 4, 5, 6}},
		"a store over configuration": {[]string{"-c", f.config(t, auditOrigin), "--store", f.path}, []int64{1, 2, 3, 4, 5, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			got := runAudit(t, "", append([]string{"ls", "--store", f.path}, tc.args...)...)
			require.Zero(t, got.code, got.err)
			require.Equal(t, tc.want, listed(t, got.out))
		})
	}
}

// The keys of an entry are an interface: all of them are always there.
func TestAuditLsHasEveryKey(t *testing.T) {
	f := newFilledLedger(t)
	got := runAudit(t, "", "ls", "--store", f.path)
	require.Zero(t, got.code, got.err)
	want := []string{
		"about", "account", "account_number", "actor", "actor_name", "after", "attempts", "batch", "before", "case",
		"channel", "channel_name", "choice", "client", "code", "deadline", "effect", "erased", "expires", "id", "key",
		"kind", "leaf", "member", "note", "outcome", "permanent", "planned", "platform", "reason", "replica", "role", "rule",
		"scope", "seq", "snapshot", "term_seconds", "time", "verb", "workspace",
	}
	for line := range strings.Lines(got.out) {
		var e map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		var keys []string
		for k := range e {
			keys = append(keys, k)
		}
		require.ElementsMatch(t, want, keys)
	}
	first, _, _ := strings.Cut(got.out, "\n")
	var e map[string]any
	require.NoError(t, json.Unmarshal([]byte(first), &e))
	for key, value := range map[string]any{
		"seq": 1.0, "time": "2026-11-22T02:00:00.000000Z", "kind": "intent", "case": 1.0, "verb": "mute", "account": "alice",
		"scope": "group", "term_seconds": 7200.0, "permanent": false, "deadline": "2026-11-22T04:00:00.000000Z",
		"actor": "console:mia", "actor_name": "Mia", "reason": "spamming \x1b[31mlinks", "platform": "console",
		"channel_name": "mods", "outcome": nil, "code": nil, "note": nil, "erased": false,
	} {
		require.Equal(t, value, e[key], key)
	}
}

// Entries that only have the number of their account are listed with its name.
func TestAuditLsNamesTheAccount(t *testing.T) {
	f := newFilledLedger(t)
	got := runAudit(t, "", "ls", "--store", f.path)
	var names []string
	for line := range strings.Lines(got.out) {
		var e entryView
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		require.NotNil(t, e.Account, line)
		names = append(names, *e.Account)
	}
	require.Equal(t, []string{"alice", "alice", "carol", "bob", "bob", "alice"}, names)
}

func TestAuditLsTable(t *testing.T) {
	f := newFilledLedger(t)
	var out bytes.Buffer
	env := &environment{out: &out, err: &out}
	ledger, err := openLedger(t.Context(), env, "sqlite:"+f.path, nil, audit.Options{}, sqlstore.Options{ReadOnly: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, ledger.Close()) }()
	require.NoError(t, listTable(t.Context(), env, ledger.Log, lsQuery{limit: terminalRows}))
	require.Equal(t, shownEscape(`
 #  Time (UTC)           Entry            Case  Verb  Account  Scope  Term       By           Reason
 1  2026-11-22 02:00:00  intent              1  mute  alice    group  2h         console:mia  spamming [U+001B][31mlinks
 2  2026-11-22 02:01:00  outcome done        1  mute  alice    group  2h
 3  2026-11-22 02:02:00  refused             2  mute  carol    all    2h         console:max
 4  2026-11-22 02:03:00  intent              3  mute  bob      all    permanent  console:ada  fraud
 5  2026-11-22 02:04:00  unknown (60008)     3  mute  bob      all    permanent
 6  2026-11-22 02:05:00  note                1  case  alice                      console:ada  on appeal
`), out.String())

	out.Reset()
	require.NoError(t, listTable(t.Context(), env, ledger.Log, lsQuery{EntryFilter: audit.EntryFilter{Case: 9}}))
	require.Equal(t, "No entry is like that.\n", out.String())

	out.Reset()
	row := rowOf(entryView{Seq: 1, Time: "2026-11-22T02:00:00.000000Z", Kind: "note", Note: new(strings.Repeat("字", 200))})
	require.NoError(t, printEntries(&out, []entryRow{row}, 60))
	for line := range strings.Lines(out.String()) {
		require.LessOrEqual(t, len([]rune(line)), 61, "it is not wider than the screen")
	}
}

// shownEscape is a golden text with the escape character as texts shows it.
func shownEscape(golden string) string {
	return strings.ReplaceAll(strings.TrimPrefix(golden, "\n"), "[U+001B]", chat.Visible("\x1b"))
}

func TestAuditShow(t *testing.T) {
	f := newFilledLedger(t)
	got := runAudit(t, "", "show", "#1", "--store", f.path)
	require.Zero(t, got.code, got.err)
	for _, want := range []string{
		`kind            intent`, `case            1 (now done)`, `account         alice`, `term            2h`,
		`deadline        2026-11-22T04:00:00.000000Z`, shownEscape(`reason          spamming [U+001B][31mlinks`), `leaf            `, `body            {"acct":1,`,
		`before          group: not muted, c2c: not muted`,
	} {
		require.Contains(t, got.out, want)
	}
	require.NotContains(t, got.out, "\x1b", "what people typed does not reach the terminal")
	require.NotContains(t, got.out, "choice", "what does not apply is left out")

	got = runAudit(t, "", "show", "5", "--store", f.path, "--json")
	require.Zero(t, got.code, got.err)
	var v showView
	require.NoError(t, json.Unmarshal([]byte(got.out), &v))
	require.Equal(t, "unknown", *v.Outcome)
	require.Equal(t, 60008, *v.Code)
	require.True(t, v.Permanent)
	require.Equal(t, &caseView{
		Number: 3, Status: "unknown", Outcome: new("unknown"), FirstSeq: 4, LastSeq: 5, Opened: new("2026-11-22T02:03:00.000000Z"),
	}, v.CaseNow)
	leaf := sha256.Sum256(append([]byte{0}, v.Body...))
	require.Equal(t, v.Leaf, base64.StdEncoding.EncodeToString(leaf[:]), "anybody can check the leaf")
}

// An entry whose personal fields are gone says so, and is still shown.
func TestAuditShowErased(t *testing.T) {
	f := newFilledLedger(t)
	f.tamper(t, "DELETE FROM personal WHERE seq = 3")
	got := runAudit(t, "", "show", "3", "--store", f.path)
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "personal fields  (erased)")
	got = runAudit(t, "", "show", "3", "--store", f.path, "--json")
	var v showView
	require.NoError(t, json.Unmarshal([]byte(got.out), &v))
	require.True(t, v.Erased)
	require.Nil(t, v.Account)
	got = runAudit(t, "", "ls", "--store", f.path)
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, `"erased":true`)
}

// Each mistake gets one error with its fix, and creates nothing.
func TestAuditUsage(t *testing.T) {
	f := newFilledLedger(t)
	for name, tc := range map[string]struct {
		args    []string
		code    int
		message string
		try     string
	}{
		"no ledger":             {[]string{"ls"}, exitUsage, "Say which audit log", "modbot audit ls -c modbot.yaml"},
		"no such file":          {[]string{"ls", "--store", f.path + ".x"}, exitUnavailable, "There is no audit log at", ""},
		"a folder":              {[]string{"ls", "--store", filepath.Dir(f.path)}, exitUnavailable, "is a folder", ""},
		"another kind of URL":   {[]string{"ls", "--store", "postgres://127.0.0.1:1/modbot"}, exitUnavailable, "cannot be reached", ""},
		"no configuration":      {[]string{"ls", "-c", f.path + ".yaml"}, exitConfig, "", ""},
		"no number":             {[]string{"show", "--store", f.path}, exitUsage, "Say which entry", "modbot audit show 1"},
		"not a number":          {[]string{"show", "x", "--store", f.path}, exitUsage, "no number of an entry", ""},
		"entry 0":               {[]string{"show", "0", "--store", f.path}, exitUsage, "no number of an entry", ""},
		"an entry too high":     {[]string{"show", "7", "--store", f.path}, exitFailed, "There is no entry 7", "modbot audit ls"},
		"an unknown kind":       {[]string{"ls", "--store", f.path, "--kind", "outcom"}, exitUsage, `no kind of entry "outcom"`, "modbot audit ls --kind outcome"},
		"an unreadable time":    {[]string{"ls", "--store", f.path, "--since", "yesterday"}, exitUsage, "neither a time nor how long ago", "modbot audit ls --since 7d"},
		"for ever ago":          {[]string{"ls", "--store", f.path, "--since", "permanent"}, exitUsage, "neither a time nor how long ago", ""},
		"an impossible account": {[]string{"ls", "--store", f.path, "--account", "ünal"}, exitUsage, "is no account", ""},
		"a bad case":            {[]string{"ls", "--store", f.path, "--case", "one"}, exitUsage, "no number of a case", ""},
		"a limit below 0":       {[]string{"ls", "--store", f.path, "--limit", "-1"}, exitUsage, "not below 0", ""},
		"an argument":           {[]string{"ls", "alice", "--store", f.path}, exitUsage, "", ""},
		"an unknown command":    {[]string{"verfy"}, exitUsage, "Did you mean verify?", ""},
		"no checkpoint file":    {[]string{"verify", "--store", f.path, "--checkpoint", f.path + ".x"}, exitUsage, "The checkpoint cannot be read", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := runAudit(t, "", tc.args...)
			require.Equal(t, tc.code, got.code, got.err)
			require.Contains(t, got.err, tc.message)
			require.Contains(t, got.err, tc.try)
			require.Empty(t, got.out)
			_, err := os.Stat(f.path + ".x")
			require.ErrorIs(t, err, os.ErrNotExist, "nothing is created")
		})
	}
}
