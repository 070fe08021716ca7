//go:build unix

package acceptance

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"modbot/internal/proctest"
)

// The built modbot, as it is shipped and with the race detector in it. TestMain
// sets them before the first test runs and nobody changes them afterwards.
var program, watched string

// servers are the commands that do many things at once for a long time, and are
// watched for races. Those that do one thing and end are started by the
// thousand: the detector would take most of the tests' time.
var servers = []string{"serve", "demo", "bulk"}

// beside is how many tests run at once. They wait for leases longer than they
// compute, so that the number of processors is no measure; but with 16 of them on
// two processors, commands came to nothing because the database was late.
const beside = "6"

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
	// A race in modbot ends the process that has it with proctest.RaceExit.
	if program, err = proctest.Build(dir, false); err != nil {
		panic(err.Error())
	}
	if watched, err = proctest.Build(dir, true); err != nil {
		panic(err.Error())
	}
	if err := flag.Set("test.parallel", beside); err != nil {
		panic(fmt.Sprintf("running tests beside each other: %v", err))
	}
	m.Run()
}
