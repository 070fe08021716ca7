package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryImportIsInTheTable(t *testing.T) {
	files := load(t, root(t))
	require.Empty(t, violations(files), "internal/archtest/rooms_test.go has the table")
}

// A line that no package needs would permit what nobody decided.
func TestEveryRoomExists(t *testing.T) {
	files := load(t, root(t))
	for _, r := range rooms {
		exists := slices.ContainsFunc(files, func(f source) bool {
			got, ok := roomOf(f.pkg)
			return ok && got.path == r.path
		})
		require.True(t, exists, "the table has a line for %s, and there is no such package", r.path)
	}
}

func TestTheTableIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rooms {
		require.False(t, seen[r.path], "%s is there twice", r.path)
		seen[r.path] = true
	}
	for _, r := range rooms {
		for _, imp := range slices.Concat(r.imports, r.tests) {
			require.True(t, imp == everything || seen[imp], "%s imports %s, which has no line", r.path, imp)
		}
		for _, imp := range r.imports {
			require.NotContains(t, r.tests, imp, "%s needs no permission for its tests where it has one for itself", r.path)
		}
	}
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, filepath.Dir(dir), dir, "no go.mod above the test")
		dir = filepath.Dir(dir)
	}
}

// load parses the imports of every Go file, whatever its build constraints.
func load(t *testing.T, dir string) []source {
	t.Helper()
	var out []source
	require.NoError(t, filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		below = filepath.ToSlash(below)
		switch name := entry.Name(); {
		case entry.IsDir() && below != "." && (name == "testdata" || strings.ContainsAny(name[:1], "._")):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		out = append(out, parse(t, below, string(text)))
		return nil
	}))
	require.NotEmpty(t, out)
	return out
}

// parse reads what the rules need of one file.
func parse(t *testing.T, name, text string) source {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly|parser.ParseComments)
	require.NoError(t, err)
	dir, base := filepath.Split(name)
	s := source{pkg: strings.TrimSuffix(dir, "/"), name: base, doc: f.Doc != nil}
	for _, imp := range f.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		require.NoError(t, err)
		s.imports = append(s.imports, p)
	}
	return s
}
