package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// envLayer puts the environment over what the file said.
type envLayer struct {
	*report
	root   reflect.Value
	values map[string]string // MODBOT_ variables that are not empty
	given  map[string]string // path to the variable that gave it
}

// target is the setting that a variable is about.
type target struct {
	keys     []string
	fromFile bool // the variable names a file that holds the value
}

// applyEnv reads every MODBOT_ variable into root. An empty variable is one
// that is not set, as compose files make them.
func applyEnv(r *report, environ []string, root reflect.Value) {
	e := &envLayer{report: r, root: root, values: map[string]string{}, given: map[string]string{}}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, envPrefix) && value != "" {
			e.values[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.values)) {
		t, ok := find(root.Type(), root, strings.TrimPrefix(name, envPrefix))
		if !ok {
			e.unknown(name)
			continue
		}
		e.set(name, t)
	}
}

// set puts one variable's value into its setting.
func (e *envLayer) set(name string, t target) {
	path := strings.Join(t.keys, ".")
	o := origin{env: name}
	if other, there := e.given[path]; there {
		e.at(o, path, "both "+other+" and "+name+" are given", "keep one of the two")
		return
	}
	e.given[path], e.origins[path] = name, o
	assign(e.root, t.keys, func(leaf reflect.Value) {
		text := e.values[name]
		switch {
		case t.fromFile && leaf.Type() == secretType:
			leaf.Set(reflect.ValueOf(Secret{file: text}))
			return
		case t.fromFile:
			read, err := readValue(text)
			if err != nil {
				e.at(o, path, err.Error(), "name a file that holds the value alone")
				return
			}
			text = read
		}
		if err := setText(leaf, text); err != nil {
			e.at(o, path, quote(text)+" "+err.Error(), e.exampleOf(path))
		}
	})
}

// unknown warns of a variable that looks like a misspelled setting. Others are
// left alone: Kubernetes gives every pod variables of its own beginning with
// the name of a service, MODBOT_SERVICE_HOST and MODBOT_PORT among them.
func (e *envLayer) unknown(name string) {
	if near, ok := nearest(name, envNames(e.root.Type(), "")); ok {
		e.warnings = append(e.warnings, placed{
			Item{Message: "is not a setting and was ignored; did you mean " + near + "?", Fix: near + "=" + cutMark},
			origin{env: name},
		})
	}
}

// envNames lists the variables of every setting outside of tables.
func envNames(section reflect.Type, path string) []string {
	var out []string
	for _, s := range settingsOf(section) {
		p := join(path, s.name)
		switch {
		case isSection(s.typ):
			out = append(out, envNames(s.typ, p)...)
		case !isTable(s.typ):
			out = append(out, envName(p), envName(p+fileSuffix))
		}
	}
	return out
}

// find resolves the rest of a variable's name within a type. v is the value so
// far, from which the names in tables are known; it may be the zero Value.
func find(t reflect.Type, v reflect.Value, rest string) (target, bool) {
	if isTable(t) {
		return findInTable(t, v, rest)
	}
	if !isSection(t) {
		switch rest {
		case "":
			return target{}, true
		case envForm(fileSuffix):
			return target{fromFile: true}, true
		}
		return target{}, false
	}
	var found []target
	for _, s := range settingsOf(t) {
		after, ok := strings.CutPrefix(rest, envForm(s.name))
		if !ok {
			continue
		}
		if isSection(s.typ) || isTable(s.typ) {
			if after, ok = strings.CutPrefix(after, "_"); !ok {
				continue
			}
		}
		var inner reflect.Value
		if v.IsValid() {
			inner = reflect.Indirect(v.Field(s.index))
		}
		if tg, ok := find(s.typ, inner, after); ok {
			tg.keys = append([]string{s.name}, tg.keys...)
			found = append(found, tg)
		}
	}
	// signing_key_file is a setting; it is not a file that holds signing_key.
	slices.SortStableFunc(found, func(a, b target) int {
		switch {
		case a.fromFile == b.fromFile:
			return 0
		case a.fromFile:
			return 1
		}
		return -1
	})
	if len(found) == 0 {
		return target{}, false
	}
	return found[0], true
}

// findInTable takes a name that the table has already, else the shortest that
// leaves the name of a setting.
func findInTable(t reflect.Type, v reflect.Value, rest string) (target, bool) {
	var names []string
	if v.IsValid() {
		for _, k := range v.MapKeys() {
			names = append(names, k.String())
		}
		slices.Sort(names)
	}
	for i := range len(rest) + 1 {
		if i == len(rest) || rest[i] == '_' {
			names = append(names, strings.ToLower(rest[:i]))
		}
	}
	for _, name := range names {
		after, ok := strings.CutPrefix(rest, envForm(name))
		if !ok || name == "" {
			continue
		}
		if isSection(t.Elem()) {
			if after, ok = strings.CutPrefix(after, "_"); !ok {
				continue
			}
		}
		if tg, ok := find(t.Elem(), reflect.Value{}, after); ok {
			tg.keys = append([]string{name}, tg.keys...)
			return tg, true
		}
	}
	return target{}, false
}

// assign calls set with the setting at keys, making what is not there yet on
// the way.
func assign(v reflect.Value, keys []string, set func(leaf reflect.Value)) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
			setDefaults(v.Elem())
		}
		v = v.Elem()
	}
	if len(keys) == 0 {
		set(v)
		return
	}
	if isTable(v.Type()) {
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		name, elem := reflect.ValueOf(keys[0]), reflect.New(v.Type().Elem()).Elem()
		if old := v.MapIndex(name); old.IsValid() {
			elem.Set(old)
		}
		assign(elem, keys[1:], set)
		v.SetMapIndex(name, elem)
		return
	}
	s, _, ok := findSetting(v.Type(), keys[0])
	if !ok {
		panic(fmt.Sprintf("config: %s is no setting of %s", keys[0], v.Type()))
	}
	assign(v.Field(s.index), keys[1:], set)
}
