//go:build unix

package crash

import (
	"bufio"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"
	"modernc.org/sqlite"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/mute"
)

// The test's binary is also who appends: with this variable it is no test, and
// its value is the path of the ledger. The other one has it sync too little.
const (
	envAppender = "MODBOT_CRASH_APPENDER"
	envSloppy   = "MODBOT_CRASH_SLOPPY"
)

// writers is how many callers append at once: the store commits them in groups.
const writers = 8

// appendForever appends to a ledger until it cannot any more, and prints the
// number of each entry when it was acknowledged.
func appendForever(path string) {
	fmt.Fprintln(os.Stderr, appending(context.Background(), path, os.Getenv(envSloppy) != ""))
}

func appending(ctx context.Context, path string, sloppy bool) error {
	var open connections
	if sloppy {
		sqlite.RegisterConnectionHook(open.note)
	}
	key, err := audit.LoadOrCreateKey(filepath.Join(os.TempDir(), "ledger.key"), "crash.example/modbot")
	if err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, zap.NewNop(), "sqlite:"+path, sqlstore.Options{})
	if err != nil {
		return err
	}
	ledger, err := audit.Open(zap.NewNop(), store, audit.Options{Signer: key}) //nolint:contextcheck // opening is bounded by itself
	if err != nil {
		return err
	}
	out := &acknowledged{to: bufio.NewWriter(os.Stdout)}
	if err := appendOne(ctx, ledger, out, 0, 0); err != nil { // every connection is there now
		return err
	}
	if err := open.exec(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		return err
	}
	errs := make([]error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := 1; errs[w] == nil; n++ {
				errs[w] = appendOne(ctx, ledger, out, w, n)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// appendOne appends a case: its intent and its outcome.
func appendOne(ctx context.Context, ledger *audit.Log, out *acknowledged, w, n int) error {
	begun, err := ledger.Begin(ctx, audit.Intent{Head: audit.Head{
		Actor: "cli:mia", Account: mute.Account(fmt.Sprintf("p%d-%d-%d", time.Now().UnixMilli(), w, n)), Verb: "mute",
		Scope: mute.ScopeAll, Term: mute.Permanent(), Reason: "the power may go at any time",
	}})
	if err != nil {
		return err
	}
	if err := out.say(begun.Seq); err != nil {
		return err
	}
	ended, err := ledger.Finish(ctx, begun.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
	if err != nil {
		return err
	}
	return out.say(ended.Seq)
}

// acknowledged says which entries were.
type acknowledged struct {
	mu sync.Mutex
	to *bufio.Writer
}

func (a *acknowledged) say(seq int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := fmt.Fprintln(a.to, seq); err != nil {
		return err
	}
	return a.to.Flush()
}

// connections are the store's, by the one way to them that no user has: the
// driver's own.
type connections struct {
	mu  sync.Mutex
	all []sqlite.ExecQuerierContext
}

func (c *connections) note(conn sqlite.ExecQuerierContext, _ string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, conn)
	return nil
}

// exec runs a statement on each that is open. Nobody may use them meanwhile.
func (c *connections) exec(ctx context.Context, statement string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.all {
		if v, ok := conn.(driver.Validator); ok && !v.IsValid() {
			continue
		}
		if _, err := conn.ExecContext(ctx, statement, nil); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// readAcknowledged hands over the numbers that an appender prints, until its end.
func readAcknowledged(from io.Reader, each func(seq int64)) error {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		var seq int64
		if _, err := fmt.Sscan(lines.Text(), &seq); err != nil {
			return fmt.Errorf("%q is no number of an entry: %w", lines.Text(), err)
		}
		each(seq)
	}
	return lines.Err()
}
