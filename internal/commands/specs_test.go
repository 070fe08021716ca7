package commands_test

import (
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/grammar"
)

// What the narrowest platform (Discord) takes of a command and its options.
const maxDescription = 100

var optionName = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

func TestSpecs_ExamplesAreCommands(t *testing.T) {
	p := grammar.New(commands.Specs())
	for _, s := range commands.Specs() {
		require.NotEmpty(t, s.Examples, s.Verb)
		for _, e := range s.Examples {
			cmd, problem := p.Parse(e)
			require.Nil(t, problem, e)
			require.Equal(t, s.Verb, cmd.Verb, e)
			again, problem := p.Parse(cmd.String())
			require.Nil(t, problem, cmd.String())
			require.Equal(t, cmd.String(), again.String())
		}
	}
}

func TestSpecs_FitEveryPlatform(t *testing.T) {
	verbs := map[string]bool{}
	for _, s := range commands.Specs() {
		require.False(t, verbs[s.Verb], "%s is there twice", s.Verb)
		verbs[s.Verb] = true
		require.Regexp(t, optionName, s.Verb)
		requireSummary(t, s.Verb, s.Summary)
		options, optional := map[string]bool{}, false
		for _, o := range s.Options {
			require.False(t, options[o.Name], "%s has two options %s", s.Verb, o.Name)
			options[o.Name] = true
			require.Regexp(t, optionName, o.Name)
			requireSummary(t, s.Verb+" "+o.Name, o.Summary)
			require.False(t, o.Required && optional, "%s: required options come first", s.Verb)
			optional = optional || !o.Required
			if o.Kind == chat.OptionScope || o.Kind == chat.OptionText {
				require.NotEmpty(t, o.Keyword, "%s %s", s.Verb, o.Name)
			}
		}
	}
	require.True(t, verbs[grammar.VerbHelp])
}

func requireSummary(t *testing.T, of, summary string) {
	t.Helper()
	require.NotEmpty(t, summary, of)
	require.LessOrEqual(t, utf8.RuneCountInString(summary), maxDescription, of)
	require.NotRegexp(t, `\.$`, summary, of)
}
