package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/commands/policy"
	"modbot/internal/texts"
)

// Config is what a Dispatcher is made of.
type Config struct {
	Ledger *audit.Log
	Lookup Lookup
	Actor  Actor
	Policy *policy.Policy
	Grants GrantSource
	// LinkTemplates make an account of a mentioned member who is not linked, by
	// platform: {id} stands for the member's id. A platform may have none.
	LinkTemplates map[chat.Platform]string
	// Channels are the names of the audit channels, by platform: answers link to
	// the posts there. A platform may have none.
	Channels map[chat.Platform]string
	// Nicknames says what accounts call themselves; nil shows none.
	Nicknames Nicknamer
	// Health says how modbot is, beyond the dispatcher; the ledger alone when
	// nil.
	Health func(context.Context) (texts.HealthInput, error)
	// Meaning explains a code of Tencent's to people; "" when it is not known.
	Meaning func(code int) string
	// Prefix is what comes before a verb on a platform ("/", "/mod "); "/"
	// where a platform is not listed.
	Prefix map[chat.Platform]string
	Now    func() time.Time
}

// Dispatcher runs every command, on whatever platform it was typed, through
// the one pipeline.
type Dispatcher struct {
	log     *zap.Logger
	ledger  *audit.Log
	lookup  Lookup
	actor   Actor
	policy  *policy.Policy
	grants  GrantSource
	health  func(context.Context) (texts.HealthInput, error)
	meaning func(int) string
	prefix  map[chat.Platform]string
	// templates are Config.LinkTemplates.
	templates map[chat.Platform]string
	channels  map[chat.Platform]string // Config.Channels
	nicks     *nicknames
	now       func() time.Time
	specs     []chat.Spec
	verbs     map[string]verb
	parser    *grammar.Parser

	// following counts the unknown outcomes that somebody waits for.
	following sync.WaitGroup
	// stop ends those waits at shutdown.
	stop context.Context
	end  context.CancelFunc
}

// New makes a Dispatcher. Close ends what it leaves running.
func New(log *zap.Logger, cfg Config) *Dispatcher {
	d := &Dispatcher{
		log: log, ledger: cfg.Ledger, lookup: cfg.Lookup, actor: cfg.Actor, policy: cfg.Policy,
		grants: cfg.Grants, meaning: cfg.Meaning, prefix: cfg.Prefix, templates: cfg.LinkTemplates, channels: cfg.Channels, now: cfg.Now, specs: Specs(),
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.health = cfg.Health; d.health == nil {
		d.health = func(ctx context.Context) (texts.HealthInput, error) {
			h, err := d.ledger.Health(ctx)
			return texts.HealthInput{Ledger: h}, err
		}
	}
	if d.meaning == nil {
		d.meaning = func(int) string { return "" }
	}
	d.nicks = newNicknames(log, cfg.Nicknames, d.now)
	d.parser = grammar.New(d.specs)
	d.verbs = map[string]verb{}
	for _, v := range verbs() {
		d.verbs[v.spec.Verb] = v
	}
	d.stop, d.end = context.WithCancel(context.Background())
	return d
}

// Drain waits until every unknown outcome has been answered, or the context
// ends.
func (d *Dispatcher) Drain(ctx context.Context) error {
	done := make(chan struct{})
	go func() { d.following.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for unknown outcomes: %w", context.Cause(ctx))
	}
}

// Close ends the waits for unknown outcomes; settling goes on elsewhere.
func (d *Dispatcher) Close() {
	d.end()
	d.following.Wait()
	d.nicks.close()
}

// request is one invocation on its way through the pipeline.
type request struct {
	inv    chat.Invocation
	cmd    grammar.Command
	verb   verb
	place  texts.Place
	origin string // print of the ledger, for buttons
	ref    string
	stands []stand // whom the command mentions
	// nicks are shown beside accounts; nil to whoever may not use the verb.
	nicks  *nicknames
	grants []chat.Grant
	roles  []chat.Role
	// rolesErr is why the roles are not known; then everything is refused.
	rolesErr error
	// broken is why the ledger is out of order, for people, once it was found to
	// be: nobody waits for it once more. Empty until then.
	broken string
}

// actorID is the actor's identity, qualified by platform and workspace.
func actorID(inv chat.Invocation) string { return qualified(inv, inv.Actor.ID) }

// qualified is a person's id, qualified by where the invocation came from.
func qualified(inv chat.Invocation, id string) string {
	if inv.Workspace != "" {
		id = string(inv.Workspace) + "/" + id
	}
	return string(inv.Platform) + ":" + id
}

// Handle runs one invocation. See adapters.Core.
func (d *Dispatcher) Handle(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply)) {
	r := d.request(inv)
	log := d.log.With(zap.String("ref", r.ref), zap.String("platform", string(inv.Platform)))
	var problem *texts.Problem
	if r.cmd, problem = d.parse(inv); problem != nil {
		log.Info("command not understood", zap.String("code", problem.Code))
		respond(ctx, r.problem(problem))
		return
	}
	r.verb = d.verbs[r.cmd.Verb]
	log.Info("command", zap.String("verb", r.cmd.Verb))
	d.identify(ctx, r)
	out := d.postLinked(ctx, r, d.answer(ctx, r))
	respond(ctx, r.reply(out))
	if out.pending() {
		d.follow(r, out, respond) //nolint:contextcheck // it goes on after the delivery, until Close
	}
}

