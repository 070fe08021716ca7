package texts

import (
	"fmt"
	"time"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// burstRoom is how many characters the accounts of one post may have together:
// about what fills a message of the strictest platform, and a paragraph of the
// others.
const burstRoom = 2000

// Posts are entries in their order as the audit channel shows them, for places
// that put several into one message. Neighbours that say the same of several
// accounts (a command on a list, mutes that ended while modbot was away) are
// one post, with the account, the case and the number of each entry. So there
// may be fewer posts than entries: FirstSeq and LastSeq say which a post is
// about.
func Posts(entries []PostInput) []chat.Post {
	var out []chat.Post
	for len(entries) > 0 {
		b := burstOf(entries)
		if b.taken < 2 {
			out = append(out, Post(entries[0]))
			entries = entries[1:]
			continue
		}
		out = append(out, b.post())
		entries = entries[b.taken:]
	}
	return out
}

// likeness is what entries of one post have in common.
type likeness struct {
	kind    audit.Kind
	outcome audit.Outcome
	// Of outcomes: who asked for what, and where.
	verb, actor, role, channel, reason string
	scope                              mute.Scope
	term                               mute.Term
	// state is Tencent's, of what was read without a command.
	state string
}

// likenessOf is what an entry could share; ok is false where it stands alone:
// what has to be looked at one by one, and what was erased.
func likenessOf(in PostInput) (like likeness, ok bool) {
	e, c := in.Entry, in.Case
	if c == nil || in.Stub || c.Erased || c.Account == "" {
		return like, false
	}
	switch {
	case observed(e.Kind):
		return likeness{kind: e.Kind, verb: c.Verb, state: tencentKind(e)}, true
	case e.Kind == audit.KindOutcome && e.Outcome == audit.OutcomeDone:
		return likeness{
			kind: e.Kind, outcome: e.Outcome, verb: c.Verb, actor: c.Actor, role: c.Role, channel: c.Channel.Name,
			reason: c.Reason, scope: c.Scope, term: c.Term,
		}, true
	default:
		return like, false
	}
}

// burst is a run of entries that are alike.
type burst struct {
	like  likeness
	taken int
	items []burstItem
	last  PostInput
	// size is how many characters the items take, and scopes how many more when
	// each has to say its scope.
	size, scopes int
}

// burstItem is one account of a burst: entries that follow each other about the
// fields of one case are one.
type burstItem struct {
	c     *audit.CaseView
	e     audit.Entry
	scope mute.Scope
	prior int
	seqs  []int64
}

// burstOf takes as many entries as are alike and have room.
func burstOf(entries []PostInput) burst {
	like, ok := likenessOf(entries[0])
	b := burst{like: like}
	for _, in := range entries {
		if next, also := likenessOf(in); !ok || !also || next != like || !b.take(in) {
			break
		}
	}
	return b
}

// take adds an entry; it reports false when there is no room for it.
func (b *burst) take(in PostInput) bool {
	e := in.Entry
	item := burstItem{c: in.Case, e: e, scope: scopeOf(in), prior: in.Prior, seqs: []int64{e.Seq}}
	items, size, scopes := b.items, b.size, b.scopes
	if n := len(items); n > 0 && observed(e.Kind) && items[n-1].c.Number == item.c.Number && !items[n-1].finite() && !item.finite() {
		before := items[n-1]
		item.scope |= before.scope
		item.seqs = append(append([]int64(nil), before.seqs...), e.Seq)
		items = items[:n-1]
		size -= before.size()
		scopes -= len(scopeWords(before.scope))
	}
	with := *b
	with.items = append(items, item)
	with.size, with.scopes = size+item.size(), scopes+len(scopeWords(item.scope))
	with.taken, with.last = b.taken+1, in
	if b.taken > 0 && with.characters() > burstRoom {
		return false
	}
	*b = with
	return true
}

// characters is how many the items take as they will be shown.
func (b *burst) characters() int {
	if _, scoped := b.scope(); scoped {
		return b.size + b.scopes
	}
	return b.size
}

// scopeWords say the scope of one item among others.
func scopeWords(s mute.Scope) string { return " " + Where(s) }

// finite reports whether Tencent was read to have an end for the mute.
func (i burstItem) finite() bool { return i.e.Kind == audit.KindDrift && !tencentEnd(i.e).IsZero() }

// size is how many characters an item takes that does not say its scope.
func (i burstItem) size() int { return len(chat.Line(i.spans(false)).Plain()) + len(", ") }

// spans is an item: "alice (case 142, #1204)".
func (i burstItem) spans(scoped bool) []chat.Span {
	out := accountOf(*i.c)
	words := ""
	if scoped {
		words = scopeWords(i.scope)
	}
	if i.finite() {
		out = append(out, chat.Plain(words+" until "), chat.At(tencentEnd(i.e)))
		words = ""
	}
	words += fmt.Sprintf(" (case %d", i.c.Number)
	for _, seq := range i.seqs {
		words += fmt.Sprintf(", #%d", seq)
	}
	if i.prior > 0 && i.e.Kind == audit.KindOutcome {
		words += fmt.Sprintf(", earlier actions: %d", i.prior)
	}
	return append(out, chat.Plain(words+")"))
}

// post is the burst in words.
func (b *burst) post() chat.Post {
	word, alarm := postWord(b.last.Entry)
	line := chat.Line{chat.Strong(word), chat.Plain(fmt.Sprintf(" · %d %ss", len(b.items), b.like.verb))}
	scope, scoped := b.scope()
	if !scoped {
		line = append(line, chat.Plain(" · "+Where(scope)))
	}
	if observed(b.like.kind) {
		line = append(line, b.observed()...)
	} else {
		line = append(line, b.done()...)
	}
	line = append(line, chat.Plain(" · "))
	for n, item := range b.items {
		if n > 0 {
			line = append(line, chat.Plain(", "))
		}
		line = append(line, item.spans(scoped)...)
	}
	post := chat.Post{
		FirstSeq: b.items[0].seqs[0], LastSeq: b.last.Entry.Seq, Kind: string(b.like.kind), Outcome: string(b.like.outcome),
		Time: b.last.Entry.Time, Alarm: alarm, Message: chat.Message{Lines: []chat.Line{joined(line)}}, Seal: seal(b.last),
	}
	for _, item := range b.items {
		post.Cases = append(post.Cases, item.c.Number)
	}
	return post
}

// scope is the scope that all items have; scoped is true when they differ, and
// each has to say its own.
func (b *burst) scope() (scope mute.Scope, scoped bool) {
	for _, item := range b.items[1:] {
		if item.scope != b.items[0].scope {
			return 0, true
		}
	}
	return b.items[0].scope, false
}

// observed says what Tencent has, and when the mutes were to end.
func (b *burst) observed() []chat.Span {
	var out []chat.Span
	if b.like.kind == audit.KindExpired {
		out = b.between(" · ended ")
	}
	return append(out, chat.Plain(" · Tencent: "+b.like.state))
}

// done says what was done, by whom and why.
func (b *burst) done() []chat.Span {
	c := b.last.Case
	var out []chat.Span
	switch {
	case c.Term.IsPermanent():
		out = append(out, chat.Plain(" · permanently"))
	case !c.Term.IsZero():
		out = append(out, chat.Plain(" · "+c.Term.String()))
		out = append(out, b.between(", until ")...)
	}
	out = append(out, bySpans(b.last)...)
	if c.Reason != "" {
		out = append(append(out, chat.Plain(" · ")), quoted(c.Reason, ReasonShown)...)
	}
	return out
}

// between is the first and the last deadline, once where they read alike.
func (b *burst) between(word string) []chat.Span {
	var first, last time.Time
	for _, item := range b.items {
		d := item.c.Deadline
		if d.IsZero() {
			return nil
		}
		if first.IsZero() || d.Before(first) {
			first = d
		}
		if d.After(last) {
			last = d
		}
	}
	if first.Truncate(time.Minute).Equal(last.Truncate(time.Minute)) {
		return []chat.Span{chat.Plain(word), chat.At(last)}
	}
	return []chat.Span{chat.Plain(word), chat.At(first), chat.Plain(" to "), chat.At(last)}
}

// joined makes one span of our own words that follow each other: a platform
// that spells out each span takes more of them into a message.
func joined(line chat.Line) chat.Line {
	var out chat.Line
	for _, s := range line {
		if n := len(out); n > 0 && s.Kind == chat.SpanPlain && out[n-1].Kind == chat.SpanPlain {
			out[n-1].Text += s.Text
			continue
		}
		out = append(out, s)
	}
	return out
}
