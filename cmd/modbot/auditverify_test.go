package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"modbot/internal/audit"
)

func verified(t *testing.T, out string) verifyView {
	t.Helper()
	var keys map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &keys))
	require.Len(t, keys, 5, "ok, entries, root, first_bad, problem")
	var v verifyView
	require.NoError(t, json.Unmarshal([]byte(out), &v))
	return v
}

func TestAuditVerify(t *testing.T) {
	f := newFilledLedger(t)
	got := runAudit(t, "", "verify", "--store", f.path, "--json")
	require.Zero(t, got.code, got.err)
	v := verified(t, got.out)
	require.True(t, v.OK)
	require.Equal(t, int64(6), v.Entries)
	require.Len(t, v.Root, 44)
	require.Nil(t, v.FirstBad)
	require.Empty(t, v.Problem)

	got = runAudit(t, "", "verify", "--store", f.path)
	require.Zero(t, got.code)
	require.True(t, strings.HasPrefix(got.out, "audit log verified: 6 entries\n  root: "+v.Root+"\n"), got.out)
	require.Contains(t, got.out, "the key that the log names")
	require.Empty(t, got.err, "progress is for terminals")

	got = runAudit(t, "", "verify", "-c", f.config(t, auditOrigin))
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "the configured key")
}

func TestAuditVerifyFindsWhatWasAltered(t *testing.T) {
	for name, tc := range map[string]struct {
		statement string
		first     int64 // 0: it cannot be told
	}{
		"an entry is edited":       {"UPDATE entry SET body = replace(body, '7200', '7201') WHERE seq = 3", 3},
		"an entry is gone":         {"DELETE FROM entry WHERE seq = 2", 2},
		"the last entry is gone":   {"DELETE FROM entry WHERE seq = 6", 6},
		"a reason is edited":       {"UPDATE personal SET reason = 'x' WHERE seq = 4", 4},
		"personal fields are gone": {"DELETE FROM personal WHERE seq = 4", 4},
		"a projection is edited":   {"UPDATE cases SET status = status + 1 WHERE number = 1", 0},
		"a mute is taken out":      {"DELETE FROM mute", 0},
		"the root is another":      {"UPDATE head SET frontier = randomblob(length(frontier))", 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFilledLedger(t)
			f.tamper(t, tc.statement)
			got := runAudit(t, "", "verify", "--store", f.path, "--json")
			require.Equal(t, exitAltered, got.code, got.err)
			v := verified(t, got.out)
			require.False(t, v.OK)
			require.NotEmpty(t, v.Problem)
			if tc.first != 0 {
				require.Equal(t, &tc.first, v.FirstBad)
			}
			got = runAudit(t, "", "verify", "--store", f.path)
			require.Equal(t, exitAltered, got.code)
			require.True(t, strings.HasPrefix(got.out, "AUDIT LOG ALTERED: "), got.out)
			require.Contains(t, got.out, v.Problem)
		})
	}
}

// What cannot be read is not called altered.
func TestAuditVerifyUnreadable(t *testing.T) {
	f := newFilledLedger(t)
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	require.NoError(t, os.WriteFile(garbage, []byte(strings.Repeat("no database ", 1000)), 0o600))
	empty := filepath.Join(t.TempDir(), "empty.db")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, tc := range map[string]struct {
		path string
		code int
	}{
		"garbage":   {garbage, exitFailed},
		"empty":     {empty, exitFailed},
		"not there": {f.path + ".x", exitUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			got := runAudit(t, "", "verify", "--store", tc.path, "--json")
			require.Equal(t, tc.code, got.code)
			require.Contains(t, got.out, `{"error":{"code":"store_`)
		})
	}
	f.tamper(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	got := runAudit(t, "", "verify", "--store", f.path)
	require.Equal(t, exitConfig, got.code, got.err)
	require.Contains(t, got.err, "newer modbot")
}

