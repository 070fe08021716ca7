package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

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
	// drainTime bounds waiting for unknown outcomes when a program ends by
	// itself.
	drainTime = 20 * time.Second
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
	deliverers []*audit.Deliverer // one for each audit channel
	sharing    sharing

	stop    context.CancelFunc
	workers *errgroup.Group
}

// parts is what a core is made of.
type parts struct {
	storeURL string
	key      *audit.Key
	origin   string
	// checkpoints is how often full ones are posted; 0 is only on demand.
	checkpoints time.Duration
	client      im.Config
	policy      *policy.Policy
	grants      commands.GrantSource
	prefix      map[chat.Platform]string
	links       map[chat.Platform]string // templates for the accounts of mentioned members
	sinks       []sink                   // the audit channels; may be none
	// reconcile has active mutes compared with Tencent, for programs that stay.
	reconcile bool
	// standing is how the platforms are; nil where there are none.
	standing func() []texts.PlatformHealth
	// tell reaches actors whose process is gone; nil in a process that ends with
	// its command, and answers for no other.
	tell commands.Tell
	// background lets everybody else's calls to Tencent go first.
	background bool
}

// newCore opens the ledger and starts the workers. Close ends all of it.
func newCore(ctx context.Context, log *zap.Logger, p parts) (*core, error) {
	c := &core{log: log}
	var err error
	if c.store, err = sqlstore.Open(ctx, log.Named("store"), p.storeURL, sqlstore.Options{}); err != nil {
		return nil, storeError(err)
	}
	// All who use the ledger call the same app: they share its rate.
	p.client.Slots = c.store.Rate(cmp.Or(p.client.RatePerSecond, im.DefaultRate))
	if c.client, err = im.New(log.Named("im"), p.client); err != nil {
		return nil, errors.Join(failWith(exitConfig, "config", err.Error(), "modbot --help", err), c.store.Close())
	}
	c.ledger, err = audit.Open(log.Named("audit"), c.store, audit.Options{ //nolint:contextcheck // opening is bounded by itself
		Origin: p.origin, Signer: p.key, Replica: replica(), PostCheckpoints: p.checkpoints,
		Patience: patienceWith(p.storeURL),
	})
	if err != nil {
		c.client.Close()
		return nil, errors.Join(storeError(err), c.store.Close())
	}
	c.sharing = sharing{log: log.Named("share"), ledger: c.ledger, alone: ownLedger(p.storeURL)}
	t := tencent{c.client}
	if p.background {
		t = tencent{c.client.Background()}
	}
	c.dispatcher = commands.New(log.Named("commands"), commands.Config{
		Ledger: c.ledger, Lookup: t, Actor: t, Policy: p.policy, Grants: p.grants, Meaning: meaning, Prefix: p.prefix,
		LinkTemplates: p.links, Channels: p.channels(), Nicknames: t, Health: p.health(c.ledger),
	})
	if err := c.enlist(ctx, p.sinks); err != nil {
		c.client.Close()
		return nil, errors.Join(storeError(err), c.store.Close())
	}
	c.store.SetPatience(patienceWith(p.storeURL) / 2)
	c.startWorkers(p) //nolint:contextcheck // they go on until Close, also when the caller is told to stop
	return c, nil
}

// channels are the audit channels that have links to their posts, by platform.
func (p parts) channels() map[chat.Platform]string {
	out := map[chat.Platform]string{}
	for _, s := range p.sinks {
		if platform, _, found := strings.Cut(s.name, ":"); found {
			out[chat.Platform(platform)] = s.name
		}
	}
	return out
}

// health says how the ledger and the platforms are.
func (p parts) health(ledger *audit.Log) func(context.Context) (texts.HealthInput, error) {
	ledgerHealth := healthOf(ledger, p.sinks)
	return func(ctx context.Context) (texts.HealthInput, error) {
		h, err := ledgerHealth(ctx)
		in := texts.HealthInput{Ledger: h}
		if p.standing != nil {
			in.Platforms = p.standing()
		}
		return in, err
	}
}

// enlist makes known to the ledger the sinks that begin at the next entry. It
// comes before the workers, which append entries.
func (c *core) enlist(ctx context.Context, sinks []sink) error {
	size, _, err := c.ledger.Head(ctx)
	if err != nil {
		return err
	}
	for _, s := range sinks {
		if !s.fromNow {
			continue
		}
		if _, err := c.ledger.Register(ctx, s.name, size); err != nil {
			return fmt.Errorf("registering the audit channel %s: %w", s.name, err)
		}
	}
	return nil
}

