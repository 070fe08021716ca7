package discord

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord/rest"
)

const (
	// settingsTime bounds one look at the application's settings, and lookAgain is
	// the pause after one that found something wrong.
	settingsTime = 15 * time.Second
	lookAgain    = time.Minute
)

// standing is how the adapter stands with Discord.
type standing struct {
	mu       sync.Mutex
	mode     Mode
	running  bool
	why      string // why nothing runs
	idle     bool   // another process keeps the gateway's connection
	linkUp   bool   // the gateway's connection
	linkWhy  string
	mismatch string // what is wrong with the application's settings
}

// Status is how the adapter stands with Discord, for health pages.
func (d *Discord) Status() adapters.Status { return d.stand.status() }

func (s *standing) status() adapters.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.running:
		return adapters.Status{Why: s.why}
	case s.mismatch != "":
		return adapters.Status{Why: s.mismatch}
	case s.mode == Gateway && s.idle:
		return adapters.Status{Up: true, Why: adapters.StandingBy}
	case s.mode == Gateway && !s.linkUp:
		return adapters.Status{Why: s.linkWhy}
	}
	return adapters.Status{Up: true}
}

func (s *standing) begin(mode Mode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode, s.running, s.why, s.mismatch = mode, true, "", ""
	s.idle = false
	s.linking()
}

// linking says that there is no connection yet; mu is held.
func (s *standing) linking() {
	s.linkUp, s.linkWhy = false, "the connection to Discord's gateway is being made"
}

// standBy says whether another process keeps the connection.
func (s *standing) standBy(idle bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = idle
	s.linking()
}

func (s *standing) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.why = false, "the Discord adapter has ended"
	if err != nil {
		s.why = "the Discord adapter has ended: " + err.Error()
	}
}

func (s *standing) link(up bool, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.linkUp, s.linkWhy = up, why
}

// arrived notes that something was delivered: whatever the settings say, they
// let it through.
func (s *standing) arrived() { s.mismatched("") }

func (s *standing) mismatched(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mismatch = why
}

// watchSettings looks at the application's own settings until they agree with
// ours. Only a token that Discord refuses is an error.
func (d *Discord) watchSettings(ctx context.Context) error {
	for said := ""; ; {
		looking, cancel := context.WithTimeoutCause(ctx, settingsTime, errors.New("reading the application took too long"))
		app, err := d.api.Application(looking)
		cancel()
		if err = settings(err); errors.Is(err, adapters.ErrSettings) {
			return err
		}
		wrong := ""
		switch {
		case err != nil && ctx.Err() == nil:
			d.log.Warn("the application's settings can't be read; looking again", zap.Error(err), zap.Duration("wait", lookAgain))
		case err == nil:
			if wrong = d.mismatch(app); wrong == "" {
				d.stand.mismatched("")
				return nil
			}
			d.stand.mismatched(wrong)
		}
		if wrong != "" && wrong != said {
			said = wrong
			d.log.Error("the application's settings don't fit the configuration", zap.String("why", wrong))
		}
		if !pause(ctx, lookAgain) {
			return nil
		}
	}
}

// mismatch says what is wrong with the application's settings; empty when they
// fit.
func (d *Discord) mismatch(app rest.Application) string {
	page := "https://discord.com/developers/applications/" + d.cfg.ApplicationID + "/information"
	switch {
	case app.ID != "" && app.ID != d.cfg.ApplicationID:
		return fmt.Sprintf("the bot token is of application %s, but discord.application_id is %s", app.ID, d.cfg.ApplicationID)
	case d.cfg.Mode == Gateway && app.InteractionsEndpointURL != "":
		return "the application has an interactions endpoint URL, which silences the gateway: empty it at " + page + ", or set discord.mode to http"
	case d.cfg.Mode == HTTP && app.InteractionsEndpointURL == "":
		return "the application has no interactions endpoint URL, so nothing is delivered: enter public_url with " + Path + " at " + page + ", or set discord.mode to gateway"
	case d.cfg.Mode == HTTP && app.VerifyKey != "" && !sameKey(app.VerifyKey, d.key):
		return "discord.public_key is not the application's, so no delivery can be verified: copy it from " + page
	}
	return ""
}

// settings marks an error that trying again can't help, and keeps how long
// Discord asks to wait with one that passes.
func settings(err error) error {
	refused, ok := errors.AsType[*rest.Error](err)
	switch {
	case !ok:
		return err
	case refused.Unauthorized():
		return fmt.Errorf("discord refuses the bot token: %w: %w", adapters.ErrSettings, err)
	case refused.RetryAfter > 0:
		return paused{err, refused.RetryAfter}
	}
	return err
}

// paused is an error with the wait that Discord asks for.
type paused struct {
	error
	wait time.Duration
}

// RetryAfter is how long to wait.
func (p paused) RetryAfter() time.Duration { return p.wait }

// Unwrap is the error itself.
func (p paused) Unwrap() error { return p.error }

// pause waits, and reports whether the context still stands.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// sameKey compares a key in hexadecimal.
func sameKey(text string, key ed25519.PublicKey) bool {
	other, err := hex.DecodeString(text)
	return err == nil && bytes.Equal(other, key)
}
