//go:build unix

package acceptance

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
)

// The exit codes, as documented.
const (
	exitOK          = 0
	exitFailed      = 1
	exitAltered     = 2
	exitUsage       = 64
	exitUnavailable = 69
	exitConfig      = 78
)

// process is one running modbot.
type process struct {
	*proctest.Process
	t *testing.T
}

// start starts modbot. The process is ended with the test at the latest.
func start(t *testing.T, l proctest.Launch) *process {
	t.Helper()
	l.Program = program
	if len(l.Args) > 0 && slices.Contains(servers, l.Args[0]) {
		l.Program = watched
	}
	return &process{Process: proctest.Begin(t, l), t: t}
}

// wait waits for the process to end by itself and returns its exit code.
func (p *process) wait() int {
	p.t.Helper()
	code := p.Wait(settleWithin)
	require.NotEqual(p.t, -1, code, "%s was ended by a signal:\n%s", p, p.Logged())
	return code
}

// line is one line of JSON that a process printed: an answer, a post, the last
// line, or an error.
type line struct {
	Type    string   `json:"type"`
	ID      int64    `json:"id"`
	Actor   string   `json:"actor"`
	State   string   `json:"state"`
	Code    string   `json:"code"`
	Cases   []int64  `json:"cases"`
	Text    string   `json:"text"`
	First   int64    `json:"first_seq"`
	Last    int64    `json:"last_seq"`
	Kind    string   `json:"kind"`
	Outcome string   `json:"outcome"`
	OK      bool     `json:"ok"`
	Entries int64    `json:"entries"`
	Root    string   `json:"root"`
	Error   *failure `json:"error"`
}

// failure is an error as every command prints it.
type failure struct {
	Code       string `json:"code"`
	Message    string `json:"message"`
	Suggestion string `json:"suggestion"`
}

// printed is stdout so far, read as JSON lines.
func (p *process) printed() []line {
	p.t.Helper()
	var out []line
	for _, text := range p.Printed() {
		var l line
		require.NoError(p.t, json.Unmarshal([]byte(text), &l), "%s printed %q", p, text)
		out = append(out, l)
	}
	return out
}

// replies are the answers so far, posts the audit posts.
func (p *process) replies() []line { return ofType(p.printed(), "reply") }
func (p *process) posts() []line   { return ofType(p.printed(), "post") }

func ofType(lines []line, kind string) []line {
	var out []line
	for _, l := range lines {
		if l.Type == kind {
			out = append(out, l)
		}
	}
	return out
}
