package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/zap"
)

const (
	// pulseEvery is how long the watch waits for a notification before it asks
	// the server for a sign of life.
	pulseEvery = 500 * time.Millisecond
	// pulseMost is how long a server may be silent before it counts as lost:
	// commands are then refused at once, and who waits for an answer is told.
	pulseMost = 1500 * time.Millisecond
	// pulsePause is the pause between two tries to connect again.
	pulsePause = 250 * time.Millisecond
	// pulseClose bounds taking leave of the server.
	pulseClose = time.Second
)

// errSilent: the server gave no sign of life.
var errSilent = fmt.Errorf("the server gave no sign of life for %s", pulseMost)

// pulse is what the watch knows of the server: whether it is there. Without a
// watch it is believed to be.
type pulse struct {
	mu   sync.Mutex
	lost error // nil while the server is there
	// alive ends when the server is lost, and with it every statement that waits
	// for an answer.
	alive context.Context //nolint:containedctx // the life of the server, not of a call
	end   context.CancelCauseFunc
}

func newPulse() *pulse {
	p := &pulse{}
	p.up()
	return p
}

// state is the life of the server, or why it is lost.
func (p *pulse) state() (context.Context, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alive, p.lost
}

// up reports whether the server was lost until now.
func (p *pulse) up() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.lost != nil
	if p.lost = nil; was || p.alive == nil {
		p.alive, p.end = context.WithCancelCause(context.Background())
	}
	return was
}

// down reports whether the server was there until now.
func (p *pulse) down(err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost != nil {
		return false
	}
	p.lost = err
	p.end(err)
	return true
}

// Watch tells of what other processes do, and whether the server is there,
// until the context ends: it calls woken when they may have appended entries.
// While it runs, a server that is lost is known within pulseMost; transactions
// are then refused at once, until it is back. Watch has nothing to do in a file.
func (s *Store) Watch(ctx context.Context, woken func()) {
	if !s.dialect.server {
		return
	}
	defer s.pulse.up() // nobody looks any more
	seen := time.Now()
	for ctx.Err() == nil {
		err := s.listen(ctx, &seen, woken)
		if ctx.Err() != nil {
			return
		}
		// A server that only has no connection left for us is there.
		if _, answered := errors.AsType[*pgconn.PgError](err); answered && !s.gone(err) {
			seen = time.Now()
			s.found()
		} else if time.Since(seen) >= pulseMost || refused(err) {
			if s.pulse.down(s.explain(err)) {
				s.log.Error("the database server is lost", zap.Error(s.explain(err)))
			}
		}
		pause(ctx, pulsePause)
	}
}

// refused reports whether nobody listens where the server was, or it says
// itself that it stops.
func refused(err error) bool {
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return true
	}
	c, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok && !pgconn.Timeout(c)
}

// found notes that the server is there.
func (s *Store) found() {
	if s.pulse.up() {
		s.log.Info("the database server is back")
	}
}

// listen makes a connection and listens on it until it fails. It moves seen
// with each sign of life.
func (s *Store) listen(ctx context.Context, seen *time.Time, woken func()) error {
	conn, err := s.listener(ctx, *seen)
	if err != nil {
		return err
	}
	defer leave(conn)       //nolint:contextcheck // the context may have ended
	for others := true; ; { // first of all of what nobody listened to
		*seen = time.Now()
		s.found()
		if others {
			woken()
		}
		n, err := heard(ctx, conn)
		if err != nil {
			return err
		}
		others = n != nil && n.Payload != s.id
	}
}

// listener makes the connection.
func (s *Store) listener(ctx context.Context, seen time.Time) (*pgx.Conn, error) {
	limit := connectTime
	if _, lost := s.pulse.state(); lost == nil {
		limit = max(pulsePause, pulseMost-time.Since(seen))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errSilent)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, s.config.Copy())
	if err != nil {
		return nil, err
	}
	if _, err = conn.Exec(ctx, "LISTEN "+pgx.Identifier{s.channel}.Sanitize()); err != nil {
		leave(conn) //nolint:contextcheck // the context may have ended
		return nil, err
	}
	return conn, nil
}

// leave closes the connection.
func leave(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), pulseClose)
	defer cancel()
	_ = conn.Close(ctx) // the server notices by itself
}

// heard waits for a notification, and where there is none for a sign of life.
func heard(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	wait, cancel := context.WithTimeout(ctx, pulseEvery)
	defer cancel()
	n, err := conn.WaitForNotification(wait)
	if err == nil || conn.IsClosed() || ctx.Err() != nil {
		return n, err
	}
	ping, cancel := context.WithTimeoutCause(ctx, pulseMost-pulseEvery, errSilent)
	defer cancel()
	return nil, conn.Ping(ping)
}

// channelOf is the name of the channel on which writers of a schema notify.
func channelOf(schema string) string {
	sum := sha256.Sum256([]byte(schema))
	return "modbot_" + hex.EncodeToString(sum[:8])
}
