//go:build unix

package crash

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
	"modbot/internal/proctest/stage"
)

// answerTime is how long the scripted platforms wait for an answer: how fast
// modbot answers is measured elsewhere, on a machine that does nothing else.
const answerTime = 10 * time.Second

// world is a stage, and the modbot on it in one life after the other.
type world struct {
	*stage.Stage
	t      *testing.T
	app    *stage.App
	people *people
	serve  stage.Serving
	typed  atomic.Int64 // commands that people typed

	mu   sync.Mutex
	life life
}

// life is one run of modbot: where it is called, and when it is over.
type life struct {
	public string
	over   chan struct{}
}

// newWorld makes a world whose app has so many accounts, and does not start
// modbot. The store is a URL, or a path in the folder of the world.
func newWorld(t *testing.T, accounts int, store string) *world {
	t.Helper()
	w := &world{t: t, app: stage.NewApp(t, accounts), people: newPeople()}
	w.Stage = stage.New(t, stage.Config{
		Program: program, Tencent: w.app.URL, Store: store, Listener: w.people,
		Slack: slacksim.Config{AnswerTime: answerTime},
		// How fast the platforms take posts is not what is under test.
		Discord: discordsim.Config{AnswerTime: answerTime, Unlimited: true},
	})
	w.Discord.UseEndpoint("http://127.0.0.1:1/discord/interactions") // before modbot looks at it first
	return w
}

// start starts modbot, and lets people reach it.
func (w *world) start() {
	w.t.Helper()
	w.serve = w.Serve()
	w.Discord.UseEndpoint(w.serve.Listen + "/discord/interactions")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.life = life{public: w.serve.Listen, over: make(chan struct{})}
}

// now is the life that people call.
func (w *world) now() life {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.life
}

// ended tells those who wait for an answer that they will not get one from this
// life.
func (w *world) ended() { close(w.now().over) }

// kill ends modbot as a crash would, and starts it again at once.
func (w *world) kill() {
	w.t.Helper()
	w.serve.Kill()
	w.ended()
	w.start()
}

// evidence is what is known of the world when modbot has ended and everybody
// was told.
func (w *world) evidence(mutes int) proctest.Evidence {
	w.t.Helper()
	e := w.Evidence()
	e.Calls, e.Has = w.app.Calls(), w.app.Snapshot()
	for n := range mutes {
		e.Commands = append(e.Commands, stage.Mute(n).Typed(true))
	}
	return e
}

// reachable reports whether anybody listens where people call.
func (w *world) reachable() bool {
	w.t.Helper()
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(w.t.Context(), "tcp", strings.TrimPrefix(w.now().public, "http://"))
	if err != nil {
		return false
	}
	require.NoError(w.t, conn.Close())
	return true
}
