package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"modbot/internal/adapters"
	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/policy"
	"modbot/internal/im"
	"modbot/internal/texts"
)

// Bounds of ending.
const (
	// drainTime bounds waiting for unknown outcomes and for the audit channel
	// when a program ends by itself.
	drainTime = 22 * time.Second
	// flushTime bounds waiting for the audit posts of one line.
	flushTime = 5 * time.Second
)

// core is the running program without a platform: the ledger, Tencent's
// client, the dispatcher, and the workers that settle, expire and deliver.
type core struct {
	log        *zap.Logger
	store      *sqlstore.Store
	ledger     *audit.Log
	client     *im.Client
	dispatcher *commands.Dispatcher
	deliverer  *audit.Deliverer // nil without an audit channel

	stop    context.CancelFunc
	workers *errgroup.Group
}

// parts is what a core is made of.
type parts struct {
	storeURL string
	key      *audit.Key
	origin   string
	client   im.Config
	policy   *policy.Policy
	grants   commands.GrantSource
	prefix   map[chat.Platform]string
	// sink and channel are the audit channel; channel may be nil.
	sink    string
	channel adapters.Channel
}

// newCore opens the ledger and starts the workers. Close ends all of it.
func newCore(ctx context.Context, log *zap.Logger, p parts) (*core, error) {
	c := &core{log: log}
	var err error
	if c.client, err = im.New(log.Named("im"), p.client); err != nil {
		return nil, failWith(exitConfig, "config", err.Error(), "modbot --help", err)
	}
	if c.store, err = sqlstore.Open(ctx, log.Named("store"), p.storeURL, sqlstore.Options{}); err != nil {
		c.client.Close()
		return nil, storeError(err)
	}
	c.ledger, err = audit.Open(log.Named("audit"), c.store, audit.Options{Origin: p.origin, Signer: p.key, Replica: replica()}) //nolint:contextcheck // opening is bounded by itself
	if err != nil {
		c.client.Close()
		return nil, errors.Join(storeError(err), c.store.Close())
	}
	t := tencent{c.client}
	c.dispatcher = commands.New(log.Named("commands"), commands.Config{
		Ledger: c.ledger, Lookup: t, Actor: t, Policy: p.policy, Grants: p.grants, Meaning: meaning, Prefix: p.prefix,
	})
	c.startWorkers(p) //nolint:contextcheck // they go on until Close, also when the caller is told to stop
	return c, nil
}

func (c *core) startWorkers(p parts) {
	ctx, cancel := context.WithCancel(context.Background())
	c.stop = cancel
	c.workers = new(errgroup.Group)
	back := readBack{c.client}
	settler := audit.NewSettler(c.log.Named("settle"), c.ledger, back)
	c.workers.Go(func() error { return settler.Run(ctx) })
	expirer := audit.NewExpirer(c.log.Named("expire"), c.ledger, back)
	c.workers.Go(func() error { return expirer.Run(ctx) })
	if p.channel != nil {
		c.deliverer = audit.NewDeliverer(c.log.Named("deliver"), c.ledger, sink{name: p.sink, origin: c.ledger.OriginPrint(), channel: p.channel})
		c.workers.Go(func() error { return c.deliverer.Run(ctx) })
	}
}

// flush waits until the audit channel has been told of everything so far.
func (c *core) flush(ctx context.Context) {
	if c.deliverer == nil {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, flushTime, errors.New("the audit channel took too long"))
	defer cancel()
	if err := c.deliverer.Flush(ctx); err != nil {
		c.log.Warn("the audit channel is behind", zap.Error(err))
	}
}

// drain waits for the outcomes that are unknown and for the audit channel.
func (c *core) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), drainTime, errors.New("draining took too long"))
	defer cancel()
	if err := c.dispatcher.Drain(ctx); err != nil {
		c.log.Warn("an outcome is still unknown; the next start settles it", zap.Error(err))
	}
	c.flush(ctx)
}

// Close ends the workers and closes everything.
func (c *core) Close() error {
	c.dispatcher.Close()
	c.stop()
	err := c.workers.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	c.client.Close()
	return errors.Join(err, c.store.Close())
}

// replica names this process in the ledger.
func replica() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}

// storeError is a ledger that cannot be opened, with its exit code.
func storeError(err error) error {
	var fault *sqlstore.Error
	switch {
	case errors.Is(err, audit.ErrOrigin), errors.Is(err, audit.ErrKey):
		return failWith(exitConfig, "ledger", err.Error(), "use the key that the ledger was begun with, or another store", err)
	case errors.As(err, &fault):
		exit := exitUnavailable
		if fault.Fault == sqlstore.FaultNewer { // the ledger is well; it is this program that does not fit
			exit = exitConfig
		}
		return failWith(exit, storeCode(fault.Fault), fault.Error(), "modbot audit verify --store sqlite:PATH", err)
	default:
		return failWith(exitUnavailable, "store", err.Error(), "modbot audit verify --store sqlite:PATH", err)
	}
}

// storeCode is a fault of the store as errors name it.
func storeCode(f sqlstore.Fault) string { return "store_" + strings.ReplaceAll(string(f), "-", "_") }

// newLogger logs to stderr: for people, and only what they should look at.
func newLogger(env *environment, level zapcore.Level) *zap.Logger {
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.ISO8601TimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(enc), zapcore.AddSync(env.err), level))
}

// sink lets the ledger deliver to an adapter's channel.
type sink struct {
	name    string
	origin  string // print of the ledger, for buttons
	channel adapters.Channel
}

// Name is the sink's name in the ledger.
func (s sink) Name() string { return s.name }

// Compose makes one message of as many entries as fit.
func (s sink) Compose(posted []audit.Posted) (taken int, body []byte, err error) {
	posts := make([]chat.Post, 0, len(posted))
	for _, p := range posted {
		posts = append(posts, texts.Post(texts.PostInput{
			Entry: p.Entry, Case: p.Case, Prior: p.Prior, Checkpoint: p.Checkpoint,
			Meaning: meaning(p.Entry.Code), Origin: s.origin, Stub: p.Stub,
		}))
	}
	return s.channel.Render(posts)
}

// Send posts what Compose made.
func (s sink) Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	return s.channel.Send(ctx, body, d)
}
