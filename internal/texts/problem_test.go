package texts

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func TestProblem_In(t *testing.T) {
	p := ReasonKeyword("unmute", "bob").Suggest("unmute alice, bob", "unmute alice reason: bob")
	require.Equal(t, "unmute alice, bob", p.Suggestion)
	require.Equal(t, []string{"unmute alice reason: bob"}, p.Also)

	m := p.In(Place{Prefix: "/mod "})
	require.Equal(t, p.Message+"\n→ /mod unmute alice, bob\n→ /mod unmute alice reason: bob", m.Plain())
	for _, l := range m.Lines[1:] {
		require.Equal(t, chat.SpanCode, l[1].Kind, "what can be pasted is code")
	}
}

func TestProblem_ValuesHaveNoPrefix(t *testing.T) {
	p := TermNoUnit("10", []string{"10m"}).SuggestValue("10m")
	require.Equal(t, p.Message+"\n→ 10m", p.In(Place{Prefix: "/mod "}).Plain())
}

func TestProblem_SuggestLeavesTheOriginal(t *testing.T) {
	p := TermZero("0")
	_ = p.Suggest("help")
	require.Empty(t, p.Suggestions())
}

// TestProblem_WordsOfOthersAreQuotes keeps what somebody typed apart from our
// own words, so that adapters escape it and it pings nobody.
func TestProblem_WordsOfOthersAreQuotes(t *testing.T) {
	const typed = "<@U1>\u202e刷"
	for name, p := range map[string]*Problem{
		"term": TermUnreadable(typed), "account": AccountCharacters(typed), "scope": ScopeUnknown(typed),
		"near": ScopeNearOrReason(typed, 1, "group"), "verb": VerbUnknown(typed, []string{"mute"}), "reason": ReasonKeyword("unmute", typed),
	} {
		t.Run(name, func(t *testing.T) {
			found := false
			for _, s := range p.In(Place{}).Lines[0] {
				require.NotContains(t, s.Text, "\u202e")
				if strings.Contains(s.Text, "<@U1>") {
					found = true
					require.Equal(t, chat.SpanQuote, s.Kind)
				}
			}
			require.True(t, found)
		})
	}
}

func TestProblem_RepeatsABoundedPart(t *testing.T) {
	p := TermUnreadable(strings.Repeat("刷", 10_000))
	require.Less(t, len([]rune(p.Message)), 2*TypedShown+60)
}

// constants lists the Code constants that this package declares.
func constants(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := map[string]string{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") || len(spec.Values) != 1 {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				value, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				found[spec.Names[0].Name] = value
			}
			return true
		})
	}
	return found
}

func TestCodes_AreListedOnceEach(t *testing.T) {
	listed := map[string]bool{}
	for _, c := range append(TypedCodes(), ReplyCodes()...) {
		require.False(t, listed[c.Code], "%s is listed twice", c.Code)
		require.NotEmpty(t, c.Meaning)
		listed[c.Code] = true
	}
	for name, code := range constants(t) {
		require.True(t, listed[code], "%s = %q is not listed", name, code)
	}
}

// TestCodes_Reference keeps docs/reference/codes.md equal to the code. With
// MODBOT_UPDATE_GOLDEN=1 it writes the tables.
func TestCodes_Reference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "reference", "codes.md")
	read, err := os.ReadFile(path)
	require.NoError(t, err)
	page := string(read)
	for _, section := range []struct {
		heading string
		codes   []CodeMeaning
	}{
		{"\n## What was typed\n", TypedCodes()},
		{"\n## Replies\n", ReplyCodes()},
	} {
		page = withTable(t, page, section.heading, section.codes)
	}
	if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, []byte(page), 0o600))
		return
	}
	require.Equal(t, page, string(read), "make golden writes the tables")
}

// withTable is the page with the table under a heading as it has to be.
func withTable(t *testing.T, page, heading string, codes []CodeMeaning) string {
	t.Helper()
	const head = "| code | meaning |\n|---|---|\n"
	before, rest, found := strings.Cut(page, heading)
	require.True(t, found, "no heading %q", heading)
	intro, rows, found := strings.Cut(rest, head)
	require.True(t, found, "no table under %q", heading)
	for strings.HasPrefix(rows, "|") {
		_, rows, _ = strings.Cut(rows, "\n")
	}
	var table strings.Builder
	for _, c := range codes {
		fmt.Fprintf(&table, "| `%s` | %s |\n", c.Code, c.Meaning)
	}
	return before + heading + intro + head + table.String() + rows
}
