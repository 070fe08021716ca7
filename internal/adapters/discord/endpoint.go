package discord

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"modbot/internal/adapters/discord/rest"
)

const (
	// Path is where Discord is told to deliver.
	Path = "/discord/interactions"

	// freshness is how far a signature's time may be from ours, either way.
	// Discord's documentation names no window; it delivers within seconds.
	freshness = 5 * time.Minute
	// maxBody bounds a delivery. The largest are context menus on a long message
	// with all its embeds.
	maxBody = 1 << 20
	// expectedBody is what is made room for before anything was read: nearly
	// every delivery fits, and nobody makes us hold more by saying that it comes.
	expectedBody = 8 << 10

	signatureHeader = "X-Signature-Ed25519"
	timestampHeader = "X-Signature-Timestamp"
)

// refusal is why a request is turned away: the status, and the word for metrics.
// Nobody is told more than the status.
type refusal struct {
	status int
	result string
}

// exchange carries the first response back through the HTTP request that
// brought the interaction. Both channels hold one.
type exchange struct {
	first   chan *discordgo.InteractionResponse
	written chan error
}

func (x exchange) carry(ctx context.Context, first *discordgo.InteractionResponse) error {
	x.first <- first
	select {
	case err := <-x.written:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Handler is the interactions endpoint, to be mounted at Path. It answers 503
// while nothing runs.
func (d *Discord) Handler() http.Handler { return http.HandlerFunc(d.receive) }

// receive takes one request from Discord, or from anybody who says so.
func (d *Discord) receive(w http.ResponseWriter, r *http.Request) {
	received := d.cfg.Now()
	running := d.intake.Load()
	body, no := d.read(w, r, running)
	if no != nil {
		d.delivered(kindUnknown, no.result)
		turnAway(w, no.status)
		return
	}
	d.stand.arrived()
	in, err := decodeInteraction(body, d.cfg.ApplicationID, received)
	switch {
	case err != nil:
		d.delivered(in.kind, "malformed")
		d.log.Warn("a signed interaction can't be read", zap.Error(err))
		turnAway(w, http.StatusBadRequest)
	case in.kind == kindPing:
		d.delivered(kindPing, "ok")
		_ = reply(w, &discordgo.InteractionResponse{Type: discordgo.InteractionResponsePong})
	default:
		d.exchange(w, r, running, in)
	}
}

// exchange hands an interaction over, and waits for its first response.
func (d *Discord) exchange(w http.ResponseWriter, r *http.Request, running *intake, in interaction) {
	x := exchange{first: make(chan *discordgo.InteractionResponse, 1), written: make(chan error, 1)}
	dl, ok := d.admit(in, x.carry)
	if !ok {
		turnAway(w, http.StatusConflict)
		return
	}
	if !running.take(dl) {
		d.delivered(in.kind, "dropped")
		turnAway(w, http.StatusServiceUnavailable)
		return
	}
	patience := time.NewTimer(carryTime)
	defer patience.Stop()
	select {
	case first := <-x.first:
		err := context.Cause(r.Context()) // who has hung up reads nothing
		if err == nil {
			// What was written counts as read: Discord closes as soon as it has it.
			err = reply(w, first)
		}
		x.written <- err
	case <-r.Context().Done():
		x.written <- context.Cause(r.Context())
	case <-patience.C:
		x.written <- errors.New("no response was made in time")
		turnAway(w, http.StatusServiceUnavailable)
	}
}

// read gives the body of a request that Discord has signed just now.
func (d *Discord) read(w http.ResponseWriter, r *http.Request, running *intake) ([]byte, *refusal) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case d.cfg.Mode != HTTP:
		return nil, &refusal{http.StatusNotFound, "mode"}
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return nil, &refusal{http.StatusMethodNotAllowed, "method"}
	case err != nil || kind != "application/json":
		return nil, &refusal{http.StatusUnsupportedMediaType, "content_type"}
	case running == nil:
		return nil, &refusal{http.StatusServiceUnavailable, "stopped"}
	}
	return verify(w, r, d.key, d.cfg.Now())
}

// verify reads a request's body and holds it against its signature: Ed25519 over
// the timestamp and the raw body.
func verify(w http.ResponseWriter, r *http.Request, key ed25519.PublicKey, now time.Time) ([]byte, *refusal) {
	signature, err := hex.DecodeString(r.Header.Get(signatureHeader))
	timestamp := r.Header.Get(timestampHeader)
	if err != nil || len(signature) != ed25519.SignatureSize || timestamp == "" {
		return nil, &refusal{http.StatusUnauthorized, "signature"}
	}
	if r.ContentLength > maxBody {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "oversize"}
	}
	var signed bytes.Buffer
	signed.Grow(len(timestamp) + int(min(max(r.ContentLength, 0), expectedBody)) + bytes.MinRead)
	signed.WriteString(timestamp)
	if _, err := signed.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, &refusal{http.StatusRequestEntityTooLarge, "oversize"}
		}
		return nil, &refusal{http.StatusBadRequest, "broken"}
	}
	if !ed25519.Verify(key, signed.Bytes(), signature) {
		return nil, &refusal{http.StatusUnauthorized, "signature"}
	}
	if !fresh(timestamp, now) {
		return nil, &refusal{http.StatusUnauthorized, "stale"}
	}
	return signed.Bytes()[len(timestamp):], nil
}

// fresh reports whether a timestamp, in seconds, is near enough.
func fresh(timestamp string, now time.Time) bool {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return false
	}
	// Compared in seconds: a time far enough away overflows a duration.
	n := now.Unix()
	return seconds >= n-int64(freshness/time.Second) && seconds <= n+int64(freshness/time.Second)
}

// turnAway answers with a status and nothing else.
func turnAway(w http.ResponseWriter, status int) { w.WriteHeader(status) }

// reply writes a first response, all the way: what follows it must not arrive
// before it does.
func reply(w http.ResponseWriter, first *discordgo.InteractionResponse) error {
	body, err := rest.Encode(first)
	if err != nil {
		turnAway(w, http.StatusInternalServerError)
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if _, err := io.Copy(w, bytes.NewReader(body)); err != nil {
		return err
	}
	if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
