package discord

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// interactionHead begins an interaction; data and the end follow.
const interactionHead = `"id":"845027738276462632","application_id":"1100","token":"aW50ZXJhY3Rpb24","guild_id":"1200","channel_id":"1300",` +
	`"member":{"user":{"id":"7700","username":"mia"},"nick":null,"roles":["31"]}`

func TestDecodeInteraction_ReadsWhatIsNeeded(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want func(t *testing.T, in interaction)
	}{
		"ping": {`{"type":1}`, func(t *testing.T, in interaction) { require.Equal(t, kindPing, in.kind) }},
		"values of every type": {`{"type":2,` + interactionHead + `,"data":{"name":"mute","type":1,"options":[
			{"name":"a","type":3,"value":"x\u202ey"},{"name":"b","type":4,"value":41},{"name":"c","type":10,"value":1.50},
			{"name":"d","type":6,"value":"4242"},{"name":"e","type":3,"value":""}]}}`, func(t *testing.T, in interaction) {
			require.Equal(t, kindCommand, in.kind)
			require.Equal(t, []chat.Option{{Name: "a", Value: "x\u202ey"}, {Name: "b", Value: "41"}, {Name: "c", Value: "1.50"}, {Name: "d", Value: "<@4242>"}, {Name: "e"}}, in.command.options)
		}},
		"roles that aren't there": {strings.Replace(`{"type":2,`+interactionHead+`,"data":{"name":"mute","type":1}}`, `,"roles":["31"]`, "", 1), func(t *testing.T, in interaction) {
			require.False(t, in.rolesKnown)
		}},
		"no roles at all": {strings.Replace(`{"type":2,`+interactionHead+`,"data":{"name":"mute","type":1}}`, `["31"]`, "[]", 1), func(t *testing.T, in interaction) {
			require.True(t, in.rolesKnown)
			require.Empty(t, in.roles)
		}},
		"the nickname is for people": {strings.Replace(`{"type":3,`+interactionHead+`,"data":{"custom_id":"x"}}`, `"nick":null`, `"nick":"The Mia"`, 1), func(t *testing.T, in interaction) {
			require.Equal(t, chat.Actor{ID: "7700", Name: "The Mia"}, in.actor)
		}},
		"a click on what only its actor sees": {`{"type":3,` + interactionHead + `,"message":{"flags":64,"components":[{"type":99}]},"data":{"custom_id":"x"}}`, func(t *testing.T, in interaction) {
			require.True(t, in.private)
			require.Equal(t, "x", in.customID)
		}},
		"a direct message": {`{"type":2,"id":"1","token":"t","channel_id":"2","user":{"id":"7700","username":"mia"},"data":{"name":"mute","type":1}}`, func(t *testing.T, in interaction) {
			require.Empty(t, in.guild)
			require.Equal(t, "7700", in.actor.ID)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := decodeInteraction([]byte(c.body), testApp, time.Unix(1, 0))
			require.NoError(t, err)
			c.want(t, in)
		})
	}
}

