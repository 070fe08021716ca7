package discordsim

import "net/http"

func unknownWebhook() reply {
	return refused(http.StatusNotFound, codeUnknownWebhook, "Unknown Webhook")
}

// spoken finds the interaction of a call about one that was answered.
func (s *Server) spoken(r *http.Request) *interaction {
	if r.PathValue("app") != s.cfg.Application {
		return nil
	}
	return s.open(r.PathValue("token"))
}

func (s *Server) readOriginal(r *http.Request, _ []byte) reply {
	in := s.spoken(r)
	switch {
	case in == nil:
		return unknownWebhook()
	case in.original == nil:
		return refused(http.StatusNotFound, codeUnknownMessage, "Unknown Message")
	}
	return ok(in.original.json(s.cfg.Application))
}

func (s *Server) editOriginal(r *http.Request, body []byte) reply {
	in := s.spoken(r)
	switch {
	case in == nil:
		return unknownWebhook()
	case in.original == nil:
		return refused(http.StatusNotFound, codeUnknownMessage, "Unknown Message")
	}
	var p payload
	if r := decode(body, &p); r != nil {
		return *r
	}
	if r := p.check(true); r != nil {
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

func (s *Server) deleteOriginal(r *http.Request, _ []byte) reply {
	in := s.spoken(r)
	switch {
	case in == nil:
		return unknownWebhook()
	case in.original == nil:
		return refused(http.StatusNotFound, codeUnknownMessage, "Unknown Message")
	}
	in.original = nil
	return none()
}

// followUp says something more. The first after a deferral becomes the answer
// instead, and is as private as the deferral was.
func (s *Server) followUp(r *http.Request, body []byte) reply {
	in := s.spoken(r)
	if in == nil {
		return unknownWebhook()
	}
	var p payload
	if r := decode(body, &p); r != nil {
		return *r
	}
	if r := p.check(false); r != nil {
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
