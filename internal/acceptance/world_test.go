//go:build unix

package acceptance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
)

// world is one workspace: a simulated app, a ledger, and the people who may
// type. Every process of it is started with the same configuration.
type world struct {
	t     *testing.T
	sim   *simulator
	proxy *proxy
	dir   string
	runs  []*process

	// What modbot.yaml says: configure writes it.
	host, roles, more string
	ledger            store
	perSecond         int
}

// ask makes the policy ask before long and permanent mutes.
const ask = "confirm: { longer_than: 30d, permanent: true }\n"

// newWorld makes a world with its ledger in a SQLite file. more is added to the
// configuration.
func newWorld(t *testing.T, more ...string) *world {
	t.Helper()
	return worldOf(t, onSQLite, startSim(t), more...)
}

// newWorldOn makes a world with its ledger in either kind of store.
func newWorldOn(t *testing.T, on dialect) *world {
	t.Helper()
	return worldOf(t, on, startSim(t))
}

// worldOf makes a world around an app.
func worldOf(t *testing.T, on dialect, sim *simulator, more ...string) *world {
	t.Helper()
	w := &world{t: t, sim: sim, dir: t.TempDir()}
	w.proxy = startProxy(t, w.sim.address)
	w.write("tencent.key", appKey+"\n")
	w.host, w.ledger, w.more, w.perSecond = w.proxy.server.URL, emptyStore(t, on, w.dir), strings.Join(more, ""), 100
	w.roles = rolesOf("cli: { users: [jun] }", "cli: { users: [mia, mo] }", "cli: { users: [ada] }")
	w.configure()
	return w
}

// rolesOf are three roles, with the lines that say who holds them: a junior may
// mute for a day, a moderator for a week, an admin may do everything, and
// nobody else may do anything.
func rolesOf(junior, moderator, admin string) string {
	return `roles:
  junior:
    ` + junior + `
    verbs: [mute, unmute, status, history, case]
    scopes: [group, c2c, all]
    max_term: 1d
  moderator:
    ` + moderator + `
    verbs: [mute, unmute, status, mutes, history, case]
    scopes: [group, c2c, all]
    max_term: 7d
  admin:
    ` + admin + `
    verbs: [mute, unmute, status, mutes, history, case, health, redact]
    scopes: [group, c2c, all]
    max_term: 4294967294s
    permanent: true
`
}

func (w *world) write(name, text string) {
	w.t.Helper()
	require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
}

// configure writes modbot.yaml. mia and mo are moderators, jun is a junior, and
// ada is an admin.
func (w *world) configure() {
	w.t.Helper()
	w.write("modbot.yaml", `tencent:
  host: `+w.host+`
  sdk_app_id: `+appID+`
  identifier: `+adminID+`
  secret_key_file: tencent.key
  rate_per_second: `+strconv.Itoa(w.perSecond)+`
store:
  url: `+w.ledger.url+`
ledger:
  origin: acceptance.example/modbot
  signing_key_file: ledger.key
`+w.roles+`protect: [administrator]
`+w.more)
}

// launch begins `modbot run` and does not wait for it.
func (w *world) launch(as, command string, flags ...string) *process {
	w.t.Helper()
	return w.begin(proctest.Launch{}, as, command, flags...)
}

// begin is launch with more to say about the process.
func (w *world) begin(l proctest.Launch, as, command string, flags ...string) *process {
	w.t.Helper()
	l.Dir = w.dir
	l.Args = append(append([]string{"run", "-c", filepath.Join(w.dir, "modbot.yaml"), "--as", as, "--json"}, flags...), command)
	p := start(w.t, l)
	w.runs = append(w.runs, p)
	return p
}

// result is a `modbot run` that has ended.
type result struct {
	exit    int
	replies []line
	posts   []line
	failure *failure // instead of an answer
	stderr  string
}

// run runs one command to its end.
func (w *world) run(as, command string, flags ...string) result {
	w.t.Helper()
	return w.ended(w.launch(as, command, flags...))
}

// ended waits for a `modbot run`.
func (w *world) ended(p *process) result {
	w.t.Helper()
	r := result{exit: p.wait(), stderr: p.Logged()}
	for _, l := range p.printed() {
		switch {
		case l.Type == "reply":
			r.replies = append(r.replies, l)
		case l.Type == "post":
			r.posts = append(r.posts, l)
		case l.Error != nil:
			r.failure = l.Error
		default:
			w.t.Fatalf("%s printed a line of no known type: %+v", p, l)
		}
	}
	return r
}

// reply is the last answer.
func (r result) reply(t *testing.T) line {
	t.Helper()
	require.NotEmpty(t, r.replies, "no answer; exit %d, error %+v\n%s", r.exit, r.failure, r.stderr)
	return r.replies[len(r.replies)-1]
}

// done runs a command that has to succeed, and returns its answer. On a machine
// that does too much, a database server does not answer in time for a person;
// then nothing is done, and who is told so types it again.
func (w *world) done(as, command string, flags ...string) line {
	w.t.Helper()
	r := w.run(as, command, flags...)
	for giveUp := time.Now().Add(settleWithin); w.ledger.on == onPostgres && r.reply(w.t).Code == "no_record" && time.Now().Before(giveUp); {
		r = w.run(as, command, flags...)
	}
	reply := r.reply(w.t)
	require.Equal(w.t, exitOK, r.exit, "%s: %+v\n%s", command, reply, r.stderr)
	require.Contains(w.t, []string{"done", "info"}, reply.State, "%s: %+v", command, reply)
	return reply
}

