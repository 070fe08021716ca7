package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters/console"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

// A full checkpoint can be copied out of every platform and pasted as it is.
func TestCheckpointPasted(t *testing.T) {
	f := newFilledLedger(t)
	signed := runAudit(t, "", "checkpoint", "--store", f.path, "--key", f.keyFile)
	require.Zero(t, signed.code, signed.err)
	lines := strings.Split(signed.out, "\n")
	short := lines[1] + " " + lines[2][:22]
	post := texts.Post(texts.PostInput{
		Entry: audit.Entry{Seq: 6}, Full: signed.out, Checkpoint: short, Message: 2, Before: short,
	})
	_, slack, err := blocks.Posts([]chat.Post{post}, nil)
	require.NoError(t, err)
	thawed, err := blocks.Thaw(slack)
	require.NoError(t, err)
	_, discord, err := render.Posts([]chat.Post{post}, nil)
	require.NoError(t, err)
	decoded, err := render.Decode(discord)
	require.NoError(t, err)
	screen, err := console.New(zap.NewNop(), console.Config{
		In: strings.NewReader(""), Out: &strings.Builder{}, JSON: true, People: []console.Person{{ID: "mia"}},
	})
	require.NoError(t, err)
	_, line, err := screen.Render([]chat.Post{post})
	require.NoError(t, err)
	export, err := json.Marshal([]map[string]string{{"user": "U1", "text": thawed.Text}})
	require.NoError(t, err)
	for name, text := range map[string]string{
		"slack": thawed.Text, "slack, exported": string(export), "slack, frozen": string(slack),
		"discord": decoded.Content, "discord, frozen": string(discord), "console": string(line),
		"discord, as shown": strings.ReplaceAll(decoded.Content, "`", ""),
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := audit.ParseCheckpoints(text)
			require.NoError(t, err)
			full := 0
			for _, c := range claims {
				require.Equal(t, short, c.String())
				if c.Signed != "" {
					full++
				}
			}
			if !strings.Contains(name, "slack, frozen") { // there the lines are apart, in elements
				require.Positive(t, full, "the signed form is found:\n%s", text)
			}
			got := runAudit(t, text, "verify", "--store", f.path, "--checkpoint", "-")
			require.Zero(t, got.code, got.out+got.err)
		})
	}
}
