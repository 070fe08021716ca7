package chat

import (
	"slices"
	"time"
)

// Post is one entry of the ledger as the audit channel shows it.
type Post struct {
	FirstSeq int64
	LastSeq  int64
	Kind     string
	Cases    []int64
	Outcome  string // empty where the entry has none
	Time     time.Time
	Message  Message
	// Seal is the checkpoint that covers the entry and all before it. A message
	// about several entries shows that of the last, once.
	Seal  Line
	Alarm bool // stands out; may mention whom the configuration names for it
}

// Alone is what a message says that is about this post only: the seal ends its
// first line.
func (p Post) Alone() Message {
	m := p.Message
	if len(p.Seal) == 0 {
		return m
	}
	if len(m.Lines) == 0 {
		m.Lines = []Line{p.Seal}
		return m
	}
	m.Lines = slices.Clone(m.Lines)
	m.Lines[0] = slices.Concat(m.Lines[0], Line{Plain(" · ")}, p.Seal)
	return m
}

// Delivery says how a frozen body is being sent.
type Delivery struct {
	FirstSeq int64
	LastSeq  int64
	// Nonce is the same for every attempt with the same body.
	Nonce string
	// Repeat is set when an earlier attempt may have arrived: the body must be
	// marked as a possible repeat of its entry numbers where the platform
	// cannot tell by the nonce.
	Repeat bool
	// First is when the first attempt began, by the clock of the ledger; zero
	// where this is it. A platform that remembers nonces does so for minutes.
	First time.Time
}
