package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

const (
	// debian is where Debian's packages put the programs: <debian>/15/bin.
	debian = "/usr/lib/postgresql"
	// installLock is the file that root's test binaries lock, see oneAtATime.
	installLock = "/run/lock/modbot-pgtest"
	// installTime bounds the installation of the package.
	installTime = 4 * time.Minute
	// runTime bounds a program that a test runs.
	runTime = time.Minute
)

// Run runs one of PostgreSQL's programs, like pg_dump, which must succeed.
func Run(tb testing.TB, name string, args ...string) {
	tb.Helper()
	dir, err := programs()
	need(tb, err)
	ctx, cancel := context.WithTimeoutCause(tb.Context(), runTime, errors.New("it took too long"))
	defer cancel()
	//nolint:gosec // a program of PostgreSQL's, with what a test says
	if out, err := exec.CommandContext(ctx, filepath.Join(dir, name), args...).CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v: %s", name, errors.Join(err, context.Cause(ctx)), tail(out))
	}
}

// programs is the folder of PostgreSQL's programs.
var programs = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // looked for once
	alone, err := oneAtATime()
	if err != nil {
		return "", err
	}
	defer alone()
	if dir, ok := installed(); ok {
		return dir, nil
	}
	if err := install(); err != nil {
		return "", fmt.Errorf("its programs are not on this machine, and %w", err)
	}
	dir, ok := installed()
	if !ok {
		return "", errors.New("its package was installed, and brought no programs")
	}
	return dir, nil
})

// installed looks in PATH, and where Debian keeps versions side by side; there
// the newest is taken.
func installed() (string, bool) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(path)) {
			return filepath.Dir(path), true
		}
	}
	versions, err := os.ReadDir(debian)
	if err != nil {
		return "", false
	}
	slices.SortFunc(versions, func(a, b os.DirEntry) int { return cmp.Compare(number(b), number(a)) })
	for _, v := range versions {
		if dir := filepath.Join(debian, v.Name(), "bin"); complete(dir) {
			return dir, true
		}
	}
	return "", false
}

// number is a version of PostgreSQL: folders with other names come last.
func number(e os.DirEntry) int {
	n, err := strconv.Atoi(e.Name())
	if err != nil {
		return -1
	}
	return n
}

// complete reports whether a folder has what is needed to make a cluster.
func complete(dir string) bool {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// install installs Debian's package.
func install() error {
	if os.Getuid() != 0 {
		return errors.New("only root could install them")
	}
	if _, err := os.Stat("/etc/debian_version"); err != nil {
		return errors.New("this is not Debian, whose package could be installed")
	}
	if err := noMainCluster(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), installTime, errors.New("it took too long"))
	defer cancel()
	err := apt(ctx, "install", "-y", "--no-install-recommends", "postgresql")
	if err != nil { // perhaps nobody ever asked what packages there are
		if err = apt(ctx, "update"); err == nil {
			err = apt(ctx, "install", "-y", "--no-install-recommends", "postgresql")
		}
	}
	if err != nil {
		return fmt.Errorf("installing Debian's package: %w", err)
	}
	return nil
}

// noMainCluster keeps the package from making and starting a cluster of the
// machine's, unless the machine has said what it wants.
func noMainCluster() error {
	const path = "/etc/postgresql-common/createcluster.conf"
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as the package makes it
		return fmt.Errorf("telling the package to make no cluster: %w", err)
	}
	if err := os.WriteFile(path, []byte("create_main_cluster = false\n"), 0o644); err != nil { //nolint:gosec // the same
		return fmt.Errorf("telling the package to make no cluster: %w", err)
	}
	return nil
}

func apt(ctx context.Context, args ...string) error {
	// Something else on the machine may be installing: it is waited for.
	args = append([]string{"-q", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Options::=--force-confold"}, args...)
	cmd := exec.CommandContext(ctx, "apt-get", args...) //nolint:gosec // the arguments are our own
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get: %w: %s", errors.Join(err, context.Cause(ctx)), tail(out))
	}
	return nil
}

// tail is the end of what a program said.
func tail(out []byte) string {
	const most = 600
	return string(out[max(0, len(out)-most):])
}
