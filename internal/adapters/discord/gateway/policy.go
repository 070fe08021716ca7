package gateway

import (
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

// The policy of connecting again.
const (
	// identifyBurst sessions may be begun in quick succession, and one more each
	// identifyEvery: at most 100+288 in 24 hours of Discord's 1000.
	identifyBurst = 100
	identifyEvery = 5 * time.Minute
	// identifyGap is between two sessions: Discord takes one in five seconds.
	identifyGap = 5 * time.Second
	// identifyReserve of the sessions that Discord allows are left for a person
	// who restarts the process.
	identifyReserve = 50

	// shortWait doubles with each connection that didn't last, up to longWait.
	shortWait = time.Second
	longWait  = 5 * time.Minute
	// resumeWait is the longest wait where a session was up and goes on: what is
	// typed meanwhile is lost, and resuming costs nothing of the budget.
	resumeWait = 5 * time.Second
	// standingShare is which part of the time that a session stood the wait for
	// the next one may last: sessions that end twice a minute for an hour keep a
	// bot away for seconds each time, not for minutes. identifyBurst still bounds
	// how many there may be.
	standingShare = 4
	// longestAsked caps what Discord may ask us to wait before asking again.
	longestAsked = 10 * time.Minute
	// lasting is how long a connection must have stood to count as good.
	lasting = time.Minute
	// resumeDials is after how many failures a session is given up whose address
	// can't be reached.
	resumeDials = 5
)

// then is what follows a connection.
type then uint8

const (
	resume then = iota // the session is still there
	begin              // a new session is needed
	stop               // a person has to look
)

// ending is how a connection ended.
type ending struct {
	then  then
	code  int // the gateway's close code; 0 when there was none
	err   error
	stood time.Duration // since READY or RESUMED; 0 when it never came so far
	wait  time.Duration // at least this long before the next connection
}

// fatal are the close codes after which connecting again is pointless, with
// what they mean. Discord documents them as not to be reconnected.
func fatal(code int) (why string, ok bool) {
	switch code {
	case 4004:
		why = "the bot token is not valid"
	case 4010:
		why = "the shard is not valid"
	case 4011:
		why = "the bot is in so many guilds that it needs several connections"
	case 4012:
		why = "the gateway's version is no longer served"
	case 4013:
		why = "the intents are not valid"
	case 4014:
		why = "the intents are not allowed for this bot"
	default:
		return "", false
	}
	return why, true
}

// closed reads how the gateway closed a connection. The codes that Discord does
// not document as losing the session are worth a try to resume: the gateway
// says op 9 where it can't.
func closed(err error) ending {
	frame, ok := errors.AsType[*websocket.CloseError](err)
	if !ok {
		return ending{then: resume, err: fmt.Errorf("reading: %w", err)}
	}
	e := ending{then: resume, code: frame.Code, err: fmt.Errorf("closed with code %d", frame.Code)}
	if why, ok := fatal(frame.Code); ok {
		e.then, e.err = stop, fmt.Errorf("%s (close code %d)", why, frame.Code)
		return e
	}
	switch frame.Code {
	case websocket.CloseNormalClosure, 4003, 4007, 4009: // not authenticated, invalid sequence, timed out
		e.then = begin
	}
	return e
}

// policy decides when to connect. It has no clock and does nothing.
type policy struct {
	random     func() float64
	identifies *rate.Limiter
	gap        *rate.Limiter
	failures   int // connections in a row that didn't last
	unreached  int // connections in a row in which no session stood at all
}

func newPolicy(random func() float64) *policy {
	return &policy{
		random:     random,
		identifies: rate.NewLimiter(rate.Every(identifyEvery), identifyBurst),
		gap:        rate.NewLimiter(rate.Every(identifyGap), 1),
	}
}

// after says how long to wait when a connection has ended.
func (p *policy) after(e ending) time.Duration {
	least := min(e.wait, longestAsked)
	p.unreached++
	if e.stood > 0 {
		p.unreached = 0
	}
	if e.stood >= lasting {
		p.failures = 0
		return max(least, time.Duration(p.random()*float64(shortWait)))
	}
	p.failures++
	full := longWait
	if shift := p.failures - 1; shift < 9 { // 1 s << 9 is above longWait
		full = min(shortWait<<shift, longWait)
	}
	switch {
	case e.then == resume && e.stood > 0:
		full = min(full, resumeWait)
	case e.stood >= resumeWait:
		full = min(full, max(resumeWait, e.stood/standingShare))
	}
	return max(least, full/2+time.Duration(p.random()*float64(full/2)))
}

// untilBegin says how long to wait before a session may be begun.
func (p *policy) untilBegin(now time.Time, l Limits) time.Duration {
	wait := max(until(p.identifies, now), until(p.gap, now))
	if l.Remaining <= identifyReserve {
		wait = max(wait, l.Reset)
	}
	return wait
}

// begun counts a session that is being begun; false means that it must not be.
func (p *policy) begun(now time.Time) bool {
	return p.gap.AllowN(now, 1) && p.identifies.AllowN(now, 1)
}

// until says when a limiter has a whole token.
func until(l *rate.Limiter, now time.Time) time.Duration {
	missing := 1 - l.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	// Rounded up, so that the token is surely there.
	return time.Duration(missing/float64(l.Limit())*float64(time.Second)) + time.Millisecond
}
