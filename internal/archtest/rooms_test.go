package archtest

// room is one line of the dependency table. What is not listed is forbidden.
type room struct {
	// path is the package below the module; a last element * stands for one
	// folder of any name. Packages below it that have no line of their own are
	// part of the room: they follow its rule, and import each other freely.
	path string
	// imports are the packages of the project that it may import.
	imports []string
	// tests are further ones that its _test.go files may import. A test may
	// stand its room on real neighbours where the room itself knows only an
	// interface.
	tests []string
	// std says that it imports nothing beyond the standard library.
	std bool
}

// everything stands for all packages but cmd/modbot, which nobody imports.
const everything = "everything"

// rooms is the house from the ground up: a room stands on those above it.
var rooms = []room{
	// Values. They import nothing, so that everybody can import them.
	{path: "internal/mute", std: true},
	{path: "internal/chat", std: true},

	// Tencent. The simulator shares the wire format with the client and nothing
	// else, so that neither can hide a mistake of the other.
	{path: "internal/im/imwire"},
	{path: "internal/im/imsim", imports: []string{"internal/im/imwire", "internal/mute"}, tests: []string{"internal/testclock"}},
	{
		path: "internal/im", imports: []string{"internal/im/imwire", "internal/mute"},
		tests: []string{"internal/im/imsim"},
	},

	// The ledger. It reaches Tencent, the platforms and texts through interfaces
	// that it declares itself.
	{
		path: "internal/audit", imports: []string{"internal/chat", "internal/mute"},
		tests: []string{
			"internal/audit/audittest", "internal/audit/sqlstore", "internal/pgtest", "internal/im", "internal/im/imsim", "internal/im/imwire",
			"internal/testclock",
		},
	},
	// A PostgreSQL and a clock for tests. They know nothing of the project.
	{path: "internal/pgtest"},
	{path: "internal/testclock"},
	{path: "internal/audit/audittest", imports: []string{"internal/audit", "internal/chat", "internal/mute", "internal/testclock"}},
	{
		path: "internal/audit/sqlstore", imports: []string{"internal/audit", "internal/chat", "internal/mute"},
		tests: []string{"internal/audit/audittest", "internal/pgtest"},
	},

	// What people read, and what commands do.
	{path: "internal/texts", imports: []string{"internal/audit", "internal/chat", "internal/mute"}},
	{
		path: "internal/commands", imports: []string{"internal/audit", "internal/chat", "internal/mute", "internal/texts"},
		tests: []string{"internal/audit/sqlstore", "internal/pgtest", "internal/im", "internal/im/imsim", "internal/im/imwire"},
	},

	// The other side of each platform, scripted. It shares nothing with the
	// adapter, so that neither can hide a mistake of the other.
	{path: "internal/adapters/slack/slacksim", tests: []string{"internal/testclock"}},
	{
		path:  "internal/adapters/discord/discordsim",
		tests: []string{"internal/adapters/*", "internal/chat", "internal/testclock"},
	},

	// Platforms. Each knows the contract and the values, never each other.
	{path: "internal/adapters", imports: []string{"internal/chat"}},
	{path: "internal/adapters/adaptertest", imports: []string{"internal/adapters", "internal/chat"}},
	{
		path: "internal/adapters/*", imports: []string{"internal/adapters", "internal/chat"},
		tests: []string{"internal/adapters/adaptertest", "internal/adapters/slack/slacksim", "internal/adapters/discord/discordsim"},
	},

	// What is shown over HTTP of modbot itself. It gets what it shows through
	// interfaces of its own.
	{path: "internal/web", imports: []string{"internal/chat"}},

	{path: "internal/config"},
	{path: "internal/archtest"},
	{path: "internal/benchtable"},
	// Drives the built program for tests and judges what it left behind, with the
	// other sides alone: it shares no code with what it judges.
	{path: "internal/proctest", imports: []string{
		"internal/adapters/slack/slacksim", "internal/adapters/discord/discordsim", "internal/im/imsim", "internal/im/imwire",
	}},
	// Where the tests of the whole program put it. The accounts of the simulated
	// app have the domain's type; nothing else is shared.
	{path: "internal/proctest/stage", imports: []string{
		"internal/adapters/slack/slacksim", "internal/adapters/discord/discordsim", "internal/im/imsim", "internal/im/imwire",
		"internal/mute", "internal/proctest",
	}},
	// It drives the program from outside, and shares no mistake with it.
	{path: "internal/acceptance", tests: []string{"internal/adapters/slack/slacksim", "internal/adapters/discord/discordsim", "internal/pgtest", "internal/proctest"}},
	{path: "internal/soak", tests: []string{
		"internal/adapters/slack/slacksim", "internal/adapters/discord/discordsim", "internal/im/imsim", "internal/proctest", "internal/proctest/stage",
	}},
	{
		path: "internal/crash",
		tests: []string{
			"internal/adapters/slack/slacksim", "internal/adapters/discord/discordsim", "internal/audit", "internal/audit/sqlstore",
			"internal/im/imsim", "internal/im/imwire", "internal/mute", "internal/pgtest", "internal/proctest", "internal/proctest/stage",
		},
	},

	{path: "internal/replicas", tests: []string{
		"internal/adapters/slack/slacksim", "internal/adapters/discord/discordsim", "internal/im/imsim", "internal/im/imwire",
		"internal/pgtest", "internal/proctest", "internal/proctest/stage",
	}},

	// The wiring.
	{path: "cmd/modbot", imports: []string{everything}},
}

