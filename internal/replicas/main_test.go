//go:build unix

package replicas

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"modbot/internal/proctest"
)

// envLong says for how long the long form of each test goes on.
const envLong = "MODBOT_REPLICAS"

// program is the built modbot. TestMain sets it before the first test runs and
// nobody changes it afterwards.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "modbot-replicas-")
	if err != nil {
		panic(fmt.Sprintf("a folder for the program: %v", err))
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the folder for temporary files
	if program, err = proctest.Build(dir, false); err != nil {
		panic(err.Error())
	}
	m.Run()
}

// lasting is how long a test goes on: short, or as the environment says.
func lasting(t *testing.T, short time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(envLong)
	if text == "" {
		return short
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", envLong, err)
	}
	return long
}
