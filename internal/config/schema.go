package config

import (
	"reflect"
	"regexp"
	"strings"
)

// fileSuffix makes the second key of a secret, and the second variable of any
// setting, which name a file that holds the value.
const fileSuffix = "_file"

var (
	secretType    = reflect.TypeFor[Secret]()
	termType      = reflect.TypeFor[Term]()
	protectedType = reflect.TypeFor[Protected]()
)

// setting is one field of a section, as its tags describe it.
type setting struct {
	name    string
	index   int
	typ     reflect.Type // behind a pointer, what it points to
	initial string       // the default, as text
	example string
}

// settingsOf lists the settings of a section's type in the order of its
// fields.
func settingsOf(section reflect.Type) []setting {
	var out []setting
	for i := range section.NumField() {
		f := section.Field(i)
		name := f.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		t := f.Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		out = append(out, setting{name: name, index: i, typ: t, initial: f.Tag.Get("default"), example: f.Tag.Get("example")})
	}
	return out
}

// keys are the names that the file may use for the setting.
func (s setting) keys() []string {
	if s.typ == secretType {
		return []string{s.name, s.name + fileSuffix}
	}
	return []string{s.name}
}

// findSetting looks a key of the file up; fromFile is set when it is the key of
// a secret that names a file.
func findSetting(section reflect.Type, key string) (s setting, fromFile, ok bool) {
	for _, s := range settingsOf(section) {
		for i, k := range s.keys() {
			if k == key {
				return s, i == 1, true
			}
		}
	}
	return setting{}, false, false
}

// keysOf lists every key that a section may have in the file.
func keysOf(section reflect.Type) []string {
	var out []string
	for _, s := range settingsOf(section) {
		out = append(out, s.keys()...)
	}
	return out
}

// isSection reports whether the type is a mapping of further settings in the
// file. A Protected is one too, but it may also be written as a text, so that
// the lists of the environment can hold it.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != secretType && t != termType && t != protectedType
}

// isTable reports whether the type maps names that the operator chooses.
func isTable(t reflect.Type) bool { return t.Kind() == reflect.Map }

// join adds a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// parent is the path without its last key or list index.
func parent(path string) string {
	i := strings.LastIndexAny(path, ".[")
	if i < 0 {
		return ""
	}
	return path[:i]
}

var listIndex = regexp.MustCompile(`\[\d+\]`)

// settingAt finds the setting that a path is about. The path of a list's
// element is about the list.
func settingAt(path string) (setting, bool) {
	t := reflect.TypeFor[Config]()
	var found setting
	for key := range strings.SplitSeq(listIndex.ReplaceAllString(path, ""), ".") {
		switch {
		case isTable(t):
			t = t.Elem()
			continue
		case t.Kind() == reflect.Slice:
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || t == secretType || t == termType {
			return setting{}, false
		}
		s, fromFile, ok := findSetting(t, key)
		if !ok {
			return setting{}, false
		}
		if fromFile {
			s.name = key
		}
		found, t = s, s.typ
	}
	return found, found.name != ""
}

// envPrefix begins the name of every variable that modbot reads.
const envPrefix = "MODBOT_"

// envName is the variable of a path.
func envName(path string) string {
	return envPrefix + envForm(path)
}

func envForm(s string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(s))
}

// eachSecret calls f for every secret setting of the configuration with its
// path. Secrets stand in plain sections only, never in tables or lists.
func eachSecret(section reflect.Value, path string, f func(path string, s *Secret)) {
	for _, s := range settingsOf(section.Type()) {
		v := section.Field(s.index)
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				continue
			}
			v = v.Elem()
		}
		p := join(path, s.name)
		switch {
		case s.typ == secretType:
			f(p, v.Addr().Interface().(*Secret))
		case isSection(s.typ):
			eachSecret(v, p, f)
		}
	}
}

// setDefaults fills a section with its default tags, sections within included.
// A section behind a pointer stays absent.
func setDefaults(section reflect.Value) {
	for _, s := range settingsOf(section.Type()) {
		v := section.Field(s.index)
		switch {
		case v.Kind() == reflect.Pointer:
		case isSection(s.typ):
			setDefaults(v)
		case s.initial != "":
			if err := setText(v, s.initial); err != nil {
				panic("config: the default of " + s.name + " " + err.Error())
			}
		}
	}
}
