package console

import "modbot/internal/chat"

// Answer shows an answer to a command that did not come through Run, such as
// the one of a command line. id is its number for programs.
func (c *Console) Answer(id int64, actor chat.Actor, r chat.Reply) {
	c.answer(&turn{id: id, actor: actor, shown: make(chan struct{})}, r)
}