func TestDecodeInteraction_RefusesWhatIsNotOne(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":                   ``,
		"no object":                 `[]`,
		"null":                      `null`,
		"another type":              `{"type":6,` + interactionHead + `}`,
		"a type of bad type":        `{"type":"2"}`,
		"no id":                     `{"type":2,"token":"t","channel_id":"1"}`,
		"an id that bends a path":   strings.Replace(`{"type":2,`+interactionHead+`,"data":{"name":"mute"}}`, "845027738276462632", "1/../2", 1),
		"a token that bends a path": strings.Replace(`{"type":2,`+interactionHead+`,"data":{"name":"mute"}}`, "aW50ZXJhY3Rpb24", "../x", 1),
		"a token of dots":           strings.Replace(`{"type":2,`+interactionHead+`,"data":{"name":"mute"}}`, "aW50ZXJhY3Rpb24", "..", 1),
		"a token that is too long":  strings.Replace(`{"type":2,`+interactionHead+`,"data":{"name":"mute"}}`, "aW50ZXJhY3Rpb24", strings.Repeat("x", maxToken+1), 1),
		"no actor":                  `{"type":2,"id":"1","token":"t","guild_id":"1","channel_id":"2","data":{"name":"mute"}}`,
		"a role that is none":       strings.Replace(`{"type":2,`+interactionHead+`,"data":{"name":"mute"}}`, `["31"]`, `["admin"]`, 1),
		"another application's":     strings.Replace(`{"type":2,`+interactionHead+`,"data":{"name":"mute"}}`, `"1100"`, `"1"`, 1),
		"a command without a name":  `{"type":2,` + interactionHead + `,"data":{}}`,
		"a command without data":    `{"type":2,` + interactionHead + `}`,
		"an option that is a list":  `{"type":2,` + interactionHead + `,"data":{"name":"mute","options":[{"name":"a","type":3,"value":[]}]}}`,
		"an option that is yes":     `{"type":2,` + interactionHead + `,"data":{"name":"mute","options":[{"name":"a","type":5,"value":true}]}}`,
		"an option without a value": `{"type":2,` + interactionHead + `,"data":{"name":"mute","options":[{"name":"sub","type":1}]}}`,
		"a menu without a target":   `{"type":2,` + interactionHead + `,"data":{"name":"Mute…","type":2}}`,
		"a message without author":  `{"type":2,` + interactionHead + `,"data":{"name":"Mute author…","type":3,"target_id":"1"}}`,
		"typing without a focus":    `{"type":4,` + interactionHead + `,"data":{"name":"mute","options":[]}}`,
		"a form of bad components":  `{"type":5,` + interactionHead + `,"data":{"custom_id":"f1|mute","components":[{"type":1,"components":[7]}]}}`,
		"a form of new components":  `{"type":5,` + interactionHead + `,"data":{"custom_id":"f1|mute","components":[{"type":99}]}}`,
		"a form of missing parts":   `{"type":5,` + interactionHead + `,"data":{"custom_id":"f1|mute","components":[null]}}`,
		"a click that is no object": `{"type":3,` + interactionHead + `,"data":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeInteraction([]byte(body), testApp, time.Unix(1, 0))
			require.Error(t, err)
			require.NotContains(t, err.Error(), "aW50ZXJhY3Rpb24", "the token is in an error")
		})
	}
}

// FuzzInteraction plays everything that can be done with what was read, short of
// the network: nothing panics, and nothing becomes an invocation without an
// actor.
func FuzzInteraction(f *testing.F) {
	for _, body := range []string{
		`{"type":1}`,
		`{"type":2,` + interactionHead + `,"data":{"name":"mute","type":1,"options":[{"name":"account","type":3,"value":"alice"}]}}`,
		`{"type":2,` + interactionHead + `,"data":{"name":"Mute…","type":2,"target_id":"4242"}}`,
		`{"type":2,` + interactionHead + `,"data":{"name":"Mute author…","type":3,"target_id":"9","resolved":{"messages":{"9":{"author":{"id":"8"}}}}}}`,
		`{"type":3,` + interactionHead + `,"message":{"flags":64},"data":{"custom_id":"m1|extend||o|e|41"}}`,
		`{"type":4,` + interactionHead + `,"data":{"name":"mute","options":[{"name":"account","type":3,"value":"al","focused":true}]}}`,
		`{"type":5,` + interactionHead + `,"data":{"custom_id":"f1|mute","components":[{"type":1,"components":[{"type":4,"custom_id":"account","value":"alice"}]}]}}`,
	} {
		f.Add([]byte(body))
	}
	d := &Discord{log: zap.NewNop(), cfg: Config{ApplicationID: testApp, Specs: testSpecs(), Meter: adapters.Unmetered{}, Now: time.Now}}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := decodeInteraction(body, testApp, time.Unix(1, 0))
		if err != nil || in.kind == kindPing {
			return
		}
		require.True(t, snowflake(in.actor.ID))
		require.NotEmpty(t, in.actor.Name)
		require.True(t, tokenLike(in.token))
		for _, inv := range []chat.Invocation{d.typed(in), d.pointed(in), d.filled(in, "mute"), d.opened(in, "case", chat.Click{Case: 1})} {
			require.Equal(t, in.id, inv.Key)
			require.Equal(t, in.actor, inv.Actor)
		}
		_, _ = d.decodeForm(in.customID)
		turn := d.newTurn(in)
		_, err = json.Marshal(turn.placeholder())
		require.NoError(t, err)
	})
}

func FuzzFresh(f *testing.F) {
	f.Add("1531420618", int64(1531420618))
	f.Add("-9223372036854775808", int64(0))
	f.Add("9223372036854775807", int64(1531420618))
	f.Fuzz(func(t *testing.T, timestamp string, now int64) {
		now %= 1 << 40
		if fresh(timestamp, time.Unix(now, 0)) {
			require.LessOrEqual(t, len(timestamp), 21)
		}
	})
}
