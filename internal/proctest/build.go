package proctest

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// buildTime bounds a build: on a machine whose cores are taken, with nothing in
// the cache.
const buildTime = 5 * time.Minute

// RaceExit is how a process ends in which the race detector found something.
const RaceExit = 66

// unwatched leaves the race detector out of SQLite: it was translated from C,
// and every access to its memory would be watched, which takes a process several
// times as long as everything else it does.
const unwatched = "-gcflags=modernc.org/...=-race=false"

// Build makes the program in a folder and returns its path. With race the race
// detector is in it, where there is a C compiler for that.
func Build(dir string, race bool) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	path, args := filepath.Join(dir, "modbot"), []string{"build"}
	if race && canRace(ctx) {
		path += "-race"
		args = append(args, "-race", unwatched)
	}
	out, err := exec.CommandContext(ctx, "go", append(args, "-o", path, "modbot/cmd/modbot")...).CombinedOutput() //nolint:gosec // go, and a path of the test's own
	if err != nil {
		return "", fmt.Errorf("building modbot: %w\n%s", err, out)
	}
	return path, nil
}

// canRace reports whether go build takes -race here.
func canRace(ctx context.Context) bool {
	out, err := exec.CommandContext(ctx, "go", "env", "CGO_ENABLED", "CC").Output()
	enabled, compiler, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || enabled != "1" || compiler == "" {
		return false
	}
	_, err = exec.LookPath(strings.Fields(compiler)[0])
	return err == nil
}
