package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxAliases bounds a chain of aliases that name aliases.
const maxAliases = 8

// decoder puts the syntax tree of the file into the struct. It goes by the
// struct's types, which are of finite depth, so a tree that contains itself by
// aliases ends like any other.
type decoder struct {
	*report
	anchors map[string]ast.Node
}

// decodeFile reads the file's text into section; every deviation from the
// struct becomes an item of the report.
func decodeFile(r *report, data []byte, section reflect.Value) {
	file, err := parse(data)
	if err != nil {
		r.syntax(err)
		return
	}
	d := &decoder{report: r, anchors: map[string]ast.Node{}}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.DirectiveType {
			ast.Walk(d, doc.Body)
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) == 0 {
		return
	}
	if len(bodies) > 1 {
		d.broken = true
		d.at(d.place(bodies[1]), "", "a second YAML document begins here; only one is read", "remove the line ---")
	}
	d.value(bodies[0], section, "")
}

// parse keeps a panic of the library from being ours: a broken file is an
// error whatever breaks on it.
func parse(data []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the YAML parser gave up: %v", p)
		}
	}()
	// Keys that are there twice are found by mapping, which goes on after them.
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// Visit collects the anchors (ast.Visitor).
func (d *decoder) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok && a.Name != nil {
		d.anchors[a.Name.GetToken().Value] = a.Value
	}
	return d
}

// resolve is the node behind tags, anchors and aliases; nil when an alias
// leads nowhere.
func (d *decoder) resolve(n ast.Node) ast.Node {
	for range maxAliases {
		switch x := n.(type) {
		case *ast.TagNode:
			n = x.Value
		case *ast.AnchorNode:
			n = x.Value
		case *ast.AliasNode:
			n = d.anchors[x.Value.GetToken().Value]
		default:
			return n
		}
	}
	return nil
}

// value decodes one node into v, whose type says what is expected.
func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	node := d.resolve(n)
	if node == nil {
		d.at(d.place(n), path, "the alias leads to no value", d.exampleOf(path))
		return
	}
	if node.Type() == ast.NullType {
		return // as if it were not there: "slack:" with every line commented out
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
		setDefaults(v)
	}
	_, scalar := node.(ast.ScalarNode)
	switch t := v.Type(); {
	case t == protectedType && !scalar:
		d.mapping(node, v, path)
	case isSection(t):
		d.mapping(node, v, path)
	case isTable(t):
		d.table(node, v, path)
	case t.Kind() == reflect.Slice:
		d.list(node, v, path)
	default:
		d.scalar(node, v, path)
	}
}

// pairs are the entries of a mapping node.
func (d *decoder) pairs(n ast.Node, path string, t reflect.Type) []*ast.MappingValueNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	}
	d.broken = d.broken || path == ""
	d.at(d.place(n), path, "must be "+wants(t)+", not "+kindOf(n), sectionFix(path, t))
	return nil
}

// sectionFix says what stands in a section, and how.
func sectionFix(path string, t reflect.Type) string {
	head := lastKey(path) + ": and below it, indented, "
	switch {
	case path == "":
		head = "at the beginning of a line each: "
	case isTable(t):
		return head + "a name of yours and what it means"
	}
	return head + strings.Join(keysOf(t), ", ")
}

// mapping decodes a section.
func (d *decoder) mapping(n ast.Node, v reflect.Value, path string) {
	seen := map[string]int{}
	for _, pair := range d.pairs(n, path, v.Type()) {
		key := keyOf(pair)
		if d.twice(seen, key, pair, path) {
			continue
		}
		s, fromFile, ok := findSetting(v.Type(), key)
		if !ok {
			d.unknownKey(pair, path, key, v.Type())
			continue
		}
		full := join(path, s.name)
		d.locate(full, pair)
		if s.typ != secretType {
			d.value(pair.Value, v.Field(s.index), full)
			continue
		}
		d.hide(pair)
		d.locate(join(path, key), pair)
		d.secret(pair, v.Field(s.index), path, s, fromFile)
	}
}

// secret decodes either key of a secret.
func (d *decoder) secret(pair *ast.MappingValueNode, v reflect.Value, path string, s setting, fromFile bool) {
	if !v.IsZero() {
		d.at(d.place(pair.Key), join(path, s.name), fmt.Sprintf("both %s and %s are given", s.name, s.name+fileSuffix), "keep one of the two")
		return
	}
	var text string
	d.value(pair.Value, reflect.ValueOf(&text).Elem(), join(path, keyOf(pair)))
	switch {
	case text == "":
	case fromFile:
		v.Set(reflect.ValueOf(Secret{file: text}))
	default:
		v.Set(reflect.ValueOf(NewSecret(text)))
	}
}

