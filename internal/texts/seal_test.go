package texts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
)

// What ends a message, and what a checkpoint and an erasure look like.
func TestPosts_OfTheLedgerItself(t *testing.T) {
	const now, before = "1204 mGm4dW0vyVb+vlWAYkK/YB", "1190 q83vASNFZ4mrze8BI0VniQ"
	for name, c := range map[string]struct {
		in   PostInput
		want string
	}{
		"the first message": {
			PostInput{Entry: audit.Entry{Seq: 2, Kind: audit.KindQuestion}, Checkpoint: now, Message: 1},
			"Waiting · #2 · size " + now + " · message 1",
		},
		"a later one": {
			PostInput{Entry: audit.Entry{Seq: 2, Kind: audit.KindQuestion}, Checkpoint: now, Message: 18, Before: before},
			"Waiting · #2 · size " + now + " · message 18 after " + before,
		},
		"an erasure": {
			PostInput{Entry: audit.Entry{
				Seq: 9, Kind: audit.KindRedacted, About: 1, Personal: &audit.Personal{Actor: "cli:ada", ActorName: "ada", Reason: "request 17"},
			}, Checkpoint: now},
			"Personal fields erased · of entry 1 · by ada (cli:ada) · “request 17” · #9 · size " + now,
		},
		"a full checkpoint": {
			PostInput{
				Entry: audit.Entry{Seq: 1204, Time: time.Time{}}, Checkpoint: now, Message: 19, Before: now,
				Full: "example.org/modbot\n1204\nmGm4dW0vyVb+vlWAYkK/YBmGm4dW0vyVb+vlWAYkK/Y=\n\n— example.org/modbot c2ln\n",
			},
			"Checkpoint · the first 1204 entries of this log are as signed here. To check the log, paste this message into " +
				"modbot audit verify --checkpoint - · size " + now + " · message 19 after " + now +
				"\nexample.org/modbot\n1204\nmGm4dW0vyVb+vlWAYkK/YBmGm4dW0vyVb+vlWAYkK/Y=\n— example.org/modbot c2ln",
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, Post(c.in).Alone().Plain()) })
	}
	p := Post(PostInput{Entry: audit.Entry{Seq: 7}, Full: "o\n7\nr\n\n— o s\n"})
	require.Equal(t, PostCheckpoint, p.Kind)
	require.Equal(t, []int64{7, 7}, []int64{p.FirstSeq, p.LastSeq})
	require.Empty(t, p.Cases)
}
