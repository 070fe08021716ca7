//go:build unix

package replicas

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/proctest"
	"modbot/internal/proctest/stage"
)

// replicas is how many processes serve the ledger.
const replicas = 3

// first is the one that is started first.
const first = 0

// answerTime is how long the scripted platforms wait for an answer: how fast
// modbot answers is measured elsewhere, on a machine that does nothing else.
const answerTime = giveUp

// tencentTime is how long the simulated Tencent thinks about a change.
const tencentTime = 200 * time.Millisecond

// world is a stage, and the modbots on it.
type world struct {
	*stage.Stage
	t        *testing.T
	sockets  bool // the platforms are connected to; else they call
	app      *stage.App
	people   *people
	balancer *balancer
	all      [replicas]*serving
}

// serving is one modbot, in one life after the other.
type serving struct {
	process *proctest.Process

	mu     sync.Mutex
	public string // empty while it is not there
	admin  string
}

func (s *serving) addresses() (public, admin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.public, s.admin
}

func (s *serving) moved(public, admin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.public, s.admin = public, admin
}

// newWorld makes a world whose app has so many accounts, and starts its modbots.
func newWorld(t *testing.T, store string, accounts int, sockets bool) *world {
	t.Helper()
	w := &world{t: t, sockets: sockets, app: stage.NewApp(t, accounts), people: newPeople()}
	// Long enough for a kill to meet calls under way.
	require.NoError(t, w.app.AddFault(imsim.Fault{API: imwire.SetNoSpeaking, Kind: imsim.KindLatency, Delay: tencentTime, Times: imsim.Forever}))
	w.Stage = stage.New(t, stage.Config{
		Program: program, Tencent: w.app.URL, Store: store, Sockets: sockets,
		Slack: slacksim.Config{AnswerTime: answerTime},
		// How fast the platforms take posts is not what is under test.
		Discord: discordsim.Config{AnswerTime: answerTime, Unlimited: true},
	})
	w.balancer = newBalancer(t, w)
	if !sockets {
		w.Discord.UseEndpoint(w.balancer.url + "/discord/interactions")
	}
	for i := range w.all {
		w.all[i] = &serving{}
	}
	w.start(first)
	if sockets {
		w.AwaitConnected() // the first has the connections
	}
	for i := range w.all {
		if i != first {
			w.start(i)
		}
	}
	return w
}

// start starts a modbot, and lets people reach it.
func (w *world) start(i int) {
	w.t.Helper()
	now := w.Serve()
	w.all[i].process = now.Process
	w.all[i].moved(now.Listen, now.Admin)
}

// kill ends a modbot as a crash would, and starts it again at once.
func (w *world) kill(i int) {
	w.t.Helper()
	w.all[i].process.Kill()
	w.all[i].moved("", "")
	w.start(i)
}

// stop ends all modbots as an operator would.
func (w *world) stop() {
	w.t.Helper()
	for _, s := range w.all {
		s.process.Terminate()
	}
	for _, s := range w.all {
		require.Zero(w.t, s.process.Wait(proctest.EndWithin), "%s", s.process.Logged())
	}
}

// settled waits until nothing is under way and every channel was told of
// everything.
func (w *world) settled(within time.Duration) {
	w.t.Helper()
	_, admin := w.all[0].addresses()
	proctest.AwaitSettled(w.t, within, admin)
}

// judge holds what is known of the world, when all modbots have ended, against
// each other.
func (w *world) judge(rules proctest.Rules) *proctest.Finding {
	w.t.Helper()
	e := w.Evidence()
	e.Rules, e.Commands, e.Calls, e.Has = rules, w.people.commands(), w.app.Calls(), w.app.Snapshot()
	return w.Judge(e)
}

// ready is what /readyz of one modbot says.
func (w *world) ready(i int) (status int, text string) {
	w.t.Helper()
	_, admin := w.all[i].addresses()
	return get(w.t, admin+"/readyz")
}

// asked is how often Tencent was asked anything that a command hangs on; what an
// account calls itself is only shown.
func (w *world) asked() (n int) {
	for _, c := range w.app.Calls() {
		if c.API != imwire.PortraitGet {
			n++
		}
	}
	return n
}

// get asks an admin listener, whatever it answers.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	return send(t, req)
}
