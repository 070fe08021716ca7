package slack

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"modbot/internal/chat"
)

// How often user groups are looked at. Each call is of tier 2, 20 a minute for
// one workspace with some more now and then
// (docs.slack.dev/apis/web-api/rate-limits).
const (
	groupsEvery = 25 * time.Second
	groupsPace  = 3100 * time.Millisecond // the least between two calls, but for the first round
	firstWait   = 2 * time.Second         // how long the first look is waited for
)

// groups knows who is in the user groups that roles use. It is refreshed by
// keep, and never by a command.
type groups struct {
	log   *zap.Logger
	ids   []string
	teams []string
	fetch func(ctx context.Context, team, group string) ([]string, error)
	now   func() time.Time
	stand *standing

	loaded chan struct{} // closed after the first round
	once   sync.Once

	mu      sync.Mutex
	members map[groupKey]membership
}

type groupKey struct{ team, group string }

type membership struct {
	ids map[string]bool
	at  time.Time
}

func newGroups(
	log *zap.Logger, cfg Config, fetch func(ctx context.Context, team, group string) ([]string, error), stand *standing,
) *groups {
	return &groups{
		log: log, ids: cfg.UserGroups, teams: cfg.Workspaces, fetch: fetch, now: cfg.Now, stand: stand,
		loaded: make(chan struct{}), members: make(map[groupKey]membership),
	}
}

// keep refreshes all groups, round after round, until the context ends. With no
// groups it does nothing.
func (g *groups) keep(ctx context.Context) {
	if len(g.ids) == 0 {
		return
	}
	between := max(groupsEvery/time.Duration(len(g.ids)), groupsPace)
	asked := g.round(ctx, 0) // at once: people are waiting
	g.once.Do(func() { close(g.loaded) })
	for pause(ctx, asked) {
		asked = g.round(ctx, between)
	}
}

// round looks at every group once, each after some time, and returns how long
// Slack asked to wait.
func (g *groups) round(ctx context.Context, between time.Duration) (asked time.Duration) {
	problem := ""
	for _, id := range g.ids {
		if !pause(ctx, between) {
			return 0
		}
		for _, team := range g.teams { // each has a count of its own
			err := g.refresh(ctx, groupKey{team, id})
			if ctx.Err() != nil {
				return 0
			}
			if err == nil {
				continue
			}
			problem = fmt.Sprintf("The user group %s can't be looked up: %s", id, explain(err))
			if e, ok := errors.AsType[*callError](err); ok && e.throttled {
				g.stand.set(topicGroups, problem)
				return max(e.wait, groupsPace)
			}
		}
	}
	g.stand.set(topicGroups, problem)
	return 0
}

// refresh looks at one group. Where Slack says that there is none, or that the
// plan has none, nobody is in it: that is an answer, and is also reported.
func (g *groups) refresh(ctx context.Context, k groupKey) error {
	asked := g.now()
	ids, err := g.fetch(ctx, k.team, k.group)
	if err != nil {
		g.log.Warn("a user group was not looked up", zap.String("usergroup", k.group), zap.String("workspace", k.team), zap.Error(err))
		if code := codeOf(err); code != "no_such_subteam" && code != "plan_upgrade_required" {
			return err
		}
		if len(g.teams) > 1 { // a group belongs to one of them
			err = nil
		}
	}
	m := membership{ids: make(map[string]bool, len(ids)), at: asked}
	for _, id := range ids {
		m.ids[id] = true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.members[k] = m
	return err
}

// of is which of the groups somebody is in. It is an error when one of them is
// not known, or was looked at too long ago.
func (g *groups) of(ctx context.Context, team chat.Workspace, actor string) ([]chat.Grant, error) {
	if len(g.ids) == 0 {
		return nil, nil
	}
	if err := g.await(ctx); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var grants []chat.Grant
	for _, id := range g.ids {
		m, known := g.members[groupKey{string(team), id}]
		if age := g.now().Sub(m.at); !known || age > rolesAge {
			return nil, fmt.Errorf("the user group %s was not looked at for over %v", id, rolesAge)
		}
		if m.ids[actor] {
			grants = append(grants, chat.Grant{Kind: chat.GrantUsergroup, ID: id})
		}
	}
	return grants, nil
}

// await waits for the first round, for a moment.
func (g *groups) await(ctx context.Context) error {
	select {
	case <-g.loaded:
		return nil
	default:
	}
	timer := time.NewTimer(firstWait)
	defer timer.Stop()
	select {
	case <-g.loaded:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return errors.New("user groups have not been looked at yet")
	}
}
