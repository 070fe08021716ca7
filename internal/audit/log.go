package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"
	"go.uber.org/zap"
	"golang.org/x/mod/sumdb/tlog"
)

// Options say whose ledger a Log is.
type Options struct {
	// Origin is the ledger's name. Empty takes what the store says, which is
	// enough for reading.
	Origin string
	// Signer signs checkpoints. Without it the Log can only read.
	Signer *Key
	// Replica is recorded with every entry. No two processes have the same, not
	// even one after the other.
	Replica string
	// Now is the local clock, time.Now when nil. Where the store has no clock
	// of its own (SQLite) it is the store's time too, and where it is given, as
	// tests do, the store's clock is not asked.
	Now func() time.Time
	// StoreNow is the store's time where a test wants it to be another than Now:
	// somebody may set it.
	StoreNow func() time.Time
	// PostCheckpoints is how often full signed checkpoints are posted to the
	// audit channels, as far as the ledger has grown; 0 is only on demand.
	PostCheckpoints time.Duration
	// Patience is how long a caller waits for a store that does not answer,
	// before it is told so: a write at most, and a read as far as the store
	// bounds its statements. 0 is 20 s, which is right for a disk; where a
	// network is in between, people wait for an answer.
	Patience time.Duration
}

// What Open refuses.
var (
	// ErrOrigin: the store is another ledger's.
	ErrOrigin = errors.New("the store belongs to another ledger")
	// ErrKey: the signing key is not the one that the ledger began with.
	ErrKey = errors.New("the signing key is not this ledger's")

	errReadOnly = errors.New("the audit log was opened without its signing key and can only be read")
)

// Log is the ledger. It is safe for concurrent use.
type Log struct {
	log     *zap.Logger
	store   Store
	key     *Key
	replica string
	// origin is the ledger's name; empty where nothing was written yet.
	origin string
	now    func() time.Time
	clock  *clock
	poll   time.Duration // waitPoll, but for tests
	// every is Options.PostCheckpoints.
	every time.Duration
	group group
	// groupTime bounds one write transaction, the wait for the store included.
	groupTime time.Duration
	// warm is what the last transaction left for the next: only who leads a
	// group touches it, and the group's lock hands it on.
	warm *state

	// mended is set when intents without a lease were looked for.
	mended atomic.Bool

	// mu guards who is told of what.
	mu          sync.Mutex
	subscribers map[chan struct{}]struct{}
	waiters     map[int64]map[chan struct{}]struct{} // by case
}

// openTime bounds the first look at the store.
const openTime = 30 * time.Second

// Open opens the ledger in a store, and begins it where the store is empty.
func Open(log *zap.Logger, store Store, opts Options) (*Log, error) {
	l := &Log{
		log: log, store: store, key: opts.Signer, replica: clean(opts.Replica), now: opts.Now, poll: waitPoll, every: opts.PostCheckpoints,
		subscribers: map[chan struct{}]struct{}{}, waiters: map[int64]map[chan struct{}]struct{}{},
	}
	if l.now == nil {
		l.now = time.Now
	}
	l.clock = &clock{local: l.now, wall: opts.StoreNow}
	if l.clock.wall == nil {
		l.clock.wall = opts.Now
	}
	l.group.run, l.groupTime = l.runGroup, groupTime
	if opts.Signer != nil && opts.Origin != "" && opts.Signer.Origin() != opts.Origin {
		return nil, fmt.Errorf("%w: the key is for %s, the configuration says %s", ErrKey, opts.Signer.Origin(), opts.Origin)
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), openTime, errors.New("opening the audit log took too long"))
	defer cancel()
	if err := l.begin(ctx, opts.Origin); err != nil {
		return nil, fmt.Errorf("opening the audit log: %w", err)
	}
	if opts.Patience > 0 { // from now on people wait
		// A change waits while the group before it runs, and then as long again.
		l.group.patience, l.groupTime = opts.Patience/2, opts.Patience/2
	}
	return l, nil
}

// begin compares the store's identity with ours, and writes ours into a store
// that has none. The empty tree is signed at once: from then on nobody can
// exchange the public key unseen.
func (l *Log) begin(ctx context.Context, origin string) error {
	head, err := l.head(ctx)
	if err != nil {
		return err
	}
	l.clock.look(head)
	if head.Verifier == "" && l.key != nil {
		err = l.write(ctx, Keys{}, func(_ context.Context, s *state) error {
			if s.head.Verifier != "" {
				return nil // another process was first
			}
			s.head.Origin, s.head.Verifier = l.key.Origin(), l.key.Verifier()
			return s.checkpoint()
		})
		if err != nil {
			return err
		}
		if head, err = l.head(ctx); err != nil {
			return err
		}
	}
	l.origin = head.Origin
	if head.Verifier == "" {
		return nil // nothing was written yet, and this Log cannot
	}
	if origin != "" && head.Origin != origin {
		return fmt.Errorf("%w: it is %s, the configuration says %s", ErrOrigin, head.Origin, origin)
	}
	if l.key != nil && head.Verifier != l.key.Verifier() {
		return fmt.Errorf("%w: it is %s, the ledger of %s was begun with %s", ErrKey, l.key.Verifier(), head.Origin, head.Verifier)
	}
	return nil
}

// NewID makes the id of an entry: a ULID, in order of time.
func NewID() string { return ulid.Make().String() }

// Now is the store's time, which all times in the ledger are by, without asking
// the store. It has no monotonic reading.
func (l *Log) Now() time.Time { return l.time() }

// time is the store's time, without asking the store.
func (l *Log) time() time.Time { return l.clock.now().store }

// instant is the store's time in a snapshot.
func (l *Log) instant(ctx context.Context, s Snapshot) (instant, error) {
	if !l.clock.asks() {
		return l.clock.now(), nil
	}
	h, err := s.Head(ctx)
	if err != nil {
		return instant{}, err
	}
	now, _ := l.clock.look(h)
	return now, nil
}

func (l *Log) head(ctx context.Context) (HeadRow, error) {
	return view(ctx, l, func(s Snapshot) (HeadRow, error) { return s.Head(ctx) })
}

// Head is the tree's size and root.
func (l *Log) Head(ctx context.Context) (size int64, root tlog.Hash, err error) {
	h, err := l.head(ctx)
	if err != nil {
		return 0, root, err
	}
	return h.Size, h.Frontier.root(), nil
}

// Origin is the ledger's name and public key.
func (l *Log) Origin(ctx context.Context) (origin, verifier string, err error) {
	h, err := l.head(ctx)
	return h.Origin, h.Verifier, err
}

// Checkpoint signs the head as it is, keeps the checkpoint, and returns it.
func (l *Log) Checkpoint(ctx context.Context) (signed string, err error) {
	err = l.write(ctx, Keys{}, func(ctx context.Context, s *state) error {
		signed, err = s.signed(ctx)
		return err
	})
	return signed, err
}

// view reads from one snapshot.
func view[T any](ctx context.Context, l *Log, read func(Snapshot) (T, error)) (T, error) {
	s, err := l.snapshot(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	defer s.Close()
	return read(s)
}

// snapshot opens a view of one moment. What is read from it is bounded by the
// store.
func (l *Log) snapshot(ctx context.Context) (Snapshot, error) {
	if l.group.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, l.groupTime, slowError{l.groupTime})
		defer cancel()
	}
	return l.store.Snapshot(ctx)
}
