package audit_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

var errDead = fmt.Errorf("the process is dead: %w", audit.ErrStore)

// life is a process's time: so many COMMITs, of which the last is applied or
// not. Everything that the process does outside looks whether it is over.
type life struct {
	left    int // negative: for ever
	applied bool
	dead    atomic.Bool // read by several workers at once
}

// mortal is a store whose process may die.
type mortal struct {
	audit.Store
	life *life
}

func (m *mortal) Begin(ctx context.Context) (audit.Tx, error) {
	if m.life.dead.Load() {
		return nil, errDead
	}
	tx, err := m.Store.Begin(ctx)
	return &mortalTx{Tx: tx, life: m.life}, err
}

func (m *mortal) Snapshot(ctx context.Context) (audit.Snapshot, error) {
	if m.life.dead.Load() {
		return nil, errDead
	}
	return m.Store.Snapshot(ctx)
}

type mortalTx struct {
	audit.Tx
	life *life
}

func (t *mortalTx) Commit(ctx context.Context, c audit.Changes) error {
	switch {
	case t.life.dead.Load():
		t.Rollback()
		return errDead
	case t.life.left != 0:
		t.life.left--
		return t.Tx.Commit(ctx, c)
	}
	t.life.dead.Store(true)
	if t.life.applied {
		if err := t.Tx.Commit(ctx, c); err != nil {
			return err
		}
	} else {
		t.Rollback()
	}
	return errDead
}

// process is one life of the program.
type process struct {
	*life
	world     *world
	ledger    *audit.Log
	settler   *audit.Settler
	expirer   *audit.Expirer
	deliverer *audit.Deliverer
}

// Read reads Tencent, while the process lives.
func (p *process) Read(ctx context.Context, a mute.Account) (mute.State, error) {
	if p.dead.Load() {
		return mute.State{}, errDead
	}
	return p.world.tencent.Read(ctx, a)
}

func (p *process) Name() string { return p.world.channel.name }

func (p *process) Compose(posts []audit.Posted) (int, []byte, error) {
	return p.world.channel.Compose(posts)
}

// Send posts, while the process lives.
func (p *process) Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	if p.dead.Load() {
		return chat.MessageRef{}, errDead
	}
	return p.world.channel.Send(ctx, body, d)
}
