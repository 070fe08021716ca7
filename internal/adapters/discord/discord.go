// Package discord is the adapter for Discord: typed commands, context menus,
// buttons, forms and suggestions in guilds, and an audit channel.
//
// The model: an interaction comes by HTTP (signed, to Handler) or over the
// gateway; both make the same delivery of it, and the rest of the package
// doesn't know which it was. A delivery gets its first response in well under a
// second, through whoever brought it: the answer itself when the core has one in
// time, else a private placeholder. What follows edits that through the
// interaction's token, and where the token is over, the actor gets a direct
// message. Answers are private always, and ping nobody.
//
// HTTP is the path without moving parts. The gateway is for bots that nobody can
// reach from outside, and has a client of its own (package gateway says why the
// library's isn't used). The library's Interaction isn't used either: its
// accessors panic on what they don't expect, and one unknown component in a
// message that somebody points at makes the whole of it unreadable. What is read
// here is the few fields that modbot needs.
//
// Invariants: nothing is handled that isn't signed, fresh, seen for the first
// time and of an allowed guild; an actor's roles are those of the interaction at
// hand and nothing else; a core is asked for as many things at once as maxWork,
// and everything beyond is told so; the reply token is in no log and outlives no
// delivery.
package discord

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/adapters/discord/rest"
	"modbot/internal/chat"
)

// Mode is how Discord delivers interactions; an application has one.
type Mode string

// The modes.
const (
	HTTP    Mode = "http"    // Discord calls the interactions endpoint
	Gateway Mode = "gateway" // a connection that we keep open
)

// Config is what a Discord is made of.
type Config struct {
	Mode          Mode
	ApplicationID string
	PublicKey     string // hexadecimal, from the application's page; HTTP only
	BotToken      string
	Guilds        []string // the guilds that are served; no others are
	CommandPrefix string   // before the verb in command names; may be empty
	AuditChannel  string   // may be empty: then Audit's channel refuses
	// MentionOnFailure are pinged by posts that alarm, as "role:1" or "user:2".
	MentionOnFailure []string
	APIURL           string // https://discord.com/api/v10 when empty
	GatewayURL       string // what Discord names when empty
	Specs            []chat.Spec
	Now              func() time.Time // time.Now when nil
	Meter            adapters.Meter   // counts nothing when nil
	Transport        http.RoundTripper
}

// Discord is the adapter. One Run at a time; everything else may be called
// beside it.
type Discord struct {
	log  *zap.Logger
	cfg  Config
	key  ed25519.PublicKey // HTTP only
	api  *rest.Client
	seen *recent[string, struct{}] // interactions that came, by id
	held *recent[string, holding]  // what actors hold, by interaction

	strangers *recent[string, struct{}] // guilds that were named in the log
	stand     standing
	auditsIn  atomic.Pointer[string] // the audit channel's guild, once it is known
	intake    atomic.Pointer[intake] // nil while nothing runs
}

var _ adapters.Adapter = (*Discord)(nil)

// New makes a Discord, or says everything that is wrong with its Config.
func New(log *zap.Logger, cfg Config) (*Discord, error) {
	key, err := cfg.validate()
	if err != nil {
		return nil, fmt.Errorf("discord: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Meter == nil {
		cfg.Meter = adapters.Unmetered{}
	}
	d := &Discord{
		log: log, cfg: cfg, key: key,
		api: rest.New(log, rest.Config{
			Token: cfg.BotToken, APIURL: cfg.APIURL, Transport: cfg.Transport, Now: cfg.Now, Meter: cfg.Meter,
		}),
		seen:      newRecent[string, struct{}](cfg.Now, seenSpan, maxSeen),
		held:      newRecent[string, holding](cfg.Now, tokenLife, maxHeld),
		strangers: newRecent[string, struct{}](cfg.Now, strangerSpan, maxStrangers),
	}
	if len(cfg.Guilds) == 1 {
		d.auditsIn.Store(&cfg.Guilds[0])
	}
	return d, nil
}

// validate returns every mistake at once, and the key.
func (cfg Config) validate() (ed25519.PublicKey, error) {
	var errs []error
	var key ed25519.PublicKey
	switch cfg.Mode {
	case HTTP:
		k, err := hex.DecodeString(cfg.PublicKey)
		if err != nil || len(k) != ed25519.PublicKeySize {
			errs = append(errs, fmt.Errorf("the public key must be %d hexadecimal digits", 2*ed25519.PublicKeySize))
		}
		key = k
	case Gateway:
	default:
		errs = append(errs, fmt.Errorf("the mode must be %s or %s, not %q", HTTP, Gateway, cfg.Mode))
	}
	if !snowflake(cfg.ApplicationID) {
		errs = append(errs, errors.New("the application id must be digits"))
	}
	if cfg.BotToken == "" {
		errs = append(errs, errors.New("there is no bot token"))
	}
	if len(cfg.Guilds) == 0 || !allSnowflakes(cfg.Guilds) {
		errs = append(errs, errors.New("the guilds must be a list of at least one id"))
	}
	if cfg.AuditChannel != "" && !snowflake(cfg.AuditChannel) {
		errs = append(errs, errors.New("the audit channel must be an id"))
	}
	if err := render.CheckMentions(cfg.MentionOnFailure); err != nil {
		errs = append(errs, err)
	}
	if _, err := render.Commands(cfg.Specs, cfg.CommandPrefix); err != nil {
		errs = append(errs, err)
	}
	return key, errors.Join(errs...)
}

// Platform is the platform's name.
func (*Discord) Platform() chat.Platform { return chat.Discord }

// serves reports whether a guild is on the list.
func (d *Discord) serves(guild string) bool { return slices.Contains(d.cfg.Guilds, guild) }

// delivered meters one delivery.
func (d *Discord) delivered(k kind, result string) {
	d.cfg.Meter.Delivered(chat.Discord, string(k), result)
}
