package slack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// grantsTime bounds one look at what an actor holds.
const grantsTime = 3 * time.Second

// Grants is the actor's own id and those of the configured user groups that the
// actor is in. Guests, people of other workspaces (Slack Connect), apps and
// those who have left hold nothing: not even a role that names their id.
func (s *Slack) Grants(ctx context.Context, inv chat.Invocation) ([]chat.Grant, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, grantsTime, errors.New("Slack took too long to say who somebody is"))
	defer cancel()
	who, stale, err := s.people.get(ctx, inv.Actor.ID)
	if err != nil {
		return nil, fmt.Errorf("looking up %s: %w: %w", inv.Actor.ID, adapters.ErrRoles, err)
	}
	if stale { // whoever asks next finds it fresh; no harm where there is no room
		_ = s.door.Load().submit(func(ctx context.Context, _ adapters.Core) { s.freshen(ctx, inv.Actor.ID) })
	}
	if !who.belongs(inv.Workspace, s.cfg.Enterprise) {
		s.log.Info("somebody who is no full member of the workspace asked for something; they hold no role",
			zap.String("actor", inv.Actor.ID), zap.Bool("guest", who.guest), zap.Bool("stranger", who.stranger))
		return nil, nil
	}
	groups, err := s.groups.of(ctx, inv.Workspace, inv.Actor.ID)
	if err != nil {
		return nil, fmt.Errorf("looking up the user groups of %s: %w: %w", inv.Actor.ID, adapters.ErrRoles, err)
	}
	return append([]chat.Grant{{Kind: chat.GrantMember, ID: inv.Actor.ID}}, groups...), nil
}

// lookUp asks Slack who somebody is, and keeps Status honest about whether it
// answers.
func (s *Slack) lookUp(ctx context.Context, id string) (person, error) {
	p, err := s.web.person(ctx, id)
	switch {
	case err == nil:
		s.stand.set(topicPeople, "")
	case codeOf(err) == "user_not_found" || codeOf(err) == "user_not_visible" || ctx.Err() != nil:
		// That is about this one, or about us.
	default:
		s.stand.set(topicPeople, "Nobody can be looked up, so everybody is refused: "+explain(err))
	}
	return p, err
}

func (s *Slack) freshen(ctx context.Context, id string) {
	if err := s.people.refresh(ctx, id); err != nil {
		s.log.Info("somebody was not looked up again", zap.String("actor", id), zap.Error(err))
	}
}
