package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"modbot/internal/audit"
)

const (
	// checkpointBytes bounds what is read as checkpoints: an export of an audit
	// channel is of some megabytes.
	checkpointBytes = 64 << 20
	// progressEvery is how often the progress of a verification is shown.
	progressEvery = 100 * time.Millisecond
)

// verifyView is what `audit verify --json` prints.
type verifyView struct {
	OK       bool   `json:"ok"`
	Entries  int64  `json:"entries"`
	Root     string `json:"root"` // base64
	FirstBad *int64 `json:"first_bad"`
	Problem  string `json:"problem"`
}

func newAuditVerifyCommand(env *environment, which *ledgerFlags) *cobra.Command {
	var checkpoint string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that the log is as it was written",
		Long: `Read the whole log, as of one moment, and check everything that can be checked:
that entries have no gap and are what their hashes say, that personal fields are
what the entries commit to, that the tree over the entries has the root that the
log and its signed checkpoints name, and that cases and mutes are what the
entries add up to.

That alone does not show that the newest entries were cut off, or that all of it
was written anew by somebody who has the key. A checkpoint from outside does:
with --checkpoint the log must also begin with the entries that it is over. The
file holds what "modbot audit checkpoint" printed, a message that was copied from
the audit channel with all that is around it, or a whole channel, as text or as
JSON. Every checkpoint in it is checked: the signed ones, and the short form that
every message in the channel ends with, like "size 1204 q83vASNFZ4mrze8BI0VniQ".

What a verified log proves, and what it does not, is in
docs/explanation/tamper-evidence.md.

With -c, checkpoints must be signed with the key that the configuration names,
where its file can be read; else with the one that the log names itself.`,
		Example: `  modbot audit verify -c modbot.yaml
  modbot audit verify --store modbot.db --checkpoint checkpoint.txt
  modbot audit verify -c modbot.yaml --checkpoint channel-export.json
  echo '1204 q83vASNFZ4mrze8BI0VniQ' | modbot audit verify -c modbot.yaml --checkpoint -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := checkpointText(env, checkpoint)
			if err != nil {
				return err
			}
			ledger, err := which.open(cmd, env)
			if errors.Is(err, audit.ErrRow) { // altered where it begins to be read
				return sayVerified(env, audit.Report{Problem: err.Error()}, false)
			}
			if err != nil {
				return err
			}
			defer ledger.Close() //nolint:errcheck // it was only read
			return verifyLedger(cmd, env, ledger, text)
		},
	}
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "", "`FILE` with a checkpoint that the log must extend; - is standard input")
	return cmd
}

// checkpointText reads the checkpoint that was given, empty when none was.
func checkpointText(env *environment, file string) (string, error) {
	var text []byte
	var err error
	switch file {
	case "":
		return "", nil
	case "-":
		text, err = io.ReadAll(io.LimitReader(env.in, checkpointBytes+1))
	default:
		text, err = readBounded(file, checkpointBytes+1)
	}
	const example = "modbot audit verify --checkpoint checkpoint.txt"
	switch {
	case err != nil:
		return "", failWith(exitUsage, "checkpoint", fmt.Sprintf("The checkpoint cannot be read: %v.", err), example, err)
	case len(text) > checkpointBytes:
		return "", usageError("checkpoint", fmt.Sprintf("That is too long: at most %d MB are read.", checkpointBytes>>20), example)
	case len(text) == 0:
		return "", usageError("checkpoint", "The checkpoint is empty.", example)
	}
	return string(text), nil
}

// readBounded reads at most so many bytes of a file.
func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the path is what the operator typed
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(f, most))
}

// verifyLedger verifies, and says what was found.
func verifyLedger(cmd *cobra.Command, env *environment, ledger *ledgerFile, checkpoint string) error {
	verifier, err := configuredVerifier(ledger)
	if err != nil {
		return err
	}
	show, wipe := progress(env.err)
	report, err := audit.Verify(cmd.Context(), ledger.store, audit.VerifyOptions{
		Checkpoint: checkpoint, Verifier: verifier, Progress: show,
	})
	wipe()
	if errors.Is(err, audit.ErrCheckpoint) {
		return failWith(exitUsage, "checkpoint", fmt.Sprintf("That is no checkpoint: %v.", err),
			"modbot audit verify --checkpoint checkpoint.txt", err)
	}
	if err != nil {
		return ledgerError(err)
	}
	return sayVerified(env, report, verifier != "")
}

// sayVerified prints a verdict and ends with its exit code.
func sayVerified(env *environment, r audit.Report, keyed bool) (err error) {
	if env.json {
		err = json.NewEncoder(env.out).Encode(verifyView{
			OK: r.OK, Entries: r.Entries, Root: base64.StdEncoding.EncodeToString(r.Root[:]), FirstBad: r.FirstBad, Problem: r.Problem,
		})
	} else {
		_, err = io.WriteString(env.out, verifiedText(r, keyed))
	}
	if err == nil && !r.OK {
		return exitSilently(exitAltered)
	}
	return err
}

// configuredVerifier is the public key that the configuration names; empty
// where there is no configuration, or its key is kept elsewhere.
func configuredVerifier(ledger *ledgerFile) (string, error) {
	if ledger.cfg == nil {
		return "", nil
	}
	file := ledger.cfg.Ledger.SigningKeyFile
	f, err := os.Open(file) //nolint:gosec // the path is the operator's own configuration
	if err != nil {
		return "", nil //nolint:nilerr // documented: who verifies need not have the key
	}
	_ = f.Close()
	key, err := existingKey(file, ledger.cfg.Ledger.Origin)
	if err != nil {
		return "", err
	}
	return key.Verifier(), nil
}

// progress shows how many entries were read, on a terminal only.
func progress(w io.Writer) (show func(entries int64), wipe func()) {
	if !terminal(w) {
		return func(int64) {}, func() {}
	}
	var last time.Time
	show = func(entries int64) {
		if now := time.Now(); now.Sub(last) >= progressEvery {
			last = now
			_, _ = fmt.Fprintf(w, "\rverifying: %d entries ", entries)
		}
	}
	return show, func() { _, _ = fmt.Fprint(w, "\r\x1b[K") }
}
