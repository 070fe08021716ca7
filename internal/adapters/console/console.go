// Package console is the platform on a terminal: people type commands, answers
// come below them, and the audit channel shows in the same window.
//
// The model: one input line is one delivery, and lines are handled one after
// another, so that each sees what the one before it did. Whatever is written
// goes through one output, a whole answer or a whole post at a time. There are
// three faces. Lines that come from a pipe give a transcript (the prompt and
// the line, the answer, the posts); a terminal is edited in place, with history
// and completion; and JSON gives one object a line, for programs. Text from
// outside is made visible before it is written: nobody's words can move the
// cursor or begin a line of ours.
//
// Several identities sit at one console. `as NAME` says whose turn it is, and
// what that person may do is for the Core to decide by the grant of that name.
package console

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// place is where everything at a console is typed.
const place = "console"

// Config is what a Console is made of.
type Config struct {
	// In is read until it ends. When Run's context ends, a wait for it is
	// broken off: with poll where it is a file, else by its read deadline, else
	// by closing it.
	In io.Reader
	// Out takes everything that is shown, in writes of whole lines.
	Out io.Writer
	// JSON prints objects for programs, and makes Terminal and Color moot.
	JSON bool
	// Terminal says that In and Out are a terminal with a person at it.
	Terminal bool
	// Color allows bold and colour. The caller looks at NO_COLOR and at what
	// Out is.
	Color bool

	// Platform is whose adapter this is; chat.Console when empty.
	Platform chat.Platform
	// Workspace is set on every invocation; may be empty.
	Workspace chat.Workspace
	// People are who can type here, in the order in which they are listed.
	People []Person
	// Start is the id of who begins; the first of People when empty.
	Start string
	// Local are further commands that never reach the Core.
	Local []Local
	// Verbs are what completion knows of the Core's commands; may be empty.
	Verbs []chat.Spec
	// Welcome is shown before the first prompt, to people only.
	Welcome chat.Message
	// AfterLine, when set, is called after each line that came from a pipe has
	// been answered, before the next is handled: the caller waits there, for a
	// bounded time, until the posts of that line have been sent, so that
	// transcripts are in order.
	AfterLine func(ctx context.Context)
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Person is somebody who can type at the console.
type Person struct {
	ID    string // what is typed after "as", and the id of the grant
	Name  string // for people to read; ID when empty
	About string // a few words for the list of people; may be empty
}

// Local is a command of the console itself.
type Local struct {
	Name    string   // one word in lower case
	Usage   string   // as in "sim fail lost-answer"
	Summary string   // one line, no full stop
	Words   []string // what completion offers for the first argument
	// Run does it. Text and error are shown as they are: both are for people.
	Run func(ctx context.Context, args []string) (text string, err error)
}

// Console is the adapter and its audit channel. It is used by one Run at a
// time; Send, Render, Grants and Verified may be called beside it.
type Console struct {
	log     *zap.Logger
	cfg     Config
	out     *output
	style   style
	session string // makes keys unique across processes that share a ledger

	// The following belong to Run's goroutine.
	actor   chat.Actor
	lines   int64                // input lines so far
	echoed  bool                 // the transcript has begun
	last    *chat.Invocation     // what "again" delivers once more
	waiting atomic.Pointer[turn] // the line that is being handled, nil between lines

	lastPost atomic.Pointer[string] // nonce of the post that was shown last
}

var (
	_ adapters.Adapter = (*Console)(nil)
	_ adapters.Channel = (*Console)(nil)
)

// New makes a Console, or says everything that is wrong with its Config.
func New(log *zap.Logger, cfg Config) (*Console, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if cfg.Platform == "" {
		cfg.Platform = chat.Console
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Start == "" {
		cfg.Start = cfg.People[0].ID
	}
	if cfg.JSON {
		cfg.Terminal, cfg.Color = false, false
	}
	c := &Console{
		log: log, cfg: cfg, out: &output{w: cfg.Out}, style: style{color: cfg.Color}, session: rand.Text(),
	}
	start, _ := c.person(cfg.Start)
	c.actor = start.actor()
	return c, nil
}

// validate returns every mistake at once.
func (cfg Config) validate() error {
	var errs []error
	if cfg.In == nil || cfg.Out == nil {
		errs = append(errs, errors.New("there is no In or no Out"))
	}
	if len(cfg.People) == 0 {
		errs = append(errs, errors.New("somebody must be there to type"))
	}
	names := make(map[string]bool)
	for _, p := range cfg.People {
		if !oneWord(p.ID) || names[p.ID] {
			errs = append(errs, fmt.Errorf("person %q: ids are single words, each used once", p.ID))
		}
		names[p.ID] = true
	}
	if cfg.Start != "" && !names[cfg.Start] {
		errs = append(errs, fmt.Errorf("%q begins but is not among the people", cfg.Start))
	}
	own := make(map[string]bool)
	for _, name := range ownCommands() {
		own[name] = true
	}
	for _, l := range cfg.Local {
		if !oneWord(l.Name) || strings.ToLower(l.Name) != l.Name || own[l.Name] || l.Run == nil {
			errs = append(errs, fmt.Errorf("local command %q: one new word in lower case with a function is needed", l.Name))
		}
		own[l.Name] = true
	}
	return errors.Join(errs...)
}

func oneWord(s string) bool { return len(strings.Fields(s)) == 1 && strings.TrimSpace(s) == s }

// person finds somebody by id.
func (c *Console) person(id string) (Person, bool) {
	i := slices.IndexFunc(c.cfg.People, func(p Person) bool { return p.ID == id })
	if i < 0 {
		return Person{}, false
	}
	return c.cfg.People[i], true
}

func (p Person) actor() chat.Actor {
	if p.Name == "" {
		return chat.Actor{ID: p.ID, Name: p.ID}
	}
	return chat.Actor{ID: p.ID, Name: p.Name}
}

// Platform is the platform's name.
func (c *Console) Platform() chat.Platform { return c.cfg.Platform }

// Grants says that each person at the console is just who they are.
func (c *Console) Grants(_ context.Context, inv chat.Invocation) ([]chat.Grant, error) {
	p, ok := c.person(inv.Actor.ID)
	if !ok {
		return nil, fmt.Errorf("nobody at this console is %q: %w", inv.Actor.ID, adapters.ErrRoles)
	}
	return []chat.Grant{{Kind: chat.GrantMember, ID: p.ID}}, nil
}

// Run reads and handles lines until the input ends, somebody types exit, or the
// context ends; all three are a clean end and return nil. Between keys a
// terminal still turns Ctrl-C into the signal that ends the caller's context.
// Errors are those of reading In and writing Out.
func (c *Console) Run(ctx context.Context, core adapters.Core) error {
	in, err := newInput(c.cfg.In)
	if err != nil {
		return fmt.Errorf("opening the input: %w", err)
	}
	defer in.close()
	release := interruptWith(ctx, in)
	defer release()

	src, err := c.source(ctx, core, in)
	if err != nil {
		return fmt.Errorf("opening the terminal: %w", err)
	}
	defer src.close()
	if !c.cfg.JSON && len(c.cfg.Welcome.Lines) > 0 {
		c.out.show(c.style.message(c.cfg.Welcome, sgrBold) + "\n")
	}
	for {
		l, err := src.next(c.prompt())
		switch {
		case ctx.Err() != nil, errors.Is(err, io.EOF):
			return c.out.failure()
		case err != nil:
			return fmt.Errorf("reading commands: %w", err)
		}
		over := c.handle(ctx, core, l)
		if err := c.out.failure(); err != nil || over {
			return err
		}
	}
}

// source is where lines come from.
func (c *Console) source(ctx context.Context, core adapters.Core, in *input) (lineSource, error) {
	if c.cfg.Terminal {
		return newEditor(ctx, c, core, in)
	}
	return newPiped(in), nil
}

// prompt says whose turn it is.
func (c *Console) prompt() string { return c.actor.ID + "> " }

// invocation is one line by whoever's turn it is.
func (c *Console) invocation(text string) chat.Invocation {
	return chat.Invocation{
		Key:      fmt.Sprintf("%s-%d", c.session, c.lines),
		Platform: c.cfg.Platform, Workspace: c.cfg.Workspace,
		Channel:  chat.Channel{ID: place, Name: place},
		Actor:    c.actor,
		Received: c.cfg.Now(),
		Line:     text,
	}
}