// foreign says which rooms may import a package from outside of the project;
// packages below it are meant too. What has no line here is free.
type foreign struct {
	path  string
	rooms []string
}

// suites are rooms that are not tests, but are called by tests alone.
var suites = []string{"internal/adapters/adaptertest", "internal/audit/audittest", "internal/pgtest", "internal/proctest", "internal/proctest/stage"}

var foreigners = []foreign{
	// SQL and its drivers stay in the one package that speaks SQL, and in the
	// suite that tampers with what that package wrote.
	{"database/sql", []string{"internal/audit/sqlstore", "internal/audit/audittest"}},
	{"modernc.org/sqlite", []string{"internal/audit/sqlstore"}},
	{"github.com/jackc/pgx/v5", []string{"internal/audit/sqlstore", "internal/pgtest"}},
	{"github.com/pressly/goose/v3", []string{"internal/audit/sqlstore"}},

	// A platform's SDK stays in its adapter.
	{"github.com/slack-go/slack", []string{"internal/adapters/slack"}},
	{"github.com/bwmarrin/discordgo", []string{"internal/adapters/discord", "internal/adapters/discord/discordsim"}},
	{"github.com/gorilla/websocket", []string{
		"internal/adapters/slack", "internal/adapters/slack/slacksim", "internal/adapters/discord", "internal/adapters/discord/discordsim",
	}},

	// Who may talk over the network at all.
	{"net/http", []string{
		"internal/im", "internal/im/imsim", "internal/adapters/*", "internal/adapters/adaptertest", "internal/adapters/slack/slacksim", "internal/adapters/discord/discordsim",
		"internal/web", "cmd/modbot", "internal/proctest", "internal/proctest/stage",
	}},

	// Metrics are counted through interfaces, and shown in one place.
	{"github.com/prometheus", []string{"internal/web"}},

	// The command line and the configuration have libraries of their own.
	{"github.com/spf13/cobra", []string{"cmd/modbot"}},
	{"github.com/goccy/go-yaml", []string{"internal/config"}},

	// Test libraries are for tests, and for the suites that tests call.
	{"testing", suites},
	{"github.com/stretchr/testify", suites},
	{"pgregory.net/rapid", suites},
	{"go.uber.org/goleak", suites},
	{"github.com/rogpeppe/go-internal", nil},

	// Not used by modbot: programs started from here could not be bounded, and
	// unsafe memory needs a better reason than speed.
	{"os/exec", []string{"internal/pgtest", "internal/proctest"}},
	{"unsafe", nil},
}

// vague are names that say nothing about what a package owns.
var vague = []string{"base", "common", "helper", "helpers", "lib", "manager", "misc", "model", "models", "service", "services", "shared", "type", "types", "util", "utils"}
