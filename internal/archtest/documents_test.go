package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The documents are kept true: a test that they name exists, and so does a
// folder.
func TestDocumentsNameWhatExists(t *testing.T) {
	dir := root(t)
	functions := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	for _, f := range load(t, dir) {
		if !f.test() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.String()))
		require.NoError(t, err)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			functions[m[1]] = true
		}
	}
	named := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`")
	folders := regexp.MustCompile("`((?:internal|cmd)/[\\w/]+)`")
	for _, name := range documents(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		for _, m := range named.FindAllStringSubmatch(string(data), -1) {
			require.True(t, functions[m[1]], "%s names %s, and no test is called so", name, m[1])
		}
		for _, m := range folders.FindAllStringSubmatch(string(data), -1) {
			require.DirExists(t, filepath.Join(dir, m[1]), "%s names it", name)
		}
	}
}

// documents are all texts for people, by their paths below the root.
func documents(t *testing.T, dir string) []string {
	t.Helper()
	out := []string{"ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), "docs", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			out = append(out, path)
		}
		return err
	}))
	return out
}

// The table in ARCHITECTURE.md has the rooms of the table in this package, and
// says the same about what they stand on.
func TestTheDocumentedTableIsTheTestedOne(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root(t), "ARCHITECTURE.md"))
	require.NoError(t, err)
	rows := regexp.MustCompile("(?m)^\\| `((?:internal|cmd)/[\\w/]+)` \\| .* \\| ([^|]*) \\|$").FindAllStringSubmatch(string(data), -1)
	documented := map[string]bool{}
	for _, row := range rows {
		r, ok := roomOf(row[1])
		require.True(t, ok, "%s has no room", row[1])
		documented[r.path] = true
		if r.path == "cmd/modbot" {
			continue
		}
		var names []string
		for _, imp := range r.imports {
			names = append(names, filepath.Base(imp))
		}
		want := strings.Join(names, ", ")
		if want == "" {
			want = "nothing"
		}
		require.Equal(t, want, row[2], "what %s stands on", row[1])
	}
	for _, r := range rooms {
		require.True(t, documented[r.path], "ARCHITECTURE.md has no line for %s", r.path)
	}
}
