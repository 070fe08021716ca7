package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml/ast"
)

// maxEdits is how many edits away a name is still suggested.
const maxEdits = 2

// nearest is the known name that was most likely meant, and whether there is
// one: the same but for case, dashes and underscores, or a few edits away.
func nearest(name string, known []string) (string, bool) {
	best, bestEdits := "", maxEdits+1
	for _, k := range known {
		if plain(k) == plain(name) {
			return k, true
		}
		if n := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); n < bestEdits && n < len(k) {
			best, bestEdits = k, n
		}
	}
	return best, best != ""
}

// plain is a name without what languages write differently (sdkAppId).
func plain(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
}

// unknownKey reports a key that is no setting of its section, with the one
// that was meant or the sections that have one of this name.
func (d *decoder) unknownKey(pair *ast.MappingValueNode, path, key string, section reflect.Type) {
	d.hide(pair)
	o, full := d.place(pair.Key), join(path, key)
	if pair.Key.IsMergeKey() {
		d.at(o, full, "merge keys (<<) are not supported", "write the settings out, or give one whole value by an alias (*name)")
		return
	}
	if d.full() {
		d.at(o, full, "is not a setting", "") // only counted; no need to search
		return
	}
	if near, ok := nearest(key, keysOf(section)); ok {
		d.explained[join(path, strings.TrimSuffix(near, fileSuffix))] = true
		d.explained[join(path, near)] = true
		d.at(o, full, "is not a setting; did you mean "+near+"?", near+": "+cutMark)
		return
	}
	if homes := homesOf(reflect.TypeFor[Config](), "", key); len(homes) > 0 {
		d.at(o, full, "is not a setting here, but "+strings.Join(homes, " and ")+" is", "move it there")
		return
	}
	where := "the file"
	if path != "" {
		where = path
	}
	d.at(o, full, "is not a setting", fmt.Sprintf("remove it; %s has %s", where, strings.Join(keysOf(section), ", ")))
}

// homesOf lists the paths of the settings that have exactly this key.
func homesOf(section reflect.Type, path, key string) []string {
	var out []string
	for _, s := range settingsOf(section) {
		for _, k := range s.keys() {
			if k == key && path != "" {
				out = append(out, join(path, k))
			}
		}
		inner, p := s.typ, join(path, s.name)
		if isTable(inner) {
			inner, p = inner.Elem(), p+".NAME"
		}
		if isSection(inner) {
			out = append(out, homesOf(inner, p, key)...)
		}
	}
	return out
}
