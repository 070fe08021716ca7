package config

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Options is what the package is told by those who know it. Every field is
// optional; what is not given is not checked.
type Options struct {
	// Environ is the environment as os.Environ has it. Without it, variables
	// play no part.
	Environ []string
	// Only names the sections that are needed (tencent, store, …). The others
	// are read strictly too, but may lack what they require, and their secrets'
	// files stay closed: who verifies the ledger needs no key of Tencent's.
	// Empty means every section.
	Only []string

	// Verbs, Scopes and Regions are the names that may stand in the settings
	// of those names.
	Verbs, Scopes, Regions []string
	// ParseTerm reads a term as commands do. Its error is shown as it is.
	ParseTerm func(text string) (seconds int64, permanent bool, err error)
	// ParseAccount says what is wrong with an account. Its error is shown as
	// it is.
	ParseAccount func(text string) error
}

// Load reads and checks the configuration in a file. The error is an *Errors
// that lists everything that is wrong.
func Load(path string, opts Options) (*Config, error) {
	data, _, err := readBounded(path, maxConfigBytes)
	if err != nil {
		return nil, &Errors{Name: path, Items: []Item{{
			Source: path, Message: "the file " + err.Error(), Fix: "modbot config template > " + path,
		}}}
	}
	return LoadBytes(path, data, opts)
}

// LoadBytes is Load for what has been read already. The name stands in errors,
// and files that the configuration names are relative to its folder.
func LoadBytes(name string, data []byte, opts Options) (*Config, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // Windows' editors
	l := &loading{report: newReport(name, data), opts: opts, cfg: &Config{}}
	setDefaults(l.root())
	if !l.readable(data) {
		return nil, l.err()
	}
	decodeFile(l.report, data, l.root())
	if l.broken {
		return nil, l.err() // what a file that is not YAML lacks is not known
	}
	applyEnv(l.report, opts.Environ, l.root())
	l.cfg.roleNames = l.orderRoles()
	l.readSecrets()
	l.validate()
	if err := l.err(); err != nil {
		return nil, err
	}
	l.resolveFiles()
	l.cfg.Warnings = l.finish(l.warnings)
	return l.cfg, nil
}

// loading is one configuration on its way.
type loading struct {
	*report
	opts Options
	cfg  *Config
}

func (l *loading) root() reflect.Value { return reflect.ValueOf(l.cfg).Elem() }

// wanted reports whether the section of a path is needed.
func (l *loading) wanted(path string) bool {
	section, _, _ := strings.Cut(path, ".")
	return len(l.opts.Only) == 0 || slices.Contains(l.opts.Only, section)
}

// maxDepth is how many brackets may be open at once. The settings need three;
// the YAML parser's time and memory grow with the square of the depth.
const maxDepth = 32

// readable refuses what no text editor makes: other encodings, control
// characters, files beyond all measure. It ends at the first.
func (l *loading) readable(data []byte) bool {
	if len(data) > maxConfigBytes {
		l.at(origin{}, "", fmt.Sprintf("is larger than %d KiB", maxConfigBytes>>10), "")
		return false
	}
	depth := 0
	for i, line := range l.lines {
		column := 0
		for _, r := range line {
			column++
			if r == utf8.RuneError || unicode.IsControl(r) && r != '\t' {
				l.at(origin{line: i + 1, column: column}, "", fmt.Sprintf("has a character that is no text (U+%04X)", r), "save the file as UTF-8 text")
				return false
			}
			switch r {
			case '[', '{':
				depth++
			case ']', '}':
				depth--
			}
			if depth > maxDepth {
				l.at(origin{line: i + 1, column: column}, "", fmt.Sprintf("has more than %d brackets open", maxDepth), "close them; a list is [a, b], a mapping {a: b}")
				return false
			}
		}
	}
	return true
}

// orderRoles lists the roles by their place in the file, then by name.
func (l *loading) orderRoles() []string {
	names := make([]string, 0, len(l.cfg.Roles))
	for name := range l.cfg.Roles {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return l.comparePlaces(join("roles", a), join("roles", b)) })
	return names
}
