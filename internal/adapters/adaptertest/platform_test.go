package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// The platform of these tests has every trait. Its client reads text with
// entities, acts on <…> and on control characters, and takes texts of up to
// platformLimit characters.
const platformLimit = 3000

var platformMarkup = regexp.MustCompile(`<[^>]*>`)

// envelope is what the platform delivers.
type envelope struct {
	id, key, actor, line string
	click                *chat.Click
	forged               bool
	acked                chan struct{}
}

// platform is the scripted other side.
type platform struct {
	trace *Trace
	inbox chan envelope
	over  chan struct{}

	mu        sync.Mutex
	keys      map[string]string // of deliveries, by their id
	throttle  time.Duration
	refuse    bool
	rolesDown bool
	nonces    map[string]bool
}

// read is what the platform's client makes of a text.
func read(wire string) Shown {
	s := Shown{Text: html.UnescapeString(wire), Live: platformMarkup.FindAllString(wire, -1)}
	for _, r := range s.Text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			s.Live = append(s.Live, string(r))
		}
	}
	return s
}

func (p *platform) deliver(e envelope) {
	e.acked = make(chan struct{})
	p.inbox <- e
	go func() {
		select {
		case <-e.acked:
			p.trace.Ack(e.id)
		case <-p.over:
		}
	}()
}

// keyOf is the same for every delivery of one id.
func (p *platform) keyOf(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys[id] == "" {
		p.keys[id] = fmt.Sprintf("key-%d", len(p.keys))
	}
	return p.keys[id]
}

func (p *platform) post(wire, nonce string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch wait, refuse := p.throttle, p.refuse; {
	case wait > 0:
		p.throttle = 0
		return &adapters.SendError{Wait: wait, Cause: errors.New("too many")}
	case refuse, utf8.RuneCountInString(wire) > platformLimit:
		return &adapters.SendError{Content: true, Cause: errors.New("invalid text")}
	case p.nonces[nonce]:
		return nil
	}
	p.nonces[nonce] = true
	p.trace.Post(read(wire))
	return nil
}

// faults are the ways in which the adapter of these tests can be wrong.
type faults struct {
	acksLate, freshKeys, oneKey, mixesUp, answersTwice, forgetsLate, believesForged bool
	escapesNothing, escapesTwice, hidesNothing, cutsRunes                           bool
	losesPosts, turnsAround, keepsBodies, changesBody, ignoresRepeat                bool
	hidesWait, hidesRefusal, ignoresCancel, neverEnds, leaks, leavesCore            bool
	givesRoles, losesClick, offersAll, panicsOnNothing                              bool
}

// adapter is a whole adapter in miniature.
type adapter struct {
	p      *platform
	faults faults
	leak   chan struct{}
	ready  chan struct{} // closed once core is set
	core   adapters.Core

	mu    sync.Mutex
	count int
	kept  map[string]string
}

func (a *adapter) Platform() chat.Platform { return "reference" }

func (a *adapter) Run(ctx context.Context, core adapters.Core) error {
	var wg sync.WaitGroup
	a.core = core
	close(a.ready)
	if a.faults.leaks {
		go func() { <-a.leak }()
	}
	defer func() {
		if !a.faults.leavesCore {
			wg.Wait()
		}
	}()
	for {
		select {
		case e := <-a.p.inbox:
			wg.Go(func() { a.receive(ctx, core, e) })
		case <-ctx.Done():
			if a.faults.neverEnds {
				<-a.leak
			}
			return nil
		case <-a.p.over:
			return nil
		}
	}
}

func (a *adapter) receive(ctx context.Context, core adapters.Core, e envelope) {
	if e.forged && !a.faults.believesForged {
		return
	}
	if a.faults.acksLate {
		defer close(e.acked)
	} else {
		close(e.acked)
	}
	core.Handle(ctx, a.invocation(e), func(_ context.Context, r chat.Reply) {
		id := e.id
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.count++; a.faults.mixesUp && a.count > 1 {
			id = idPrefix + "1"
		}
		if r.Message.Plain() == "Done after all." && a.faults.forgetsLate {
			return
		}
		a.p.trace.Show(id, read(a.text(r.Message)))
		if a.faults.answersTwice {
			a.p.trace.Show(id, read(a.text(r.Message)))
		}
	})
}