func (c *core) startWorkers(p parts) {
	ctx, cancel := context.WithCancel(context.Background())
	c.stop = cancel
	c.workers = new(errgroup.Group)
	c.workers.Go(func() error { c.ledger.Follow(ctx); return nil })
	back := readBack{c.client.Background()}
	settler := audit.NewSettler(c.log.Named("settle"), c.ledger, back)
	c.workers.Go(func() error { return c.sharing.keep(ctx, "settle", settler.Run) })
	expirer := audit.NewExpirer(c.log.Named("expire"), c.ledger, back)
	c.workers.Go(func() error { return c.sharing.keep(ctx, "expire", expirer.Run) })
	if p.tell != nil {
		c.succeed(ctx, p.tell)
	}
	if p.reconcile {
		reconciler := audit.NewReconciler(c.log.Named("reconcile"), c.ledger, back) // which has a lease of its own
		c.workers.Go(func() error { return reconciler.Run(ctx) })
	}
	health := healthOf(c.ledger, p.sinks)
	for _, s := range p.sinks {
		s.origin = c.ledger.OriginPrint()
		s.outages = newOutages(c.log.Named("deliver"), health, s.name)
		s.outages.now = c.ledger.Now
		d := audit.NewDeliverer(c.log.Named("deliver"), c.ledger, s)
		c.deliverers = append(c.deliverers, d)
		c.workers.Go(func() error { return d.Run(ctx) })
	}
}

// succeed answers for processes that are gone, and lets others know that this
// one is not.
func (c *core) succeed(ctx context.Context, tell commands.Tell) {
	c.workers.Go(func() error { return c.ledger.Attend(ctx, c.log.Named("share")) })
	successor := audit.NewSuccessor(c.log.Named("succeed"), c.ledger, func(ctx context.Context, v audit.CaseView) {
		c.dispatcher.Resume(ctx, v, tell)
	})
	c.workers.Go(func() error { return c.sharing.keep(ctx, "succeed", successor.Run) })
}

// healthOf says how the ledger is, with the audit channels of this process
// alone. The ledger also knows those that were replaced: they are behind for
// ever, and no news.
func healthOf(ledger *audit.Log, sinks []sink) func(context.Context) (audit.Health, error) {
	return func(ctx context.Context) (audit.Health, error) {
		h, err := ledger.Health(ctx)
		h.Sinks = slices.DeleteFunc(h.Sinks, func(had audit.SinkHealth) bool {
			return !slices.ContainsFunc(sinks, func(s sink) bool { return s.name == had.Name })
		})
		return h, err
	}
}

// flush waits, at most that long, until every audit channel has been told of
// everything so far. One that fails does not keep the others from it.
func (c *core) flush(ctx context.Context, atMost time.Duration) {
	ctx, cancel := context.WithTimeoutCause(ctx, atMost, errors.New("the audit channel took too long"))
	defer cancel()
	var all sync.WaitGroup
	for _, d := range c.deliverers {
		all.Go(func() {
			if err := d.Flush(ctx); err != nil {
				c.log.Warn("an audit channel is behind", zap.Error(err))
			}
		})
	}
	all.Wait()
}

// drain waits, at most that long, for the outcomes that are unknown, and then
// for the audit channels.
func (c *core) drain(ctx context.Context, outcomes, posts time.Duration) {
	ctx = context.WithoutCancel(ctx)
	waiting, cancel := context.WithTimeoutCause(ctx, outcomes, errors.New("draining took too long"))
	defer cancel()
	if err := c.dispatcher.Drain(waiting); err != nil {
		c.log.Warn("an outcome is still unknown; the next start settles it", zap.Error(err))
	}
	c.flush(ctx, posts)
}

// Close ends the workers and closes everything. That this process lives, which
// the last of its workers says, ends after its commands have been answered.
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
		return failWith(exit, storeCode(fault.Fault), fault.Error(), storeTry(fault), err)
	default:
		return failWith(exitUnavailable, "store", err.Error(), "modbot audit verify --store sqlite:PATH", err)
	}
}

// storeTry is what to try when a store cannot be opened.
func storeTry(fault *sqlstore.Error) string {
	if fault.Server {
		return "modbot check-config -c modbot.yaml"
	}
	return "modbot audit verify --store sqlite:PATH"
}

// storeCode is a fault of the store as errors name it.
func storeCode(f sqlstore.Fault) string { return "store_" + strings.ReplaceAll(string(f), "-", "_") }

// newLogger logs to stderr: for people, and only what they should look at.
func newLogger(env *environment, level zapcore.Level) *zap.Logger {
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.ISO8601TimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(enc), zapcore.AddSync(env.err), level))
}
