package slack

import (
	"context"
	"sync"
	"time"

	"modbot/internal/chat"
)

// rolesAge is how old what is known of an actor may be.
const rolesAge = 60 * time.Second

// What is known of people.
const (
	refreshAfter = 30 * time.Second // then it is looked up again, beside its use
	maxPeople    = 10_000
)

// person is what decides whether somebody is one of us.
type person struct {
	team, enterprise           string
	gone, bot, guest, stranger bool
}

// belongs reports whether a person is a full member where a command came from.
func (p person) belongs(team chat.Workspace, enterprise string) bool {
	if p.gone || p.bot || p.guest || p.stranger {
		return false
	}
	return p.team == string(team) || enterprise != "" && p.enterprise == enterprise
}

// people knows who has been looked up lately.
type people struct {
	fetch func(ctx context.Context, id string) (person, error)
	now   func() time.Time

	mu    sync.Mutex
	known map[string]*acquaintance
}

// acquaintance is one person. looking is not nil while somebody looks them up,
// and is closed at the end of that.
type acquaintance struct {
	person
	at      time.Time // zero before the first time
	looking chan struct{}
}

func newPeople(fetch func(context.Context, string) (person, error), now func() time.Time) *people {
	return &people{fetch: fetch, now: now, known: make(map[string]*acquaintance)}
}

// get is what is known of a person. stale says that it should be refreshed.
func (p *people) get(ctx context.Context, id string) (who person, stale bool, err error) {
	for {
		p.mu.Lock()
		a := p.entry(id)
		if age := p.now().Sub(a.at); !a.at.IsZero() && age >= 0 && age <= rolesAge {
			who, stale = a.person, age > refreshAfter && a.looking == nil
			p.mu.Unlock()
			return who, stale, nil
		}
		looking := a.looking
		p.mu.Unlock()
		if looking == nil {
			if err := p.refresh(ctx, id); err != nil {
				return person{}, false, err
			}
			continue
		}
		select {
		case <-looking:
		case <-ctx.Done():
			return person{}, false, context.Cause(ctx)
		}
	}
}

// refresh looks a person up, unless somebody does already. What was known stays
// when it fails, until it is too old.
func (p *people) refresh(ctx context.Context, id string) error {
	p.mu.Lock()
	a := p.entry(id)
	if a.looking != nil {
		p.mu.Unlock()
		return nil
	}
	a.looking = make(chan struct{})
	p.mu.Unlock()

	asked := p.now() // what Slack says is no older than the question
	who, err := p.fetch(ctx, id)

	p.mu.Lock()
	defer p.mu.Unlock()
	close(a.looking)
	a.looking = nil
	if err == nil {
		a.person, a.at = who, asked
	}
	return err
}

// entry is the acquaintance of an id; the caller holds mu.
func (p *people) entry(id string) *acquaintance {
	a := p.known[id]
	if a == nil {
		if len(p.known) >= maxPeople {
			p.forget()
		}
		a = new(acquaintance)
		p.known[id] = a
	}
	return a
}

// forget makes room: those who are too old go, and everybody where that is not
// enough.
func (p *people) forget() {
	for id, a := range p.known {
		if p.now().Sub(a.at) > rolesAge {
			delete(p.known, id)
		}
	}
	if len(p.known) >= maxPeople {
		clear(p.known)
	}
}
