package commands_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/texts"
)

// TestReference keeps the verbs of docs/reference/commands.md equal to the
// specs. MODBOT_UPDATE_GOLDEN=1 writes them anew.
func TestReference(t *testing.T) {
	const path, mark = "../../docs/reference/commands.md", "<!-- verbs: written by `make golden` -->\n"
	doc, err := os.ReadFile(path)
	require.NoError(t, err)
	prose, written, found := strings.Cut(string(doc), mark)
	require.True(t, found, "%s has lost its mark", path)
	var want strings.Builder
	for _, s := range commands.Specs() {
		describe(&want, s)
	}
	if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, []byte(prose+mark+want.String()), 0o600))
		return
	}
	require.Equal(t, want.String(), written)
}

func describe(b *strings.Builder, s chat.Spec) {
	fmt.Fprintf(b, "\n### %s\n\n`%s`\n\n%s.", s.Verb, texts.Usage(s), s.Summary)
	switch s.Access {
	case chat.AccessAnyone:
		b.WriteString(" Anyone may.")
	case chat.AccessImplied:
		b.WriteString(" Whoever was asked may, if the roles still allow what was asked.")
	case chat.AccessRole:
		b.WriteString(" Needs a role that lists it.")
	}
	b.WriteString("\n\n")
	for _, o := range s.Options {
		fmt.Fprintf(b, "- %s: %s\n", o.Name, o.Summary)
	}
	if len(s.Options) > 0 {
		b.WriteByte('\n')
	}
	for _, e := range s.Examples {
		fmt.Fprintf(b, "    %s\n", e)
	}
}