func (a *adapter) invocation(e envelope) chat.Invocation {
	inv := chat.Invocation{
		Key: e.key, Platform: a.Platform(), Channel: chat.Channel{ID: "C1"},
		Actor: chat.Actor{ID: e.actor, Name: e.actor}, Received: time.Now(), Line: e.line, Click: e.click,
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	switch {
	case a.faults.freshKeys:
		inv.Key = fmt.Sprint(a.count)
	case a.faults.oneKey:
		inv.Key = "key"
	case a.faults.losesClick && e.click != nil:
		inv.Click = &chat.Click{Case: e.click.Case}
	}
	return inv
}

// text renders a message for the platform.
func (a *adapter) text(m chat.Message) string {
	escape := html.EscapeString
	switch {
	case a.faults.escapesNothing:
		escape = func(s string) string { return s }
	case a.faults.escapesTwice:
		escape = func(s string) string { return html.EscapeString(html.EscapeString(s)) }
	}
	visible := chat.Visible
	if a.faults.hidesNothing {
		visible = func(s string) string { return s }
	}
	var lines []string
	for _, l := range m.Lines {
		lines = append(lines, visible(l.Plain()))
	}
	text := strings.Join(lines, "\n")
	size := func(s string) int { return utf8.RuneCountInString(escape(s)) }
	const room = platformLimit - 100 // for the mark of a repeat
	if a.faults.cutsRunes {
		if r := []rune(text); len(r) > room {
			text = string(r[:room-1]) + "…"
		}
		return escape(text)
	}
	return escape(adapters.Cut(text, room, size))
}

func (a *adapter) Grants(_ context.Context, inv chat.Invocation) ([]chat.Grant, error) {
	own := []chat.Grant{{Kind: chat.GrantMember, ID: inv.Actor.ID}}
	if a.p.rolesDown {
		if a.faults.givesRoles {
			return own, nil
		}
		return nil, fmt.Errorf("asking the platform: %w", adapters.ErrRoles)
	}
	return own, nil
}

func (a *adapter) Render(posts []chat.Post) (int, []byte, error) {
	if len(posts) == 0 && !a.faults.panicsOnNothing {
		return 0, nil, errors.New("no posts")
	}
	text, taken := a.text(posts[0].Message), 1
	for _, p := range posts[1:] {
		next := a.text(p.Message)
		if utf8.RuneCountInString(text)+utf8.RuneCountInString(next) > platformLimit/2 {
			break
		}
		if a.faults.turnsAround {
			text = next + "\n" + text
		} else {
			text += "\n" + next
		}
		taken++
	}
	if a.faults.losesPosts && taken > 1 {
		text = a.text(posts[0].Message)
	}
	if a.faults.keepsBodies { // the body is only a name for what this process knows
		name := fmt.Sprint(len(a.kept))
		a.kept[name] = text
		return taken, []byte(name), nil
	}
	return taken, []byte(text), nil
}

func (a *adapter) Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	if err := ctx.Err(); err != nil && !a.faults.ignoresCancel {
		return chat.MessageRef{}, &adapters.SendError{Cause: err}
	}
	text, nonce := string(body), d.Nonce
	switch {
	case a.faults.keepsBodies:
		text = a.kept[text]
	case a.faults.changesBody:
		body[0] = 'X'
	}
	if a.faults.ignoresRepeat {
		nonce = fmt.Sprint(time.Now().UnixNano())
	} else if d.Repeat {
		text = fmt.Sprintf("Possible repeat of #%d: %s", d.FirstSeq, text)
	}
	err := a.p.post(text, nonce)
	if refused, ok := errors.AsType[*adapters.SendError](err); ok {
		if a.faults.hidesWait {
			refused.Wait = 0
		}
		if a.faults.hidesRefusal {
			refused.Content = false
		}
	}
	return chat.MessageRef{Channel: "audit", ID: "1"}, err
}

// reference makes the platform and its adapter, with these faults.
func reference(f faults) Factory {
	return func(_ testing.TB, trace *Trace) Harness {
		p := &platform{
			trace: trace, inbox: make(chan envelope, 2*crowd), over: make(chan struct{}),
			keys: make(map[string]string), nonces: make(map[string]bool),
		}
		a := &adapter{p: p, faults: f, leak: make(chan struct{}), ready: make(chan struct{}), kept: make(map[string]string)}
		var end sync.Once
		over := func() { end.Do(func() { close(p.over) }) }
		deliver := func(_ testing.TB, d Delivery) {
			p.deliver(envelope{id: d.ID, key: p.keyOf(d.ID), actor: d.Actor, line: "/" + d.Line()})
		}
		return Harness{
			Adapter: a, Channel: a, Actors: []string{"U1", "U2"}, Lacks: map[Trait]string{},
			Deliver: deliver, Redeliver: deliver, Close: over,
			Forge: func(_ testing.TB, d Delivery) {
				p.deliver(envelope{id: d.ID, key: p.keyOf(d.ID), actor: d.Actor, line: d.Line(), forged: true})
			},
			Press: func(_ testing.TB, id, actor string, b chat.Button) {
				click := b.Click()
				p.deliver(envelope{id: id, key: p.keyOf(id), actor: actor, click: &click})
			},
			OpenForm: func(_ testing.TB, actor, verb string) []string {
				form, _ := a.running().Open(context.Background(), chat.Invocation{Verb: verb, Actor: chat.Actor{ID: actor}})
				var labels []string
				for _, field := range form.Fields {
					labels = append(labels, field.Label)
				}
				return labels
			},
			Complete: func(_ testing.TB, actor, option, typed string) []string {
				if f.offersAll {
					typed = ""
				}
				var values []string
				for _, v := range a.running().Suggest(context.Background(), chat.Invocation{Actor: chat.Actor{ID: actor}}, option, typed) {
					values = append(values, v.Value)
				}
				return values
			},
			BreakRoles: func(testing.TB) { p.rolesDown = true },
			Throttle:   func(_ testing.TB, wait time.Duration) { p.throttle = wait },
			Refuse:     func(testing.TB) { p.refuse = true },
			End:        func(testing.TB) { over() },
		}
	}
}

// running is the core that Run was given, once it was.
func (a *adapter) running() adapters.Core {
	<-a.ready
	return a.core
}
