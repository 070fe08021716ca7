package discordsim

import "net/http"

func unknownWebhook() reply {
	return refused(http.StatusNotFound, codeUnknownWebhook, "Unknown Webhook")
}

// spoken serves a call about an interaction that was answered.
func spoken(serve func(s *Server, in *interaction, body []byte) reply) func(*Server, *http.Request, []byte) reply {
	return func(s *Server, r *http.Request, body []byte) reply {
		if r.PathValue("app") != s.cfg.Application {
			return unknownWebhook()
		}
		in := s.open(r.PathValue("token"))
		if in == nil {
			return unknownWebhook()
		}
		return serve(s, in, body)
	}
}

// original serves a call about an answer that is there.
func original(serve func(s *Server, in *interaction, body []byte) reply) func(*Server, *http.Request, []byte) reply {
	return spoken(func(s *Server, in *interaction, body []byte) reply {
		if in.original == nil {
			return refused(http.StatusNotFound, codeUnknownMessage, "Unknown Message")
		}
		return serve(s, in, body)
	})
}

// readPayload reads and checks what a message is to say.
func readPayload(body []byte, edit bool) (payload, *reply) {
	var p payload
	if r := decode(body, &p); r != nil {
		return p, r
	}
	return p, p.check(edit)
}

func (s *Server) readOriginal(in *interaction, _ []byte) reply {
	return ok(in.original.json(s.cfg.Application))
}

func (s *Server) editOriginal(in *interaction, body []byte) reply {
	p, r := readPayload(body, true)
	if r != nil {
		return *r
	}
	s.edit(in, p, body)
	return ok(in.original.json(s.cfg.Application))
}

// edit changes the answer; a placeholder becomes one.
func (s *Server) edit(in *interaction, p payload, raw []byte) {
	in.original.Flags &^= FlagLoading
	in.original.Edits++
	p.apply(in.original, raw, []string{"users"})
	what, e := Shown, Event{Interaction: in.id, User: in.user, Message: in.original}
	if in.original == in.source && in.source.Channel != "" {
		what, e.Channel = Edited, in.source.Channel
	}
	e.What = what
	s.note(e)
}

func (*Server) deleteOriginal(in *interaction, _ []byte) reply {
	in.original = nil
	return none()
}

// followUp says something more. The first after a deferral becomes the answer
// instead, and is as private as the deferral was.
func (s *Server) followUp(in *interaction, body []byte) reply {
	p, r := readPayload(body, false)
	if r != nil {
		return *r
	}
	if in.original != nil && in.original.Flags&FlagLoading != 0 {
		s.edit(in, p, body)
		return ok(in.original.json(s.cfg.Application))
	}
	m := &Message{ID: s.newID(), Flags: p.Flags & (FlagEphemeral | FlagSuppressEmbeds)}
	p.apply(m, body, []string{"users"})
	in.followUps = append(in.followUps, m)
	s.note(Event{What: Shown, Interaction: in.id, User: in.user, Message: m})
	return ok(m.json(s.cfg.Application))
}
