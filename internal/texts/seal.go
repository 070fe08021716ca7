package texts

import (
	"fmt"
	"strconv"
	"strings"

	"modbot/internal/chat"
)

// seal is how a message in the audit channel ends, the same on every platform,
// so that channels can be compared: the short checkpoint that covers its
// entries, its own number, and the short checkpoint of the message before.
func seal(in PostInput) chat.Line {
	if in.Checkpoint == "" {
		return nil
	}
	words := "size " + in.Checkpoint
	if in.Message != 0 {
		words += " · message " + strconv.FormatInt(in.Message, 10)
	}
	if in.Before != "" {
		words += " after " + in.Before
	}
	return chat.Line{chat.Plain(words)}
}

// VerifyPasted is what a checkpoint that was copied from a channel is given to.
const VerifyPasted = "modbot audit verify --checkpoint -"

// checkpointPost is a message of its own about a full signed checkpoint. Its
// lines are shown verbatim, so that they can be copied with all that is around
// them.
func checkpointPost(in PostInput) chat.Post {
	m := chat.Message{Lines: []chat.Line{{
		chat.Strong("Checkpoint"),
		chat.Plain(fmt.Sprintf(" · the first %s of this log are as signed here. To check the log, paste this message into ", entries(in.Entry.Seq))),
		chat.Code(VerifyPasted),
	}}}
	for l := range strings.SplitSeq(strings.TrimSpace(in.Full), "\n") {
		if l != "" {
			m.Lines = append(m.Lines, chat.Line{chat.Code(l)})
		}
	}
	return chat.Post{
		FirstSeq: in.Entry.Seq, LastSeq: in.Entry.Seq, Kind: PostCheckpoint, Time: in.Entry.Time, Message: m, Seal: seal(in),
	}
}

// PostCheckpoint is the kind of a post that is no entry, but a checkpoint.
const PostCheckpoint = "checkpoint"

func entries(n int64) string {
	if n == 1 {
		return "entry"
	}
	return strconv.FormatInt(n, 10) + " entries"
}
