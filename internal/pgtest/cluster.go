package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options say what kind of cluster it is.
type Options struct {
	// Disk keeps the files on the disk, so that a commit costs what it costs.
	Disk bool
	// Small, unless 0, puts every database of the cluster on a disk of its own of
	// so many bytes, and nothing else: neither the WAL nor what the server needs
	// to go on. Only root can have one, New skips the test of others. What is on
	// it is lost when the server stops.
	Small int64
	// Settings are further ones of the server: name=value.
	Settings []string
}

const (
	// superuser is the role that owns everything; connections from this machine
	// need no password for it.
	superuser = "modbot"
	// Guarded is a role that needs Password.
	Guarded = "guarded"
	// Small is the tablespace on the small disk, see Options.
	Small = "small"
	// Password is that of the role Guarded, in each cluster that tests make. It
	// has all that a URL has to escape.
	Password = "not:a@secret/of%anybody"
	// makeTime bounds making a cluster, startTime starting it.
	makeTime  = 90 * time.Second
	startTime = 30 * time.Second
	stopTime  = 30 * time.Second
	// ports is how often another port is tried: one that was free may be taken
	// by the time the server wants it.
	ports = 3
	// inMemory is a file system in memory, and leastMemory the space that must
	// be free there.
	inMemory    = "/dev/shm"
	leastMemory = 1 << 30
)

// guard stands between the test's process and the server: its standard input
// ends with that process. A line "SIGNAL keep" stops the server and leaves its
// files.
const guard = `dir=$1; shift
"$@" </dev/null & pid=$!
read -r signal keep || signal=QUIT
kill -"$signal" "$pid" 2>/dev/null
wait "$pid"
[ -n "$keep" ] || rm -rf "$dir"`

// onSmallDisk mounts the small disk where nobody else sees it: it goes when the
// guard and the server have ended, however they do. Then it runs the guard as
// who may not do such things.
const onSmallDisk = `mount -t tmpfs -o "size=$2,uid=$3,gid=$4,mode=0700" tmpfs "$1" || exit 1
uid=$3 gid=$4; shift 4
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$@"`

// Cluster is a PostgreSQL server with its files.
type Cluster struct {
	bin  string
	dir  string // holds data, log and socket
	port int
	opts Options
	// strategy is how a database is copied where there is a choice: PostgreSQL 15
	// and later log each page by default, which takes three times as long.
	strategy string

	mu    sync.Mutex
	guard *exec.Cmd // nil while the server is stopped
	pipe  io.WriteCloser
}

// start makes a cluster and starts its server.
func start(opts Options) (*Cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, opts: opts}
	if c.dir, err = os.MkdirTemp(c.base(), "pgtest"); err != nil {
		return nil, err
	}
	if err = own(c.dir); err == nil {
		err = c.initialise()
	}
	if err == nil && opts.Small > 0 {
		err = c.prepareSmall()
	}
	for range ports {
		if err != nil {
			break
		}
		if c.port, err = freePort(); err == nil {
			if err = c.Start(); err == nil {
				return c, c.Exec(c.first()...)
			}
		}
		if !strings.Contains(c.log(), "could not bind") {
			break
		}
		err = nil
	}
	return nil, errors.Join(fmt.Errorf("starting a cluster: %w", err), os.RemoveAll(c.dir))
}

// first are the statements that make a cluster what tests expect.
func (c *Cluster) first() []string {
	out := []string{"CREATE ROLE " + Guarded + " LOGIN PASSWORD '" + Password + "'"}
	if c.opts.Small > 0 {
		out = append(out, "CREATE TABLESPACE "+Small+" LOCATION '"+c.small()+"'")
	}
	return out
}

// small is where the small disk is.
func (c *Cluster) small() string { return filepath.Join(c.dir, "small") }

// prepareSmall makes the folder that the small disk is mounted on, and finds out
// whether one can be mounted.
func (c *Cluster) prepareSmall() error {
	ctx, cancel := context.WithTimeout(context.Background(), makeTime)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "unshare", "--mount", "true").CombinedOutput(); err != nil {
		return fmt.Errorf("a disk of its own: %w: %s", err, tail(out))
	}
	return os.Mkdir(c.small(), 0o700)
}

// base is the folder for the cluster's own: its path is short, because that of
// a socket has to be.
func (c *Cluster) base() string {
	if !c.opts.Disk && free(inMemory) > leastMemory {
		return inMemory
	}
	return os.TempDir()
}