// confirmed answers a question that a command asked, and returns the answer to
// that.
func (w *world) confirmed(as string, question line, choice string) line {
	w.t.Helper()
	require.Equal(w.t, "needs_confirm", question.State, "%+v", question)
	require.Len(w.t, question.Cases, 1)
	return w.done(as, "confirm "+itoa(question.Cases[0])+" "+choice)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// posts are all audit posts of the world, in the order of the processes that
// printed them.
func (w *world) posts() []line {
	w.t.Helper()
	var out []line
	for _, p := range w.runs {
		out = append(out, p.posts()...)
	}
	return out
}

// modbot runs another sub-command in the world's folder.
func (w *world) modbot(stdin string, args ...string) (exit int, lines []string, stderr string) {
	w.t.Helper()
	p := start(w.t, proctest.Launch{Dir: w.dir, Stdin: strings.NewReader(stdin), Args: args})
	exit = p.wait()
	return exit, p.Printed(), p.Logged()
}

// im runs `modbot im`, which asks and tells Tencent itself, without a record.
func (w *world) im(args ...string) (exit int, lines []string) {
	w.t.Helper()
	p := start(w.t, proctest.Launch{Dir: w.dir, Args: append([]string{"im"}, args...), Env: []string{
		"MODBOT_TENCENT_HOST=" + w.sim.address, "MODBOT_TENCENT_SDK_APP_ID=" + appID,
		"MODBOT_TENCENT_IDENTIFIER=" + adminID, "MODBOT_TENCENT_SECRET_KEY=" + appKey,
	}})
	return p.wait(), p.Printed()
}

// entry is one line of `audit ls --json`, as far as tests look at it.
type entry struct {
	Seq       int64     `json:"seq"`
	Time      time.Time `json:"time"`
	Kind      string    `json:"kind"`
	Platform  string    `json:"platform"`
	Workspace string    `json:"workspace"`
	Case      int64     `json:"case"`
	About     int64     `json:"about"`
	Verb      string    `json:"verb"`
	Account   string    `json:"account"`
	Scope     string    `json:"scope"`
	Term      int64     `json:"term_seconds"`
	Permanent bool      `json:"permanent"`
	Deadline  time.Time `json:"deadline"`
	Outcome   string    `json:"outcome"`
	Code      int       `json:"code"`
	Attempts  int       `json:"attempts"`
	Actor     string    `json:"actor"`
	Rule      string    `json:"rule"`
	Choice    string    `json:"choice"`
	Reason    string    `json:"reason"`
	Note      string    `json:"note"`
	Client    string    `json:"client"`
	After     *struct {
		Group fieldState `json:"group"`
		C2C   fieldState `json:"c2c"`
	} `json:"after"`

	raw string // the whole line
}

// fieldState is what Tencent was read to have for one field.
type fieldState struct {
	Muted     bool `json:"muted"`
	Permanent bool `json:"permanent"`
}

// entries is the audit log, read by `modbot audit ls`.
func (w *world) entries() []entry {
	w.t.Helper()
	exit, lines, stderr := w.modbot("", "audit", "ls", "--json", "-c", "modbot.yaml")
	require.Equal(w.t, exitOK, exit, "%s", stderr)
	out := make([]entry, 0, len(lines))
	for i, text := range lines {
		e := entry{raw: text}
		require.NoError(w.t, json.Unmarshal([]byte(text), &e), "%s", text)
		require.EqualValues(w.t, i+1, e.Seq, "the log has no gaps")
		out = append(out, e)
	}
	return out
}

// kinds is a trace of the log: kind, and outcome where there is one.
func kinds(entries []entry, of int64) []string {
	var out []string
	for _, e := range entries {
		switch {
		case of != 0 && e.Case != of:
		case e.Outcome != "" && e.Outcome != e.Kind:
			out = append(out, e.Kind+" "+e.Outcome)
		default:
			out = append(out, e.Kind)
		}
	}
	return out
}

// ofKind are the entries of a kind.
func ofKind(entries []entry, kind string) []entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.Kind != kind })
}

// verdictOf is what `audit verify --json` says.
type verdictOf struct {
	OK       bool   `json:"ok"`
	Entries  int64  `json:"entries"`
	Root     string `json:"root"`
	FirstBad *int64 `json:"first_bad"`
	Problem  string `json:"problem"`
}

// verify runs `audit verify` on the world's ledger.
func (w *world) verify(flags ...string) (int, verdictOf) {
	w.t.Helper()
	return verifyAt(w, w.ledger, "", flags...)
}

// verifyAt runs `audit verify` on any ledger.
func verifyAt(w *world, at store, stdin string, flags ...string) (int, verdictOf) {
	w.t.Helper()
	exit, lines, stderr := w.modbot(stdin, append([]string{"audit", "verify", "--json", "--store", at.url}, flags...)...)
	require.Len(w.t, lines, 1, "exit %d\n%s", exit, stderr)
	var v verdictOf
	require.NoError(w.t, json.Unmarshal([]byte(lines[0]), &v), "%s", lines[0])
	return exit, v
}

// sound requires that the log verifies.
func (w *world) sound() {
	w.t.Helper()
	exit, v := w.verify()
	require.Equal(w.t, exitOK, exit, "%+v", v)
	require.True(w.t, v.OK, "%+v", v)
}
