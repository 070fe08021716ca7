package commands

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"modbot/internal/mute"
)

// Nicknamer says what accounts call themselves; one that has no nickname is not
// in the result. The names are their owners' words.
type Nicknamer interface {
	Nicknames(ctx context.Context, accounts []mute.Account) (map[mute.Account]string, error)
}

// Bounds of nicknames.
const (
	// nickTime is within which a nickname has to arrive to be shown.
	nickTime = 500 * time.Millisecond
	// nickLife is how long one that arrived is believed.
	nickLife = 10 * time.Minute
	// nickMost is how many are remembered, twice at most.
	nickMost = 500
	// nickAsking is how many questions may be under way at once; beyond that,
	// accounts are shown without.
	nickAsking = 8
)

// nicknames remembers what accounts call themselves. They are asked for beside
// a command, and shown where they arrived by the time of its answer: nobody
// waits for them, and nothing depends on them.
type nicknames struct {
	log    *zap.Logger
	source Nicknamer // nil: there are none
	now    func() time.Time
	asking sync.WaitGroup
	slots  chan struct{}

	// mu guards the two generations: when the young one is full, it becomes the
	// old one, and what was old is forgotten.
	mu         sync.Mutex
	young, old map[mute.Account]nickname
}

// nickname is what was answered, which may be that there is none.
type nickname struct {
	name string
	at   time.Time
}

func newNicknames(log *zap.Logger, source Nicknamer, now func() time.Time) *nicknames {
	return &nicknames{
		log: log, source: source, now: now, slots: make(chan struct{}, nickAsking), young: map[mute.Account]nickname{},
	}
}

// fetch asks for the nicknames of accounts that are not known, and returns at
// once. stop ends it early.
func (n *nicknames) fetch(stop context.Context, accounts []mute.Account) {
	accounts = slices.DeleteFunc(slices.Clone(accounts), func(a mute.Account) bool {
		_, known := n.known(a)
		return a == "" || known
	})
	if n.source == nil || len(accounts) == 0 {
		return
	}
	select {
	case n.slots <- struct{}{}:
	default:
		return
	}
	n.asking.Go(func() {
		defer func() { <-n.slots }()
		ctx, cancel := context.WithTimeoutCause(stop, nickTime, errors.New("nicknames took too long"))
		defer cancel()
		found, err := n.source.Nicknames(ctx, accounts)
		if err != nil {
			n.log.Debug("nicknames cannot be read", zap.Error(err))
			return
		}
		n.remember(accounts, found)
	})
}

// known is the nickname of an account, if it was answered lately.
func (n *nicknames) known(a mute.Account) (name string, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, generation := range []map[mute.Account]nickname{n.young, n.old} {
		if found, ok := generation[a]; ok {
			return found.name, n.now().Sub(found.at) < nickLife
		}
	}
	return "", false
}

func (n *nicknames) remember(asked []mute.Account, found map[mute.Account]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range asked {
		if len(n.young) >= nickMost {
			n.young, n.old = map[mute.Account]nickname{}, n.young
		}
		n.young[a] = nickname{name: found[a], at: n.now()}
	}
}

// of is what is known of the accounts' nicknames.
func (n *nicknames) of(accounts []mute.Account) map[mute.Account]string {
	out := map[mute.Account]string{}
	for _, a := range accounts {
		if name, ok := n.known(a); ok && name != "" {
			out[a] = name
		}
	}
	return out
}

// close waits for what is under way, which ends with the context that it was
// given.
func (n *nicknames) close() { n.asking.Wait() }