// initialise makes the files.
func (c *Cluster) initialise() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), makeTime, errors.New("it took too long"))
	defer cancel()
	data := filepath.Join(c.dir, "data")
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), "-D", data, "-U", superuser, "--encoding=UTF8", //nolint:gosec // found above
		"--locale=C", "--auth=trust", "--no-sync", "--wal-segsize=4")
	cmd.Dir, cmd.SysProcAttr = c.dir, unprivileged()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making its files: %w: %s", errors.Join(err, context.Cause(ctx)), tail(out))
	}
	hba := "local all all trust\nhost all " + Guarded + " all scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
	return os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(hba), 0o600) // the file is there, and keeps its owner
}

func freePort() (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	addr, _ := l.Addr().(*net.TCPAddr)
	return addr.Port, l.Close()
}

// Start starts the server, and returns when it answers.
func (c *Cluster) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.guard != nil {
		return errors.New("the server runs already")
	}
	args := []string{
		"/bin/sh", "-c", guard, "guard", c.dir, filepath.Join(c.bin, "postgres"), "-D", filepath.Join(c.dir, "data"),
		"-p", strconv.Itoa(c.port), "-k", c.dir, "-h", "127.0.0.1",
		"-c", "fsync=on", "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "max_wal_size=256MB",
	}
	for _, s := range c.opts.Settings {
		args = append(args, "-c", s)
	}
	attr := unprivileged()
	if c.opts.Small > 0 {
		args, attr = c.withSmallDisk(args, attr)
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // arguments are our own; the guard ends with its pipe
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the server has it
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = c.dir, log, log, attr
	if c.pipe, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.guard = cmd
	hurry(cmd.Process.Pid)
	if err := c.answers(); err != nil {
		return errors.Join(err, c.end("QUIT keep\n"))
	}
	return nil
}

// withSmallDisk mounts the disk before it runs the guard: root has to begin.
func (c *Cluster) withSmallDisk(args []string, attr *syscall.SysProcAttr) ([]string, *syscall.SysProcAttr) {
	uid, gid := nobody()
	attr.Credential = nil
	return append([]string{
		"unshare", "--mount", "/bin/sh", "-c", onSmallDisk, "disk", c.small(),
		strconv.FormatInt(c.opts.Small, 10), fmt.Sprint(uid), fmt.Sprint(gid),
	}, args...), attr
}

// answers waits until the server takes connections.
func (c *Cluster) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			tick.Stop()
			c.strategy = strategyOf(conn.PgConn().ParameterStatus("server_version"))
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return fmt.Errorf("the server does not answer: %w: %s", err, c.log())
		}
		if strings.Contains(c.log(), "could not bind") {
			tick.Stop()
			return fmt.Errorf("the server has no port: %w", err)
		}
	}
}

// strategyOf is how the server of a version copies databases quickly.
func strategyOf(version string) string {
	major, _, _ := strings.Cut(version, ".")
	if number, err := strconv.Atoi(major); err != nil || number < 15 {
		return "" // it copies files, and does not know the word
	}
	return " STRATEGY FILE_COPY"
}

// log is the end of what the server said.
func (c *Cluster) log() string {
	content, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return tail(content)
}

// Stop stops the server in good order; connections are cut.
func (c *Cluster) Stop() error { return c.stop("INT keep\n") }

// Crash stops the server at once: it has to recover at its next start.
func (c *Cluster) Crash() error { return c.stop("QUIT keep\n") }

func (c *Cluster) stop(word string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.guard == nil {
		return nil
	}
	return c.end(word)
}

// end tells the guard how to end, and waits for it.
func (c *Cluster) end(word string) error {
	_, err := io.WriteString(c.pipe, word)
	err = errors.Join(err, c.pipe.Close())
	late := time.AfterFunc(stopTime, func() { _ = c.guard.Process.Kill() })
	defer late.Stop()
	if waited := c.guard.Wait(); c.guard.ProcessState == nil {
		err = errors.Join(err, waited)
	}
	c.guard = nil
	return err
}

// remove stops the server for good.
func (c *Cluster) remove() error {
	return errors.Join(c.stop("QUIT\n"), os.RemoveAll(c.dir))
}

// Dir is the folder with the server's files in "data" and its socket.
func (c *Cluster) Dir() string { return c.dir }

// URL is that of a database, for the superuser.
func (c *Cluster) URL(database string) string { return c.url(url.User(superuser), database) }

// GuardedURL is that of a database for the role Guarded with a password.
func (c *Cluster) GuardedURL(database, password string) string {
	return c.url(url.UserPassword(Guarded, password), database)
}

func (c *Cluster) url(user *url.Userinfo, database string) string {
	u := url.URL{
		Scheme: "postgres", User: user, Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
