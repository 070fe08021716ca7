//go:build unix

package acceptance

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the built modbot. TestMain sets it before the first test runs and
// nobody changes it afterwards.
var program string

// beside is how many tests run at once. They wait for leases far longer than
// they compute, so that the number of processors is no measure.
const beside = "16"

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "modbot-acceptance-")
	if err != nil {
		panic(fmt.Sprintf("a folder for the program: %v", err))
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the folder for temporary files
	// Somebody else than its owner has to be able to run the program: see the
	// read-only ledger.
	if err := os.Chmod(dir, 0o755); err != nil { // a program is no secret
		panic(fmt.Sprintf("the folder of the program: %v", err))
	}
	if program, err = build(dir); err != nil {
		panic(err.Error())
	}
	if err := flag.Set("test.parallel", beside); err != nil {
		panic(fmt.Sprintf("running tests beside each other: %v", err))
	}
	m.Run()
}

// unwatched leaves the race detector out of SQLite: it was translated from C,
// and every access to its memory would be watched, which takes a process several
// times as long as everything else it does.
const unwatched = "-gcflags=modernc.org/...=-race=false"

// build makes the program, with the race detector where there is a C compiler
// for it: a race in modbot then ends the process that has it with raceExit.
func build(dir string) (string, error) {
	path := filepath.Join(dir, "modbot")
	args := []string{"build", "-o", path}
	if canRace() {
		args = append(args, "-race", unwatched)
	}
	out, err := exec.Command("go", append(args, "modbot/cmd/modbot")...).CombinedOutput() //nolint:noctx // bounded by the test's own timeout
	if err != nil {
		return "", fmt.Errorf("building modbot: %w\n%s", err, out)
	}
	return path, nil
}

// canRace reports whether go build takes -race here.
func canRace() bool {
	out, err := exec.Command("go", "env", "CGO_ENABLED", "CC").Output() //nolint:noctx // it only prints
	enabled, compiler, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || enabled != "1" || compiler == "" {
		return false
	}
	_, err = exec.LookPath(strings.Fields(compiler)[0])
	return err == nil
}
