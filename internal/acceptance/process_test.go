//go:build unix

package acceptance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
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
	t    *testing.T
	cmd  *exec.Cmd
	what string // its command line, for messages
	done chan struct{}

	mu     sync.Mutex
	lines  []string // of stdout
	stderr bytes.Buffer
	killed bool
	ended  error // of Wait, once done is closed
}

// launch is what a process is started with.
type launch struct {
	dir    string    // working folder; the test's own when empty
	env    []string  // beside what every process gets
	stdin  io.Reader // nothing when nil
	stdout *os.File  // read line by line when nil
	as     *syscall.SysProcAttr
	// before comes before the program on the command line: what starts it.
	before []string
	args   []string
}

// start starts modbot. The process is ended with the test at the latest.
func start(t *testing.T, l launch) *process {
	t.Helper()
	path := program
	if len(l.args) > 0 && slices.Contains(servers, l.args[0]) {
		path = watched
	}
	argv := append(append(append([]string{}, l.before...), path), l.args...)
	p := &process{t: t, what: "modbot " + strings.Join(l.args, " "), done: make(chan struct{})}
	p.cmd = exec.Command(argv[0], argv[1:]...) //nolint:noctx // the program under test; the clean-up bounds it
	p.cmd.Dir, p.cmd.Stdin, p.cmd.SysProcAttr = l.dir, l.stdin, &syscall.SysProcAttr{}
	if l.as != nil {
		*p.cmd.SysProcAttr = *l.as
	}
	endWithTest(p.cmd.SysProcAttr)
	// Nothing of the surroundings: no MODBOT_ variable, no proxy, no home.
	p.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "TZ=UTC",
		// Without the second that the race detector waits at every end.
		"GORACE=halt_on_error=1 exitcode=66 atexit_sleep_ms=20",
	}, l.env...)
	p.cmd.Stderr = writerFunc(func(b []byte) (int, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.stderr.Write(b)
	})
	read := func() {}
	if l.stdout != nil {
		p.cmd.Stdout = l.stdout
	} else {
		out, err := p.cmd.StdoutPipe()
		require.NoError(t, err)
		read = func() { p.read(out) }
	}
	require.NoError(t, p.cmd.Start(), p.what)
	go func() {
		read()
		err := p.cmd.Wait()
		p.mu.Lock()
		p.ended = err
		p.mu.Unlock()
		close(p.done)
	}()
	t.Cleanup(p.end)
	return p
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// read keeps the lines of stdout until it ends.
func (p *process) read(out io.Reader) {
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			p.mu.Lock()
			p.lines = append(p.lines, strings.TrimSuffix(line, "\n"))
			p.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// end ends the process with the test, and shows what it said when the test
// failed.
func (p *process) end() {
	p.signal(syscall.SIGCONT)
	p.kill()
	<-p.done
	if p.t.Failed() {
		p.t.Logf("%s\nstdout:\n%s\nstderr:\n%s", p.what, strings.Join(p.output(), "\n"), p.errors())
	}
}

func (p *process) signal(s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("signal %s to %s: %v", s, p.what, err)
	}
}

// kill ends the process as a crash would, and waits until it is gone.
func (p *process) kill() {
	p.mu.Lock()
	p.killed = true
	p.mu.Unlock()
	p.signal(syscall.SIGKILL)
	<-p.done
}

// pause stops the process as a debugger, a hypervisor or a closed lid would.
func (p *process) pause() { p.signal(syscall.SIGSTOP) }

// stopped reports whether the process has stopped, where that can be seen.
func (p *process) stopped() bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if errors.Is(err, os.ErrNotExist) {
		return true // no such file system here
	}
	_, after, _ := strings.Cut(string(stat), ") ") // behind the program's name
	return strings.HasPrefix(after, "T")
}

// resume lets it go on.
func (p *process) resume() { p.signal(syscall.SIGCONT) }

// alive reports whether the process has not ended.
func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// output is what was written to stdout so far, by line.
func (p *process) output() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.lines...)
}

// errors is what was written to stderr so far.
func (p *process) errors() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// wait waits for the process to end by itself and returns its exit code.
func (p *process) wait() int {
	p.t.Helper()
	receive(p.t, p.done, settleWithin, p.what+" to end")
	p.mu.Lock()
	defer p.mu.Unlock()
	var exit *exec.ExitError
	if p.ended != nil && !errors.As(p.ended, &exit) {
		require.NoError(p.t, p.ended, p.what)
	}
	code := p.cmd.ProcessState.ExitCode()
	require.NotEqual(p.t, proctest.RaceExit, code, "%s has a race:\n%s", p.what, p.stderr.String())
	require.NotEqual(p.t, -1, code, "%s was ended by a signal:\n%s", p.what, p.stderr.String())
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
	for _, text := range p.output() {
		var l line
		require.NoError(p.t, json.Unmarshal([]byte(text), &l), "%s printed %q", p.what, text)
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
