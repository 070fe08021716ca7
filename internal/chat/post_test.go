package chat_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func TestPost_Alone(t *testing.T) {
	seal := chat.Line{chat.Plain("size 7 root")}
	for name, c := range map[string]struct {
		lines []chat.Line
		seal  chat.Line
		want  string
	}{
		"its own line is sealed": {[]chat.Line{{chat.Plain("Done · #7")}, {chat.Plain("another channel fails")}}, seal, "Done · #7 · size 7 root\nanother channel fails"},
		"without a seal":         {[]chat.Line{{chat.Plain("Done · #7")}}, nil, "Done · #7"},
		"without words":          {nil, seal, "size 7 root"},
	} {
		t.Run(name, func(t *testing.T) {
			p := chat.Post{Message: chat.Message{Lines: c.lines}, Seal: c.seal}
			before := p.Message.Plain()
			require.Equal(t, c.want, p.Alone().Plain())
			require.Equal(t, before, p.Message.Plain(), "the post itself was changed")
		})
	}
}
