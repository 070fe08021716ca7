package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
)

// checkpointView is what `audit checkpoint --json` prints.
type checkpointView struct {
	Origin     string `json:"origin"`
	Entries    int64  `json:"entries"`
	Root       string `json:"root"` // base64
	Short      string `json:"short"`
	Checkpoint string `json:"checkpoint"` // the signed text
}

func newAuditCheckpointCommand(env *environment, which *ledgerFlags) *cobra.Command {
	var keyFile string
	var post bool
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Print a signed checkpoint of the log as it is now",
		Long: `Print a signed checkpoint of the log as it is now: its origin, how many entries
it has, the root of the tree over them, and the signature (C2SP tlog-checkpoint).
Keep it where whoever can change the log cannot; "modbot audit verify
--checkpoint FILE" later proves that the log still begins with these entries.

A checkpoint that was signed already is printed again. A new one is signed with
the key that -c names, or --key, and kept in the log.

With --post, it is also posted in every audit channel, as soon as whichever modbot
delivers there has posted the entries that it is over. modbot does the same by
itself every ledger.checkpoint_every, if the log has grown.`,
		Example: `  modbot audit checkpoint -c modbot.yaml > checkpoint.txt
  modbot audit checkpoint --store modbot.db --key ledger.key
  modbot audit checkpoint -c modbot.yaml --post`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := checkpointOf(cmd, env, which, keyFile, post)
			if err != nil {
				return err
			}
			if env.json {
				return json.NewEncoder(env.out).Encode(v)
			}
			_, err = fmt.Fprint(env.out, v.Checkpoint)
			return err
		},
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "`FILE` with the ledger's signing key")
	cmd.Flags().BoolVar(&post, "post", false, "post it in every audit channel too")
	return cmd
}

// checkpointOf finds the checkpoint of the log as it is, or signs one.
func checkpointOf(cmd *cobra.Command, env *environment, which *ledgerFlags, keyFile string, post bool) (v checkpointView, err error) {
	ctx := cmd.Context()
	ledger, err := which.open(cmd, env)
	if err != nil {
		return v, err
	}
	v, err = keptCheckpoint(ctx, ledger)
	err = errors.Join(err, ledger.Close())
	if err != nil || v.Checkpoint != "" && !post {
		return v, err
	}
	if keyFile == "" && ledger.cfg != nil {
		keyFile = ledger.cfg.Ledger.SigningKeyFile
	}
	if keyFile == "" {
		return v, failWith(exitConfig, "no_key",
			fmt.Sprintf("No checkpoint of all %d entries was signed yet, and signing or posting one needs the ledger's key.", v.Entries),
			"modbot audit checkpoint -c modbot.yaml", nil)
	}
	if v.Origin == "" {
		return v, failWith(exitFailed, "no_entry", "The audit log is empty: modbot has not begun to write it.", "modbot audit ls", nil)
	}
	key, err := existingKey(keyFile, v.Origin)
	if err != nil {
		return v, err
	}
	return signCheckpoint(ctx, env, ledger, key, post)
}

// keptCheckpoint is the log as it is, with its checkpoint where one is kept.
func keptCheckpoint(ctx context.Context, ledger *ledgerFile) (checkpointView, error) {
	snapshot, err := ledger.store.Snapshot(ctx)
	if err != nil {
		return checkpointView{}, ledgerError(err)
	}
	defer snapshot.Close()
	head, err := snapshot.Head(ctx)
	if err != nil {
		return checkpointView{}, ledgerError(err)
	}
	kept, err := snapshot.Checkpoints(ctx, head.Size-1, 1)
	if err != nil {
		return checkpointView{}, ledgerError(err)
	}
	if len(kept) == 1 && kept[0].Size == head.Size {
		return readCheckpoint(kept[0].Note)
	}
	return checkpointView{Origin: head.Origin, Entries: head.Size}, nil
}

// existingKey reads the ledger's key, and makes none where there is none.
func existingKey(path, origin string) (*audit.Key, error) {
	const fix = "use the key file that modbot writes this log with"
	if _, err := os.Stat(path); err != nil {
		return nil, failWith(exitConfig, "key", fmt.Sprintf("The ledger's key cannot be read: %v.", err), fix, err)
	}
	key, err := audit.LoadOrCreateKey(path, origin)
	if err != nil {
		return nil, failWith(exitConfig, "key", err.Error(), fix, err)
	}
	return key, nil
}

// signCheckpoint signs the log as it is, keeps the checkpoint in it, and has it
// posted where that is asked for.
func signCheckpoint(ctx context.Context, env *environment, seen *ledgerFile, key *audit.Key, post bool) (v checkpointView, err error) {
	ledger, err := openLedger(ctx, env, seen.url, seen.cfg, audit.Options{Origin: key.Origin(), Signer: key}, sqlstore.Options{})
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	if !post {
		signed, err := ledger.Checkpoint(ctx)
		if err != nil {
			return v, ledgerError(err)
		}
		return readCheckpoint(signed)
	}
	signed, sinks, err := ledger.PostCheckpoint(ctx)
	switch {
	case errors.Is(err, audit.ErrEmpty):
		return v, failWith(exitFailed, "no_entry", "The audit log has no entry yet: there is nothing to post.", "modbot audit ls", err)
	case err != nil:
		return v, ledgerError(err)
	case len(sinks) == 0:
		return v, failWith(exitFailed, "no_channel", "No audit channel is known to this log: there is nowhere to post the checkpoint.",
			"set slack.audit_channel or discord.audit_channel, and start modbot serve", nil)
	}
	_, err = fmt.Fprintf(env.err, "modbot: to be posted in %s\n", strings.Join(sinks, ", "))
	if err != nil {
		return v, err
	}
	return readCheckpoint(signed)
}

// checkpointLines is how many lines of a checkpoint are read: origin, number
// of entries, root.
const checkpointLines = 3

// readCheckpoint reads a signed checkpoint that the log keeps.
func readCheckpoint(signed string) (checkpointView, error) {
	lines := strings.SplitN(signed, "\n", checkpointLines+1)
	if len(lines) <= checkpointLines {
		return checkpointView{}, ledgerError(fmt.Errorf("%w: a checkpoint has %d lines", audit.ErrRow, len(lines)))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return checkpointView{}, ledgerError(fmt.Errorf("%w: a checkpoint says %q for its size", audit.ErrRow, lines[1]))
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return checkpointView{}, ledgerError(fmt.Errorf("%w: a checkpoint has no root", audit.ErrRow))
	}
	return checkpointView{
		Origin: lines[0], Entries: size, Root: lines[2], Short: audit.ShortCheckpoint(size, root), Checkpoint: signed,
	}, nil
}
