package config

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The dialects of Store.URL.
const (
	dialectSQLite   = "sqlite"
	dialectPostgres = "postgres"
)

// maxRate leaves five calls a second of the vendor's 200 to everybody else who
// uses the app.
const maxRate = 195

// validate checks every section that is needed, and what holds between them.
func (l *loading) validate() {
	for _, section := range []struct {
		name  string
		check func()
	}{
		{"tencent", l.tencent},
		{"store", l.store},
		{"ledger", l.ledger},
		{"listen", l.listeners},
		{"slack", l.slack},
		{"discord", l.discord},
		{"roles", l.roles},
		{"protect", l.protect},
		{"confirm", l.confirm},
	} {
		if l.wanted(section.name) {
			section.check()
		}
	}
}

func (l *loading) tencent() {
	t := l.cfg.Tencent
	switch {
	case t.Region == "" && t.Host == "":
		l.missing("tencent.region", "it says in which data centre the app lives"+l.oneOf(l.opts.Regions))
	case t.Region != "" && t.Host != "":
		l.add("tencent.host", "both region and host are given"+l.whence("tencent.region"), "keep one of the two")
	case t.Host != "":
		l.baseURL("tencent.host", t.Host, false)
	default:
		l.known("tencent.region", t.Region, "region", l.opts.Regions)
	}
	if t.SDKAppID == 0 {
		l.missing("tencent.sdk_app_id", "the number of the app in the vendor's console")
	}
	l.account("tencent.identifier", t.Identifier)
	if t.SecretKey.IsZero() {
		l.missing("tencent.secret_key", "the app's key in the vendor's console")
	}
	if t.RatePerSecond < 1 || t.RatePerSecond > maxRate {
		l.add("tencent.rate_per_second", strconv.Itoa(t.RatePerSecond)+" is not between 1 and 195; the vendor's limit for the whole app is 200", l.exampleOf("tencent.rate_per_second"))
	}
}

func (l *loading) store() {
	const path, example = "store.url", "url: sqlite:modbot.db"
	scheme, rest, ok := strings.Cut(l.cfg.Store.URL, ":")
	switch {
	case l.cfg.Store.URL == "":
		l.missing(path, "")
	case !ok || scheme == "file" || filepath.VolumeName(l.cfg.Store.URL) != "":
		l.add(path, "does not say what kind of store it is", "url: sqlite:"+strings.TrimPrefix(strings.TrimPrefix(l.cfg.Store.URL, "file:"), "//"))
	case l.cfg.Store.Dialect() == dialectPostgres:
		if u, err := url.Parse(l.cfg.Store.URL); err != nil || !strings.HasPrefix(rest, "//") || u.Path == "" || u.Path == "/" {
			l.add(path, "is not a PostgreSQL URL with a database", "url: postgres://modbot@db.example.org/modbot")
		} else if _, twice := u.User.Password(); twice && !l.cfg.Store.Password.IsZero() {
			l.add("store.password", "is given, and the URL has a password, too", "keep one of the two")
		}
	case scheme != dialectSQLite:
		l.add(path, quote(scheme)+" is no kind of store; there are sqlite and postgres", example)
	case rest == "" || rest == "//":
		l.add(path, "names no file", example)
	case strings.Contains(rest, ":memory:"):
		l.add(path, "would keep the audit log in memory, where it is lost at the end", example)
	case strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "///"):
		l.add(path, "has two slashes, which would make its first folder a host", "url: sqlite:"+strings.TrimPrefix(rest, "//"))
	}
}

func (l *loading) ledger() {
	const path = "ledger.origin"
	switch o := l.cfg.Ledger.Origin; {
	case o == "":
		l.missing(path, "the log's own name, that no other log has")
	case strings.ContainsFunc(o, unicode.IsSpace) || strings.Contains(o, "+"):
		// golang.org/x/mod/sumdb/note separates the parts of a key so.
		l.add(path, quote(o)+" has a space or a plus, which the name of a signer cannot have", l.exampleOf(path))
	}
	if l.cfg.Ledger.SigningKeyFile == "" {
		l.missing("ledger.signing_key_file", "")
	}
	l.checkpoints()
}

