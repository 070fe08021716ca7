package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// origin is where a value was given: in a variable, or at a place in the file.
type origin struct {
	env          string // the variable; empty for the file
	line, column int    // 0 when unknown
}

// report collects what is wrong while a configuration is read and knows where
// each setting was given.
type report struct {
	name      string   // of the file
	lines     []string // of the file
	mask      *mask
	origins   map[string]origin // by path
	explained map[string]bool   // paths about which nothing more need be said
	items     []placed
	more      int  // items beyond maxItems
	broken    bool // the file is not YAML
	warnings  []placed
}

// placed is an item before its snippet is cut, which needs the whole file to
// have been walked.
type placed struct {
	Item
	origin
}

func newReport(name string, data []byte) *report {
	lines := strings.Split(string(data), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	return &report{
		name: name, lines: lines, mask: newMask(lines),
		origins: map[string]origin{}, explained: map[string]bool{},
	}
}

// at adds an item about a place.
func (r *report) at(o origin, path, message, fix string) {
	r.explained[path] = true
	if r.full() {
		r.more++
		return
	}
	r.items = append(r.items, placed{Item{Path: path, Message: message, Fix: fix}, o})
}

// full reports whether further items are only counted.
func (r *report) full() bool { return len(r.items) >= maxItems }

// add adds an item about a setting, at the place where it was given, or at the
// section that lacks it.
func (r *report) add(path, message, fix string) { r.at(r.origin(path), path, message, fix) }

// warn is add for what stops nothing.
func (r *report) warn(path, message, fix string) {
	r.warnings = append(r.warnings, placed{Item{Path: path, Message: message, Fix: fix}, r.origin(path)})
}

// missing adds an item about a setting that is required and not there, unless
// it is already known why.
func (r *report) missing(path, why string) {
	for p := path; p != ""; p = parent(p) {
		if r.explained[p] {
			return
		}
	}
	message := "is missing"
	if _, given := r.origins[path]; given {
		message = "is empty"
	}
	if why != "" {
		message += ": " + why
	}
	r.add(path, message, r.exampleOf(path))
}

// origin is where the setting was given, else where the nearest section around
// it begins.
func (r *report) origin(path string) origin {
	for p := path; p != ""; p = parent(p) {
		if o, ok := r.origins[p]; ok {
			return o
		}
	}
	return origin{}
}

// exampleOf is a line that could be pasted for the setting at a path: for the
// file, or for the environment when that is where the setting was given.
func (r *report) exampleOf(path string) string {
	s, ok := settingAt(path)
	if !ok || s.example == "" {
		return ""
	}
	if o := r.origins[path]; o.env != "" {
		return o.env + "=" + strings.NewReplacer(`"`, "", "[", "", "]", "", ", ", ",").Replace(s.example)
	}
	name := s.name
	if s.typ == secretType {
		name = strings.TrimSuffix(name, fileSuffix) + fileSuffix
	}
	line := name + ": " + s.example
	if within := parent(listIndex.ReplaceAllString(path, "")); within != "" && r.origins[path].line == 0 {
		line += "   under " + within + ":"
	}
	return line
}

// valueFix is a line that gives the setting at a path this value; for an
// element of a list, the value alone.
func (r *report) valueFix(path, value string) string {
	switch o := r.origins[path]; {
	case strings.HasSuffix(path, "]"):
		return value
	case o.env != "":
		return o.env + "=" + value
	}
	return lastKey(path) + ": " + value
}

// lastKey is the key of the setting that a path is about.
func lastKey(path string) string {
	path = listIndex.ReplaceAllString(path, "")
	return path[strings.LastIndexByte(path, '.')+1:]
}

// err is the report as an error, or nil when nothing is wrong.
func (r *report) err() error {
	if len(r.items) == 0 {
		return nil
	}
	return &Errors{Name: r.name, Items: r.finish(r.items), More: r.more}
}

// finish gives the items their places and snippets and sorts them.
func (r *report) finish(items []placed) []Item {
	slices.SortStableFunc(items, func(a, b placed) int {
		return cmp.Or(strings.Compare(a.env, b.env), cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	out := make([]Item, 0, len(items))
	for _, p := range items {
		i := p.Item
		i.Source, i.Path, i.Message, i.Fix = r.name, r.mask.text(i.Path), r.mask.text(i.Message), r.mask.text(i.Fix)
		if p.env != "" {
			i.Source = p.env
		}
		if p.line > 0 && p.line <= len(r.lines) {
			i.Line, i.Column, i.Snippet = p.line, p.column, r.mask.snippet(p.line)
		}
		out = append(out, i)
	}
	return out
}

// quote shows a text of the operator's in a message.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// comparePlaces orders two settings as the file has them; those that it has
// not come last, by path.
func (r *report) comparePlaces(a, b string) int {
	last := origin{line: len(r.lines) + 1}
	place := func(path string) origin {
		if o, ok := r.origins[path]; ok && o.line > 0 {
			return o
		}
		return last
	}
	pa, pb := place(a), place(b)
	return cmp.Or(cmp.Compare(pa.line, pb.line), cmp.Compare(pa.column, pb.column), strings.Compare(a, b))
}