// request begins the way of an invocation.
func (d *Dispatcher) request(inv chat.Invocation) *request {
	return &request{inv: inv, place: d.place(inv.Platform), origin: d.ledger.OriginPrint(), ref: audit.NewID()}
}

// answer runs the verb, once it is clear that what was asked can be meant here.
func (d *Dispatcher) answer(ctx context.Context, r *request) outcome {
	for _, settle := range []func(context.Context, *request) *result{d.foreign, d.aim, d.mentioned, d.named} {
		if res := settle(ctx, r); res != nil {
			return one(*res)
		}
	}
	return r.verb.run(d, ctx, r)
}

// parse turns whichever form the platform delivers into a command.
func (d *Dispatcher) parse(inv chat.Invocation) (cmd grammar.Command, problem *texts.Problem) {
	switch {
	case inv.Click != nil:
		return pressed(*inv.Click), nil
	case inv.Verb != "":
		cmd, problem = d.parser.ParseOptions(inv.Verb, inv.Options)
	default:
		cmd, problem = d.parser.Parse(inv.Line)
	}
	if problem != nil {
		return cmd, problem
	}
	if cmd.ByMention {
		cmd.By = qualified(inv, cmd.By)
	}
	return cmd, nil
}

// identify finds the actor's roles. An error is kept: it refuses, later, where
// the refusal can be recorded.
func (d *Dispatcher) identify(ctx context.Context, r *request) {
	ctx, cancel := context.WithTimeoutCause(ctx, resolveTime, errors.New("looking up roles took too long"))
	defer cancel()
	grants, err := d.grants.Grants(ctx, r.inv)
	if err != nil {
		d.log.Warn("roles cannot be looked up", zap.String("ref", r.ref), zap.Error(err))
		r.rolesErr = err
		return
	}
	r.grants = grants
	r.roles = d.policy.RolesOf(r.inv.Platform, grants)
}

func (d *Dispatcher) place(p chat.Platform) texts.Place {
	if prefix, ok := d.prefix[p]; ok {
		return texts.Place{Prefix: prefix}
	}
	return texts.Place{Prefix: "/"}
}

// head is what every entry of this command carries.
func (d *Dispatcher) head(r *request, key string) audit.Head {
	return audit.Head{
		ID:  audit.NewID(),
		Key: key,
		Origin: audit.Origin{
			Platform: r.inv.Platform, Workspace: r.inv.Workspace, Channel: r.inv.Channel, Client: r.inv.Client,
		},
		Actor: actorID(r.inv), ActorName: r.inv.Actor.Name,
		Verb: r.cmd.Verb, Scope: r.cmd.Scope, Term: r.cmd.Term, Reason: r.cmd.Reason,
	}
}

// key is the idempotency key of the n-th part of the command. A button's is the
// entry that it belongs to and the choice: however often, and by whichever
// delivery it is pressed, it is one action.
func (r *request) key(n int64) string {
	if c := r.inv.Click; marked(c) {
		return joinKey("click", c.Entry, c.Choice, strconv.FormatInt(n, 10))
	}
	return r.delivery(n)
}

// delivery is the idempotency key of what is only about this delivery: a
// refusal ends nothing, and the same button may be allowed later.
func (r *request) delivery(n int64) string {
	if r.inv.Key == "" {
		return ""
	}
	return joinKey(string(r.inv.Platform), string(r.inv.Workspace), r.inv.Key, strconv.FormatInt(n, 10))
}

func joinKey(parts ...string) string { return strings.Join(parts, "\x1f") }