// table decodes a mapping whose keys the operator chooses.
func (d *decoder) table(n ast.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	seen := map[string]int{}
	for _, pair := range d.pairs(n, path, v.Type()) {
		key := keyOf(pair)
		if d.twice(seen, key, pair, path) {
			continue
		}
		d.locate(join(path, key), pair)
		if isSection(v.Type().Elem()) {
			d.origins[join(path, key)] = d.place(pair.Key)
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		d.value(pair.Value, elem, join(path, key))
		v.SetMapIndex(reflect.ValueOf(key), elem)
	}
}

func (d *decoder) list(n ast.Node, v reflect.Value, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		fix := d.exampleOf(path)
		if sc, ok := n.(ast.ScalarNode); ok {
			fix = fmt.Sprintf("%s: [%s]", lastKey(path), textOf(sc))
		}
		d.at(d.place(n), path, "must be "+wants(v.Type())+", not "+kindOf(n), fix)
		return
	}
	list := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, e := range seq.Values {
		p := path + "[" + strconv.Itoa(i) + "]"
		d.origins[p] = d.place(e)
		d.value(e, list.Index(i), p)
	}
	v.Set(list)
}

// scalar decodes a text, number or truth value. Numbers are taken as they are
// written where a text is due, so that an id needs no quotes.
func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	sc, ok := n.(ast.ScalarNode)
	if !ok {
		d.at(d.place(n), path, "must be "+wants(v.Type())+", not "+kindOf(n), d.exampleOf(path))
		return
	}
	text := textOf(sc)
	if sc.Type() == ast.BoolType && v.Kind() != reflect.Bool {
		d.at(d.place(n), path, "must be "+wants(v.Type())+", not the truth value "+text, fmt.Sprintf("%s: %q", lastKey(path), text))
		return
	}
	if err := setText(v, text); err != nil {
		d.at(d.place(n), path, quote(text)+" "+err.Error(), d.exampleOf(path))
	}
}

// twice reports and remembers a key that the mapping has already.
func (d *decoder) twice(seen map[string]int, key string, pair *ast.MappingValueNode, path string) bool {
	o := d.place(pair.Key)
	if line, there := seen[key]; there {
		d.hide(pair)
		d.at(o, join(path, key), fmt.Sprintf("is there twice, first in line %d", line), "remove one of the two")
		return true
	}
	seen[key] = o.line
	return false
}

func keyOf(pair *ast.MappingValueNode) string { return pair.Key.GetToken().Value }

// textOf is a scalar as it is written, without its quotes.
func textOf(n ast.ScalarNode) string {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value
	case *ast.LiteralNode:
		return x.Value.Value
	}
	return n.GetToken().Value
}

// kindOf says in words what a node is.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "a truth value"
	}
	return "a text"
}

// place is where a node stands in the file.
func (d *decoder) place(n ast.Node) origin {
	t := n.GetToken()
	// The token of a mapping in block style is the colon after its first key.
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			t = m.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		t = m.Key.GetToken()
	}
	if t == nil || t.Position == nil {
		return origin{}
	}
	return origin{line: t.Position.Line, column: t.Position.Column}
}

// locate remembers where a setting is given.
func (d *decoder) locate(path string, pair *ast.MappingValueNode) {
	o := d.place(pair.Value)
	if pair.Value.Type() == ast.NullType || o.line == 0 || d.place(pair.Key).line != o.line {
		o = d.place(pair.Key)
	}
	d.origins[path] = o
}

// hide keeps the value of a pair out of every snippet.
func (d *decoder) hide(pair *ast.MappingValueNode) {
	key, value := d.place(pair.Key), d.place(pair.Value)
	if value.line > 0 {
		d.mask.after(value.line, value.column-1, key.column)
	}
}

// syntax reports what the YAML parser says, without what it quotes of the file.
func (r *report) syntax(err error) {
	const fix = "write a setting as  name: value,  and indent with spaces"
	r.broken = true
	o, message := origin{line: 1, column: 1}, err.Error()
	var ye yaml.Error
	if errors.As(err, &ye) && ye.GetToken() != nil && ye.GetToken().Position != nil {
		p := ye.GetToken().Position
		o, message = origin{line: p.Line, column: p.Column}, ye.GetMessage()
	}
	if before, _, quotes := strings.Cut(message, `"`); quotes {
		message = before + cutMark
	}
	r.at(o, "", "this is not YAML: "+message, fix)
}
