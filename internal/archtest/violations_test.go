package archtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The rules find what they are for: each case is a small project.
func TestViolationsAreFound(t *testing.T) {
	const header = "// Package x is documented.\npackage x\n"
	for name, tt := range map[string]struct {
		files map[string]string // name to what follows the package clause
		want  []string          // nil: nothing is wrong
	}{
		"a room imports what its line lists": {
			files: map[string]string{"internal/audit/a.go": `import "modbot/internal/mute"`},
		},
		"a value package imports the project": {
			files: map[string]string{"internal/chat/a.go": `import "modbot/internal/mute"`},
			want:  []string{"internal/chat/a.go: internal/chat may not import internal/mute"},
		},
		"a value package imports a library": {
			files: map[string]string{"internal/mute/a.go": `import "golang.org/x/time/rate"`},
			want:  []string{"internal/mute/a.go: internal/mute imports the standard library only, not golang.org/x/time/rate"},
		},
		"its test may": {
			files: map[string]string{"internal/mute/a_test.go": `import "pgregory.net/rapid"`, "internal/mute/a.go": ""},
		},
		"the ledger knows no texts": {
			files: map[string]string{"internal/audit/a.go": `import "modbot/internal/texts"`},
			want:  []string{"internal/audit/a.go: internal/audit may not import internal/texts"},
		},
		"the ledger knows no store": {
			files: map[string]string{"internal/audit/a.go": `import "modbot/internal/audit/sqlstore"`},
			want:  []string{"internal/audit/a.go: internal/audit may not import internal/audit/sqlstore"},
		},
		"its tests stand on one": {
			files: map[string]string{"internal/audit/a_test.go": `import "modbot/internal/audit/sqlstore"`, "internal/audit/a.go": ""},
		},
		"the contract of the platforms knows no core": {
			files: map[string]string{"internal/adapters/a.go": "import (\n\t\"modbot/internal/commands\"\n\t\"modbot/internal/audit\"\n\t\"modbot/internal/im\"\n)"},
			want: []string{
				"internal/adapters/a.go: internal/adapters may not import internal/audit",
				"internal/adapters/a.go: internal/adapters may not import internal/commands",
				"internal/adapters/a.go: internal/adapters may not import internal/im",
			},
		},
		"a platform imports another": {
			files: map[string]string{"internal/adapters/slack/a.go": `import "modbot/internal/adapters/console"`},
			want:  []string{"internal/adapters/slack/a.go: internal/adapters/* may not import internal/adapters/console"},
		},
		"a platform imports a part of itself": {
			files: map[string]string{"internal/adapters/slack/a.go": `import "modbot/internal/adapters/slack/blocks"`},
		},
		"a part of a platform imports another platform": {
			files: map[string]string{"internal/adapters/slack/blocks/a.go": `import "modbot/internal/adapters/console"`},
			want:  []string{"internal/adapters/slack/blocks/a.go: internal/adapters/* may not import internal/adapters/console"},
		},
		"a part of the commands follows the rule of the commands": {
			files: map[string]string{
				"internal/commands/grammar/a.go": "import (\n\t\"modbot/internal/texts\"\n\t\"modbot/internal/im\"\n)",
				"internal/commands/a.go":         `import "modbot/internal/commands/grammar"`,
			},
			want: []string{"internal/commands/grammar/a.go: internal/commands may not import internal/im"},
		},
		"the simulator knows no client": {
			files: map[string]string{"internal/im/imsim/a.go": `import "modbot/internal/im"`},
			want:  []string{"internal/im/imsim/a.go: internal/im/imsim may not import internal/im"},
		},
		"the other side of a platform knows no adapter": {
			files: map[string]string{"internal/adapters/slack/slacksim/a.go": `import "modbot/internal/adapters/slack/blocks"`},
			want:  []string{"internal/adapters/slack/slacksim/a.go: internal/adapters/slack/slacksim may not import internal/adapters/slack/blocks"},
		},
		"it is for tests": {
			files: map[string]string{
				"internal/adapters/slack/a.go":      `import "modbot/internal/adapters/slack/slacksim"`,
				"internal/adapters/slack/a_test.go": `import "modbot/internal/adapters/slack/slacksim"`,
			},
			want: []string{"internal/adapters/slack/a.go: internal/adapters/* may not import internal/adapters/slack/slacksim"},
		},
		"a renamed import is an import": {
			files: map[string]string{"internal/config/a.go": `import quiet "modbot/internal/mute"`},
			want:  []string{"internal/config/a.go: internal/config may not import internal/mute"},
		},
		"a blank import is an import": {
			files: map[string]string{"internal/commands/a.go": `import _ "modernc.org/sqlite"`},
			want:  []string{"internal/commands/a.go: internal/commands may not import modernc.org/sqlite"},
		},
		"a file of another system counts": {
			files: map[string]string{"internal/chat/a_windows.go": `import "modbot/internal/mute"`},
			want:  []string{"internal/chat/a_windows.go: internal/chat may not import internal/mute"},
		},
		"SQL is for the store": {
			files: map[string]string{"internal/audit/sqlstore/a.go": `import "database/sql"`, "internal/audit/a.go": `import "database/sql/driver"`},
			want:  []string{"internal/audit/a.go: internal/audit may not import database/sql/driver"},
		},
		"an SDK is for its adapter": {
			files: map[string]string{
				"internal/adapters/slack/a.go":   `import "github.com/slack-go/slack/socketmode"`,
				"internal/adapters/discord/a.go": `import "github.com/slack-go/slack"`,
			},
			want: []string{"internal/adapters/discord/a.go: internal/adapters/* may not import github.com/slack-go/slack"},
		},
		"an SDK is for the parts of its adapter": {
			files: map[string]string{
				"internal/adapters/slack/blocks/a.go":   `import "github.com/slack-go/slack"`,
				"internal/adapters/discord/render/a.go": `import "github.com/slack-go/slack"`,
			},
			want: []string{"internal/adapters/discord/render/a.go: internal/adapters/* may not import github.com/slack-go/slack"},
		},
		"a room below another one may not do what that may": {
			files: map[string]string{"internal/im/imwire/a.go": `import "net/http"`, "internal/im/a.go": `import "net/http"`},
			want:  []string{"internal/im/imwire/a.go: internal/im/imwire may not import net/http"},
		},
		"metrics are shown in one place": {
			files: map[string]string{
				"internal/web/a.go": `import "github.com/prometheus/client_golang/prometheus"`,
				"cmd/modbot/a.go":   `import "github.com/prometheus/client_golang/prometheus/promhttp"`,
			},
			want: []string{"cmd/modbot/a.go: cmd/modbot may not import github.com/prometheus/client_golang/prometheus/promhttp"},
		},
		"the web knows no platform": {
			files: map[string]string{"internal/web/a.go": "import (\n\t\"modbot/internal/adapters\"\n\t\"modbot/internal/im\"\n)"},
			want: []string{
				"internal/web/a.go: internal/web may not import internal/adapters",
				"internal/web/a.go: internal/web may not import internal/im",
			},
		},
		"test libraries are for tests": {
			files: map[string]string{"internal/im/a.go": `import "github.com/stretchr/testify/require"`, "internal/im/a_test.go": `import "testing"`},
			want:  []string{"internal/im/a.go: internal/im may not import github.com/stretchr/testify/require"},
		},
		"nobody imports the program": {
			files: map[string]string{"internal/im/a_test.go": `import "modbot/cmd/modbot"`, "internal/im/a.go": "", "cmd/modbot/a_test.go": `import "modbot/cmd/modbot/x"`, "cmd/modbot/a.go": ""},
			want: []string{
				"cmd/modbot/a_test.go: cmd/modbot may not import cmd/modbot/x",
				"internal/im/a_test.go: internal/im may not import cmd/modbot",
			},
		},
		"the program imports everything": {
			files: map[string]string{"cmd/modbot/a.go": "import (\n\t\"modbot/internal/im\"\n\t\"modbot/internal/adapters/console\"\n\t\"github.com/spf13/cobra\"\n)"},
		},
		"a package without a line": {
			files: map[string]string{"internal/cache/a.go": `import "modbot/internal/mute"`, "tools/a.go": ""},
			want:  []string{"internal/cache: has no line in the table of rooms", "tools: has no line in the table of rooms"},
		},
		"a name that says nothing": {
			files: map[string]string{"internal/commands/util/a.go": ""},
			want:  []string{`internal/commands/util: a package is named after what it owns; "util" says nothing`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var files []source
			for file, imports := range tt.files {
				files = append(files, parse(t, file, header+imports))
			}
			require.Equal(t, tt.want, violations(files))
		})
	}
}

func TestAPackageIsDocumented(t *testing.T) {
	files := []source{
		parse(t, "internal/im/a.go", "package im\n"),
		parse(t, "internal/im/a_test.go", "// Package im is documented in the wrong place.\npackage im\n"),
	}
	require.Equal(t, []string{"internal/im: no file has a package comment"}, violations(files))
}
