//go:build unix

package crash

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"modbot/internal/proctest"
)

// The environment says whether the long form runs, and by which numbers things
// go wrong.
const (
	envLong = "MODBOT_CRASH"
	envSeed = "MODBOT_CRASH_SEED"
)

// beside is how many tests run at once in the short form. They wait for leases
// far longer than they compute, so that the number of processors is no measure.
const beside = "8"

// program is the built modbot. TestMain sets it before the first test runs and
// nobody changes it afterwards.
var program string

func TestMain(m *testing.M) {
	if path := os.Getenv(envAppender); path != "" {
		appendForever(path)
		return
	}
	flag.Parse()
	if !long() {
		if err := flag.Set("test.parallel", beside); err != nil {
			panic(fmt.Sprintf("running tests beside each other: %v", err))
		}
	}
	dir, err := os.MkdirTemp("", "modbot-crash-")
	if err != nil {
		panic(fmt.Sprintf("a folder for the program: %v", err))
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the folder for temporary files
	// The long form is about many kills, not about races: those are found by the
	// short one.
	program, err = proctest.Build(dir, !long())
	if err != nil {
		panic(err.Error())
	}
	m.Run()
}

func long() bool { return os.Getenv(envLong) != "" }

// seedOf is the seed of a test, and says it.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(envSeed); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", envSeed, err)
		}
	}
	t.Logf("%s=%d", envSeed, seed)
	return seed
}

// randomOf is a source of numbers for one purpose of a test.
func randomOf(seed, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, purpose))
}
