//go:build unix

package soak

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Bounds of what is waited for.
const (
	readyWithin = 30 * time.Second
	endWithin   = 40 * time.Second // modbot itself needs 25 s at most
	lookEvery   = 100 * time.Millisecond
)

// build makes the program as it is shipped: the race detector would change the
// heap that is measured.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "modbot")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "modbot/cmd/modbot").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// process is a running modbot.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	first chan string // the first line of stdout
	done  chan struct{}

	mu  sync.Mutex
	log tail // the end of stderr
}

// tail keeps the last bytes that were written.
type tail struct{ kept []byte }

// tailMost is how much of a process's log is shown when something went wrong.
const tailMost = 64 << 10

func (l *tail) write(p []byte) {
	l.kept = append(l.kept, p...)
	if len(l.kept) > 2*tailMost {
		l.kept = append([]byte(nil), l.kept[len(l.kept)-tailMost:]...)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// start starts modbot and returns what it prints first, decoded. The process
// ends with the test at the latest.
func start(t *testing.T, program, dir string, ready any, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.CommandContext(t.Context(), program, args...), first: make(chan string, 1), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "TZ=UTC"}
	p.cmd.Stderr = writerFunc(func(b []byte) (int, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.log.write(b)
		return len(b), nil
	})
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.done)
		lines := bufio.NewReader(out)
		line, _ := lines.ReadString('\n')
		p.first <- line
		_, _ = io.Copy(io.Discard, lines)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("the last of %s:\n%s", args[0], p.logged())
		}
	})
	select {
	case line := <-p.first:
		require.NoError(t, json.Unmarshal([]byte(line), ready), "%s printed %q\n%s", args[0], line, p.logged())
	case <-time.After(readyWithin):
		require.FailNow(t, args[0]+" is not ready", "%s", p.logged())
	}
	return p
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.log.kept[max(0, len(p.log.kept)-tailMost):])
}

// stop ends modbot as an operator would, and returns how it ended.
func (p *process) stop() int {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
	case <-time.After(endWithin):
		require.FailNow(p.t, "modbot did not end", "%s", p.logged())
	}
	return p.cmd.ProcessState.ExitCode()
}

// run runs another command to its end and returns the lines that it printed.
func run(t *testing.T, program, dir string, args ...string) (exit int, lines []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, problems bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &problems
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	if problems.Len() > 0 {
		t.Logf("%s: %s", args, problems.String())
	}
	return cmd.ProcessState.ExitCode(), strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// call makes one request of modbot's admin listener or of the simulator.
func call(t *testing.T, method, url, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	client := http.Client{Timeout: readyWithin}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s %s: %s", method, url, answer)
	return string(answer)
}

// await looks until something holds.
func await(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for deadline := time.Now().Add(within); !holds(); <-ticker.C {
		require.True(t, time.Now().Before(deadline), "%s did not come within %s", what, within)
	}
}