const (
	// checkpointNever is what switches the posting of checkpoints off.
	checkpointNever = "never"
	// checkpointLeast is the shortest time between two, in seconds.
	checkpointLeast = 60
)

// checkpoints reads how often checkpoints are posted.
func (l *loading) checkpoints() {
	const path = "ledger.checkpoint_every"
	every := &l.cfg.Ledger.CheckpointEvery
	if every.Text == checkpointNever || every.IsZero() || l.opts.ParseTerm == nil {
		return
	}
	seconds, permanent, err := l.opts.ParseTerm(every.Text)
	switch {
	case err != nil:
		l.add(path, err.Error(), l.exampleOf(path))
	case permanent:
		l.add(path, quote(every.Text)+" would be never", "checkpoint_every: "+checkpointNever)
	case seconds < checkpointLeast:
		l.add(path, quote(every.Text)+" is too often: a minute is the least", l.exampleOf(path))
	default:
		every.Seconds = seconds
	}
}

func (l *loading) listeners() {
	l.address("listen", l.cfg.Listen)
	l.address("admin_listen", l.cfg.AdminListen)
	// Port 0 is another one each time.
	if l.cfg.Listen != "" && l.cfg.Listen == l.cfg.AdminListen && !strings.HasSuffix(l.cfg.Listen, ":0") {
		l.add("admin_listen", "is the same address as listen", "admin_listen: 127.0.0.1:9090")
	}
	if l.cfg.PublicURL != "" {
		l.baseURL("public_url", l.cfg.PublicURL, true)
	}
}

// address checks a host:port to listen on.
func (l *loading) address(path, value string) {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		l.add(path, quote(value)+" is not host:port", l.exampleOf(path))
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		l.add(path, quote(port)+" is not a port from 0 to 65535", l.exampleOf(path))
	}
}

// baseURL checks the address of a service: https, or http on this machine.
func (l *loading) baseURL(path, value string, withPath bool) {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		fix := l.exampleOf(path)
		if host := strings.Trim(value, "/ "); err == nil && u.Scheme == "" && host != "" && !strings.ContainsAny(host, " @") {
			fix = lastKey(path) + ": https://" + host
		}
		l.add(path, quote(value)+" is not a URL that begins with https://", fix)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		l.add(path, "http would send secrets in the clear; only a loopback address may be reached so", lastKey(path)+": https://"+u.Host+u.Path)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		l.add(path, "must be an address alone, without user, query or fragment", lastKey(path)+": "+u.Scheme+"://"+u.Host+u.Path)
	case !withPath && strings.Trim(u.Path, "/") != "":
		l.add(path, "must be a host alone, without a path", lastKey(path)+": "+u.Scheme+"://"+u.Host)
	}
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// account checks an account of the app.
func (l *loading) account(path, value string) {
	if l.opts.ParseAccount == nil {
		return
	}
	if err := l.opts.ParseAccount(value); err != nil {
		l.add(path, quote(value)+": "+err.Error(), l.exampleOf(path))
	}
}

// known checks a name against a list, where there is one.
func (l *loading) known(path, name, what string, list []string) {
	if len(list) == 0 || slices.Contains(list, name) {
		return
	}
	message := quote(name) + " is no " + what
	if near, ok := nearest(name, list); ok {
		l.add(path, message+"; did you mean "+near+"?", l.valueFix(path, near))
		return
	}
	l.add(path, message, "one of "+strings.Join(list, ", "))
}

// whence says which variable gave a setting, where one did.
func (l *loading) whence(path string) string {
	if o := l.origins[path]; o.env != "" {
		return "; " + path + " by " + o.env
	}
	return ""
}

// oneOf lists names for the end of a message.
func (l *loading) oneOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}