func TestAuditCheckpoint(t *testing.T) {
	f := newFilledLedger(t)
	got := runAudit(t, "", "checkpoint", "--store", f.path)
	require.Equal(t, exitConfig, got.code)
	require.Contains(t, got.err, "No checkpoint of all 6 entries was signed yet")

	signed := runAudit(t, "", "checkpoint", "--store", f.path, "--key", f.keyFile)
	require.Zero(t, signed.code, signed.err)
	verifier, err := note.NewVerifier(f.verifier)
	require.NoError(t, err)
	n, err := note.Open([]byte(signed.out), note.VerifierList(verifier))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(n.Text, auditOrigin+"\n6\n"), n.Text)

	got = runAudit(t, "", "checkpoint", "--store", f.path)
	require.Zero(t, got.code, "it was signed, so nobody needs the key: %s", got.err)
	require.Equal(t, signed.out, got.out)
	got = runAudit(t, "", "checkpoint", "-c", f.config(t, auditOrigin), "--json")
	require.Zero(t, got.code, got.err)
	var v checkpointView
	require.NoError(t, json.Unmarshal([]byte(got.out), &v))
	root := strings.Split(n.Text, "\n")[2]
	require.Equal(t, checkpointView{Origin: auditOrigin, Entries: 6, Root: root, Short: "6 " + root[:22], Checkpoint: signed.out}, v)
	require.Zero(t, runAudit(t, "", "verify", "--store", f.path).code, "the log holds with its checkpoint")
}

func TestAuditCheckpointKeys(t *testing.T) {
	f := newFilledLedger(t)
	absent := filepath.Join(t.TempDir(), "absent.key")
	got := runAudit(t, "", "checkpoint", "--store", f.path, "--key", absent)
	require.Equal(t, exitConfig, got.code)
	require.Contains(t, got.err, "key cannot be read")
	_, err := os.Stat(absent)
	require.ErrorIs(t, err, os.ErrNotExist, "no key is made")

	other := filepath.Join(t.TempDir(), "other.key")
	_, err = audit.LoadOrCreateKey(other, auditOrigin)
	require.NoError(t, err)
	got = runAudit(t, "", "checkpoint", "--store", f.path, "--key", other)
	require.Equal(t, exitConfig, got.code)
	require.Contains(t, got.err, "the signing key is not this ledger's")

	got = runAudit(t, "", "ls", "-c", f.config(t, "other.example/modbot"))
	require.Equal(t, exitConfig, got.code)
	require.Contains(t, got.err, "the store belongs to another ledger")
}

// A checkpoint from outside shows what the log by itself does not.
func TestAuditVerifyAgainstACheckpoint(t *testing.T) {
	f := newFilledLedger(t)
	signed := runAudit(t, "", "checkpoint", "--store", f.path, "--key", f.keyFile)
	require.Zero(t, signed.code, signed.err)
	short := strings.Fields(signed.out)
	file := filepath.Join(t.TempDir(), "checkpoint")
	require.NoError(t, os.WriteFile(file, []byte(signed.out), 0o600))

	for name, stdin := range map[string]string{
		"signed":             signed.out,
		"signed, from mail":  strings.ReplaceAll(signed.out, "\n", "\r\n"),
		"short":              short[1] + " " + short[2][:22] + "\n",
		"short, as in posts": "size " + short[1] + " " + short[2][:22],
		"whole root":         short[1] + " " + short[2],
	} {
		t.Run(name, func(t *testing.T) {
			got := runAudit(t, stdin, "verify", "--store", f.path, "--checkpoint", "-")
			require.Zero(t, got.code, got.out+got.err)
			require.Contains(t, got.out, "the log extends the checkpoint that was given")
		})
	}
	got := runAudit(t, "", "verify", "--store", f.path, "--checkpoint", file, "--json")
	require.Zero(t, got.code, got.err)
	require.True(t, verified(t, got.out).OK)

	for name, stdin := range map[string]string{
		"another root":   "6 AAAAAAAAAAAAAAAAAAAAAA",
		"more entries":   "7 " + short[2][:22],
		"a forged one":   strings.Replace(signed.out, "\n6\n", "\n5\n", 1),
		"another origin": strings.Replace(signed.out, auditOrigin, "evil.example/modbot", 1),
	} {
		t.Run(name, func(t *testing.T) {
			got := runAudit(t, stdin, "verify", "--store", f.path, "--checkpoint", "-", "--json")
			require.Equal(t, exitAltered, got.code, got.out+got.err)
			require.False(t, verified(t, got.out).OK)
		})
	}
	for name, stdin := range map[string]string{
		"nothing":      "",
		"words":        "this is no checkpoint at all",
		"too short":    "6 AAAA",
		"not a number": "six AAAAAAAAAAAAAAAAAAAAAA",
		"too long":     strings.Repeat("x", checkpointBytes+1),
	} {
		t.Run(name, func(t *testing.T) {
			got := runAudit(t, stdin, "verify", "--store", f.path, "--checkpoint", "-")
			require.Equal(t, exitUsage, got.code, got.out+got.err)
		})
	}
}

