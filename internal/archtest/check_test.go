package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// module is the prefix of the project's own import paths.
const module = "modbot"

// source is what the rules look at of one Go file.
type source struct {
	pkg     string   // folder below the module, with slashes
	name    string   // of the file
	imports []string // import paths
	doc     bool     // has a package comment
}

func (s source) test() bool     { return strings.HasSuffix(s.name, "_test.go") }
func (s source) String() string { return path.Join(s.pkg, s.name) }

// violations lists what the files do against the tables, sorted.
func violations(files []source) []string {
	var out []string
	documented := map[string]bool{}
	for _, f := range files {
		documented[f.pkg] = documented[f.pkg] || f.doc && !f.test()
		out = append(out, breaches(f)...)
	}
	for pkg, ok := range documented {
		if !ok {
			out = append(out, pkg+": no file has a package comment")
		}
		if slices.Contains(vague, path.Base(pkg)) {
			out = append(out, fmt.Sprintf("%s: a package is named after what it owns; %q says nothing", pkg, path.Base(pkg)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// breaches lists what one file imports against the tables.
func breaches(f source) []string {
	r, ok := roomOf(f.pkg)
	if !ok {
		return []string{f.pkg + ": has no line in the table of rooms"}
	}
	var out []string
	for _, imp := range f.imports {
		inside, ours := strings.CutPrefix(imp, module+"/")
		switch {
		case ours && !mayImport(r, f, inside):
			out = append(out, fmt.Sprintf("%s: %s may not import %s", f, r.path, inside))
		case !ours && r.std && !f.test() && strings.Contains(firstElement(imp), "."):
			out = append(out, fmt.Sprintf("%s: %s imports the standard library only, not %s", f, r.path, imp))
		case !ours && !f.test():
			if o, listed := foreignerOf(imp); listed && !slices.Contains(o.rooms, r.path) && !slices.Contains(o.rooms, rootOf(r, f.pkg)) {
				out = append(out, fmt.Sprintf("%s: %s may not import %s", f, r.path, imp))
			}
		}
	}
	return out
}

// mayImport says whether a file of a room may import a package of the project.
func mayImport(r room, f source, imp string) bool {
	if imp == f.pkg && f.test() {
		return true // a test from outside of its package
	}
	target, ok := roomOf(imp)
	switch {
	case !ok || target.path == "cmd/modbot":
		return false
	case sameRoom(r, f.pkg, target, imp), slices.Contains(r.imports, everything), slices.Contains(r.imports, target.path):
		return true
	}
	return f.test() && slices.Contains(r.tests, target.path)
}

// sameRoom says whether two packages are parts of one room. Folders that share
// a line with a * are rooms apart.
func sameRoom(a room, from string, b room, to string) bool {
	if a.path != b.path {
		return false
	}
	return !strings.HasSuffix(a.path, "*") || rootOf(a, from) == rootOf(b, to)
}

// rootOf is the folder of the room that a package is in.
func rootOf(r room, pkg string) string {
	parts := strings.Split(pkg, "/")
	return strings.Join(parts[:strings.Count(r.path, "/")+1], "/")
}

// roomOf finds the line of a package: its own, else that of the nearest folder
// above which has one.
func roomOf(pkg string) (room, bool) {
	for dir := pkg; dir != "."; dir = path.Dir(dir) {
		for _, pattern := range []string{dir, path.Join(path.Dir(dir), "*")} {
			i := slices.IndexFunc(rooms, func(r room) bool { return r.path == pattern })
			if i >= 0 {
				return rooms[i], true
			}
		}
	}
	return room{}, false
}

// foreignerOf finds the line of a package from outside.
func foreignerOf(imp string) (foreign, bool) {
	for _, o := range foreigners {
		if imp == o.path || strings.HasPrefix(imp, o.path+"/") {
			return o, true
		}
	}
	return foreign{}, false
}

func firstElement(imp string) string {
	first, _, _ := strings.Cut(imp, "/")
	return first
}
