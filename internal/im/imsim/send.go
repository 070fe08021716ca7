package imsim

import (
	"context"
	"fmt"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// codeNoReceiver is what the sender of a one-to-one message to nobody is told
// (the vendor's message table; no call of modbot's answers it).
const codeNoReceiver imwire.Code = 20003

// Message is one message of an account of the app, on its way through the
// service. Groups are not modelled: every group exists and every account is in
// it.
type Message struct {
	From mute.Account
	Kind mute.Field // C2C or Group
	To   string     // an account, or a group's id
}

// Send is an account sending a message: the point of muting. A muted sender is
// told so and the webhook hears nothing; for everybody else the before-send
// webhook decides. A sender that does not exist cannot be logged in and is an
// *InputError.
func (s *Sim) Send(ctx context.Context, m Message) (imwire.Envelope, error) {
	if m.Kind != mute.C2C && m.Kind != mute.Group {
		return imwire.Envelope{}, fmt.Errorf("sending a message: %w", invalid("kind is neither c2c nor group"))
	}
	if m.To == "" {
		return imwire.Envelope{}, fmt.Errorf("sending a message: %w", invalid("to is empty"))
	}
	s.mu.Lock()
	fields, exists := s.accounts[m.From]
	_, received := s.accounts[mute.Account(m.To)]
	now := s.now()
	muted := fields.state(s.clock()).Of(m.Kind).Muted()
	s.messages++
	number := s.messages
	s.mu.Unlock()

	switch {
	case !exists:
		return imwire.Envelope{}, fmt.Errorf("sending a message: %w", invalid("from %q is no account of the app", m.From))
	case muted && m.Kind == mute.C2C:
		return messageRefused(imwire.CodeC2CMuted, "the sender is muted in one-to-one chats"), nil
	case muted:
		return messageRefused(imwire.CodeGroupMuted, "the sender is muted in groups"), nil
	case m.Kind == mute.C2C && !received:
		return messageRefused(codeNoReceiver, "the receiver does not exist"), nil
	case s.hook == nil:
		return imwire.Envelope{ActionStatus: imwire.StatusOK}, nil
	}
	return s.hook.decide(ctx, m, number, now), nil
}

func messageRefused(code imwire.Code, info string) imwire.Envelope {
	return imwire.Envelope{ActionStatus: imwire.StatusFail, ErrorCode: code, ErrorInfo: info}
}