// What was checked is said in numbers, and what cannot be known too.
func TestAuditVerifySaysWhatItChecked(t *testing.T) {
	f := newFilledLedger(t)
	got := runAudit(t, "", "verify", "--store", f.path)
	require.Zero(t, got.code, got.err)
	for _, want := range []string{
		"6 entries: none is missing", "personal values of 4 entries", "1 checkpoint that the log keeps", f.verifier,
		"3 cases, 2 accounts, 1 active mute and 0 links", "not known without a checkpoint from outside",
	} {
		require.Contains(t, got.out, want)
	}
	signed := runAudit(t, "", "checkpoint", "--store", f.path, "--key", f.keyFile).out
	lines := strings.Split(signed, "\n")
	pasted := "mia 9:41\nDone · #2 · size 0 47DEQpj8HBSa+/TImW+5JC · message 1\n" + "```\n" + signed + "```\n"
	got = runAudit(t, pasted, "verify", "--store", f.path, "--checkpoint", "-")
	require.Zero(t, got.code, got.out+got.err)
	require.Contains(t, got.out, "extends each of the 2 checkpoints that were given, over 0 to 6 entries")
	require.NotContains(t, got.out, "not covered")
	require.NotContains(t, got.out, "not known")

	bad := pasted + "Done · #6 · size 5 AAAAAAAAAAAAAAAAAAAAAA · message 4 after 9 " + lines[2][:22] + "\n"
	got = runAudit(t, bad, "verify", "--store", f.path, "--checkpoint", "-")
	require.Equal(t, exitAltered, got.code)
	require.Contains(t, got.out, "\"5 AAAAAAAAAAAAAAAAAAAAAA\" that was given in line 10", "the one over the fewest entries")
	require.Contains(t, got.out, "one of the entries 1 to 5 was altered")
	require.Contains(t, got.out, "2 of the 4 that were given do not hold")
	require.Contains(t, got.out, "does not hold: 9 "+lines[2][:22]+" (line 10)")
	require.Contains(t, got.out, "note: between message 1 and message 4 there are 2")
}

// A checkpoint that is to be posted waits for whoever delivers.
func TestAuditCheckpointPost(t *testing.T) {
	f := newFilledLedger(t)
	got := runAudit(t, "", "checkpoint", "--store", f.path, "--key", f.keyFile, "--post")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "nowhere to post")
	f.tamper(t, "INSERT INTO sink (name, cursor, posted_at, error, failed_at, first, last, nonce, body, started) VALUES ('slack', 6, 0, '', 0, 0, 0, '', x'', 0)")
	got = runAudit(t, "", "checkpoint", "--store", f.path, "--post")
	require.Equal(t, exitConfig, got.code)
	for range 2 {
		got = runAudit(t, "", "checkpoint", "-c", f.config(t, auditOrigin), "--post")
		require.Zero(t, got.code, got.err)
		require.Contains(t, got.out, auditOrigin+"\n6\n")
		require.Contains(t, got.err, "to be posted in slack")
	}
}
