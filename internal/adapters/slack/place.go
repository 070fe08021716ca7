package slack

import (
	"encoding/json"
	"strconv"
	"time"

	"modbot/internal/chat"
)

// place is what a form remembers of where it was opened, in Slack's
// private_metadata: a submitted form knows neither the channel nor a
// response_url of its own. It comes back in a signed payload, and is still
// checked like everything from outside.
type place struct {
	Channel string `json:"c,omitempty"`
	Name    string `json:"n,omitempty"`
	URL     string `json:"u,omitempty"`
	Since   int64  `json:"t,omitempty"` // Unix seconds: when URL began to live
}

// maxMetadata is Slack's limit for private_metadata.
const maxMetadata = 3000

func (p place) metadata() string {
	raw, err := json.Marshal(p)
	if err != nil || len(raw) > maxMetadata { // then the answer is a direct message
		return ""
	}
	return string(raw)
}

// placeOf reads metadata. What can't be ours is nowhere.
func placeOf(metadata string) place {
	var p place
	if len(metadata) > maxMetadata || json.Unmarshal([]byte(metadata), &p) != nil ||
		p.Channel != "" && !isID(p.Channel, idChannel) || len(p.URL) > maxURL {
		return place{}
	}
	return p
}

func (p place) channel() chat.Channel { return chat.Channel{ID: p.Channel, Name: named(p.Name)} }

func (p place) since() time.Time { return time.Unix(p.Since, 0) }

func number(n int64) string { return strconv.FormatInt(n, 10) }
