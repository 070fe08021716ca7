//go:build unix

package proctest

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
	"time"

	"github.com/stretchr/testify/require"
)

// Bounds of what is waited for.
const (
	// ReadyWithin is for what a process does by itself when it starts.
	ReadyWithin = time.Minute
	// EndWithin is for its end after a signal: modbot itself needs 25 s at most.
	EndWithin = 40 * time.Second
)

// Launch is what a modbot is started with.
type Launch struct {
	Program string               // as Build made it
	Dir     string               // working folder
	Env     []string             // beside what every process gets
	Stdin   io.Reader            // nothing when nil
	Stdout  *os.File             // read line by line when nil
	As      *syscall.SysProcAttr // beside what ends it with the test; nothing when nil
	// Before comes before the program on the command line: what starts it.
	Before []string
	Args   []string
}

// command is the process before it starts. It gets nothing of the
// surroundings: no MODBOT_ variable, no proxy, no home.
func (l Launch) command() *exec.Cmd {
	argv := slices.Concat(l.Before, []string{l.Program}, l.Args)
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx,gosec // the program under test; who starts it ends it
	cmd.Dir, cmd.Stdin, cmd.SysProcAttr = l.Dir, l.Stdin, &syscall.SysProcAttr{}
	if l.As != nil {
		*cmd.SysProcAttr = *l.As
	}
	endWithTest(cmd.SysProcAttr)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "TZ=UTC",
		// Without the second that the race detector waits at every end.
		"GORACE=halt_on_error=1 exitcode=" + strconv.Itoa(RaceExit) + " atexit_sleep_ms=20",
	}, l.Env...)
	return cmd
}

// Process is a running modbot. Its methods are called by the test's goroutine,
// but for Alive, Printed, Logged and Done.
type Process struct {
	tb    testing.TB
	what  string
	cmd   *exec.Cmd
	first chan struct{} // closed by the first line of stdout, or its end
	done  chan struct{}

	mu     sync.Mutex
	lines  []string // of stdout
	log    tail     // the end of stderr
	killed bool
}

// tail keeps the last bytes that were written.
type tail struct{ kept []byte }

// Of a process's log tailMost is kept: all of it, but for a soak. When something
// went wrong shownLog is shown.
const (
	tailMost = 1 << 20
	shownLog = 64 << 10
)

