package discord

import (
	"context"
	"fmt"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// holding is what an interaction said about its actor. It is kept for as long as
// the interaction can be answered, under the interaction's own id: it is that
// delivery's, and never answers for another one of the same person.
type holding struct {
	guild string
	actor string
	known bool // the interaction said which roles
	roles []string
}

// hold keeps what an interaction says.
func (d *Discord) hold(in interaction) {
	d.held.add(in.id, holding{guild: in.guild, actor: in.actor.ID, known: in.rolesKnown, roles: in.roles})
}

// Grants are the actor's own id and the roles that Discord sent with the
// interaction. An invocation that didn't come from here, is over, or came
// without roles is an error.
func (d *Discord) Grants(_ context.Context, inv chat.Invocation) ([]chat.Grant, error) {
	h, ok := d.held.get(inv.Key)
	switch {
	case !ok:
		return nil, fmt.Errorf("interaction %q is not at hand: %w", inv.Key, adapters.ErrRoles)
	case h.actor != inv.Actor.ID || h.guild != string(inv.Workspace):
		return nil, fmt.Errorf("interaction %q is somebody else's: %w", inv.Key, adapters.ErrRoles)
	case !h.known:
		return nil, fmt.Errorf("interaction %q came without roles: %w", inv.Key, adapters.ErrRoles)
	}
	grants := []chat.Grant{{Kind: chat.GrantMember, ID: h.actor}}
	for _, role := range h.roles {
		grants = append(grants, chat.Grant{Kind: chat.GrantRole, ID: role})
	}
	return grants, nil
}
