package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// message is a body that a test's channel composes.
type message struct {
	Entries    []int64
	Stub       bool
	Checkpoint string
}

// arrived is one message in a channel.
type arrived struct {
	message
	delivery chat.Delivery
}

func (a arrived) String() string {
	s := fmt.Sprint(a.Entries)
	if a.Stub {
		s += " stub"
	}
	if a.delivery.Repeat {
		s += " repeat"
	}
	return s
}

// channel plays an audit channel that takes so many entries in a message.
// answer, when set, decides what becomes of a message: whether it arrives, and
// what is answered.
type channel struct {
	name string
	most int

	mu       sync.Mutex
	answer   func(m message) (arrives bool, err error)
	messages []arrived
	sent     []string // nonces, in order
	seen     []audit.Posted
	mute     error // composing fails
}

func newChannel() *channel { return &channel{name: "console", most: 1} }

func (c *channel) Name() string { return c.name }

func (c *channel) Compose(posts []audit.Posted) (int, []byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mute != nil && !posts[0].Stub {
		return 0, nil, c.mute
	}
	posts = posts[:min(len(posts), c.most)]
	m := message{Stub: posts[0].Stub, Checkpoint: posts[0].Checkpoint}
	for _, p := range posts {
		m.Entries = append(m.Entries, p.Entry.Seq)
	}
	c.seen = append(c.seen, posts...)
	body, err := json.Marshal(m)
	return len(posts), body, err
}

func (c *channel) Send(_ context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return chat.MessageRef{}, err
	}
	c.sent = append(c.sent, d.Nonce)
	arrives, err := true, error(nil)
	if c.answer != nil {
		arrives, err = c.answer(m)
	}
	if arrives {
		c.messages = append(c.messages, arrived{m, d})
	}
	return chat.MessageRef{Channel: "C1", ID: fmt.Sprint(len(c.messages)), Link: "https://chat.example/1"}, err
}

func (c *channel) answering(answer func(message) (bool, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// got lists what arrived since it was last asked.
func (c *channel) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{}
	for _, m := range c.messages {
		out = append(out, m.String())
	}
	c.messages = nil
	return out
}

func (h *house) deliverer(c *channel) *audit.Deliverer {
	return audit.NewDeliverer(zaptest.NewLogger(h.t), h.ledger, c)
}

// refused appends so many entries that are posted.
func (h *house) refused(n int) {
	h.t.Helper()
	for range n {
		_, err := h.ledger.Refuse(h.t.Context(), audit.Head{
			ID: audit.NewID(), Actor: "console:max", Account: "alice", Verb: "mute", Scope: mute.ScopeAll, Rule: "deny/no-role",
		})
		require.NoError(h.t, err)
	}
}

func (h *house) sink(name string) audit.Sink {
	h.t.Helper()
	sinks, err := h.ledger.Sinks(h.t.Context())
	require.NoError(h.t, err)
	for _, s := range sinks {
		if s.Name == name {
			return s
		}
	}
	h.t.Fatalf("there is no sink %q", name)
	return audit.Sink{}
}

// Outcomes are posted, in order and each once; intents and batches are not.