func (l *tail) write(p []byte) {
	l.kept = append(l.kept, p...)
	if len(l.kept) > 2*tailMost {
		l.kept = append([]byte(nil), l.kept[len(l.kept)-tailMost:]...)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Begin starts modbot and waits for nothing. The process ends with the test at
// the latest; when the test failed, what it printed and the end of its log are
// shown then, unless it was killed on purpose.
func Begin(tb testing.TB, l Launch) *Process {
	tb.Helper()
	p := &Process{tb: tb, what: "modbot " + strings.Join(l.Args, " "), cmd: l.command(), first: make(chan struct{}), done: make(chan struct{})}
	p.cmd.Stderr = writerFunc(func(b []byte) (int, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.log.write(b)
		return len(b), nil
	})
	read := func() {}
	if l.Stdout != nil {
		p.cmd.Stdout = l.Stdout
	} else {
		out, err := p.cmd.StdoutPipe()
		require.NoError(tb, err)
		read = func() { p.read(out) }
	}
	require.NoError(tb, p.cmd.Start(), p.what)
	go func() {
		defer close(p.done)
		read()
		_ = p.cmd.Wait()
	}()
	tb.Cleanup(p.end)
	return p
}

// read keeps the lines of stdout until it ends.
func (p *Process) read(out io.Reader) {
	begun := sync.OnceFunc(func() { close(p.first) })
	defer begun()
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if line != "" {
			p.mu.Lock()
			p.lines = append(p.lines, strings.TrimSuffix(line, "\n"))
			p.mu.Unlock()
			begun()
		}
		if err != nil {
			return
		}
	}
}

// end ends the process with the test.
func (p *Process) end() {
	p.Signal(syscall.SIGCONT)
	p.Signal(syscall.SIGKILL)
	<-p.done
	if p.tb.Failed() && !p.wasKilled() {
		log := p.Logged()
		p.tb.Logf("%s printed:\n%s\nand the last of its log is:\n%s", p.what, strings.Join(p.Printed(), "\n"), log[max(0, len(log)-shownLog):])
	}
}

// Start starts modbot and decodes the first line that it prints into ready.
func Start(tb testing.TB, l Launch, ready any) *Process {
	tb.Helper()
	p := Begin(tb, l)
	p.Ready(ready)
	return p
}

// Ready waits for the first line that the process prints, and decodes it.
func (p *Process) Ready(ready any) {
	p.tb.Helper()
	timer := time.NewTimer(ReadyWithin)
	defer timer.Stop()
	select {
	case <-p.first:
		lines := p.Printed()
		require.NotEmpty(p.tb, lines, "%s printed nothing\n%s", p.what, p.Logged())
		require.NoError(p.tb, json.Unmarshal([]byte(lines[0]), ready), "%s printed %q\n%s", p.what, lines[0], p.Logged())
	case <-timer.C:
		require.FailNow(p.tb, p.what+" is not ready", "%s", p.Logged())
	}
}

// String is the command line, for messages.
func (p *Process) String() string { return p.what }

// Printed is what was written to stdout so far, by line.
func (p *Process) Printed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// Logged is the end of what was written to stderr so far.
func (p *Process) Logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.log.kept[max(0, len(p.log.kept)-tailMost):])
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Alive reports whether the process has not ended.
func (p *Process) Alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Signal sends the process a signal; it may have ended.
func (p *Process) Signal(s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Errorf("signal %s to %s: %v", s, p.what, err)
	}
}

// Kill ends the process as a crash would, and waits until it is gone.
func (p *Process) Kill() {
	p.mu.Lock()
	p.killed = true
	p.mu.Unlock()
	p.Signal(syscall.SIGKILL)
	<-p.done
}

func (p *Process) wasKilled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killed
}

// Pause stops the process as a debugger, a hypervisor or a closed lid would.
func (p *Process) Pause() { p.Signal(syscall.SIGSTOP) }

// Paused reports whether the process has stopped, where that can be seen.
func (p *Process) Paused() bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if errors.Is(err, os.ErrNotExist) {
		return true // no such file system here
	}
	_, after, _ := strings.Cut(string(stat), ") ") // behind the program's name
	return strings.HasPrefix(after, "T")
}

// Resume lets a paused process go on.
func (p *Process) Resume() { p.Signal(syscall.SIGCONT) }

// Terminate asks the process to end, as an operator would, and does not wait.
// The first asks modbot to drain, the second to stop at once.
func (p *Process) Terminate() { p.Signal(syscall.SIGTERM) }

// Stop ends the process as an operator would, and returns its exit code.
func (p *Process) Stop() int {
	p.tb.Helper()
	p.Terminate()
	return p.Wait(EndWithin)
}

// Wait waits for the end of the process and returns its exit code; -1 says that
// a signal ended it. A race that it found fails the test.
func (p *Process) Wait(within time.Duration) int {
	p.tb.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		require.FailNow(p.tb, p.what+" did not end", "within %s\n%s", within, p.Logged())
	}
	code := p.cmd.ProcessState.ExitCode()
	require.NotEqual(p.tb, RaceExit, code, "%s has a race:\n%s", p.what, p.Logged())
	return code
}

// Run runs a command to its end and returns the lines that it printed.
func Run(tb testing.TB, l Launch) (exit int, lines []string, stderr string) {
	tb.Helper()
	cmd := l.command()
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		require.NoError(tb, err)
	}
	if text := strings.TrimSuffix(out.String(), "\n"); text != "" {
		lines = strings.Split(text, "\n")
	}
	return cmd.ProcessState.ExitCode(), lines, problems.String()
}
