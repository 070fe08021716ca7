package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a file holds, loading it ends, with a configuration or with errors
// that each have a place inside of the file and something to say.
func FuzzLoadBytes(f *testing.F) {
	files, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(minimal))
	f.Add([]byte(Template()))
	f.Add([]byte("roles: &a {moderator: *a}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := LoadBytes(filepath.Join("testdata", "modbot.yaml"), data, testOptions())
		if err == nil {
			if _, err := c.Redacted(); err != nil {
				t.Fatalf("a configuration that cannot be shown: %v", err)
			}
			return
		}
		var all *Errors
		if !errors.As(err, &all) || len(all.Items) == 0 {
			t.Fatalf("an error without items: %v", err)
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, i := range all.Items {
			if i.Message == "" || i.Line < 0 || i.Line > lines || strings.ContainsAny(i.Snippet, "\n\r\t\x1b") {
				t.Fatalf("a broken item: %+v", i)
			}
		}
	})
}

// Whatever stands around a secret, no error shows it, as long as its key can
// be read at all.
func FuzzErrorsShowNoSecret(f *testing.F) {
	f.Add("tencent:\n  ", "\n  regoin: x\n")
	f.Add("tencent: {regoin: x, ", "}\n")
	f.Add("tencent:\n  secret_key_file: x\n  ", ": [\n")
	f.Add("a: [\n", "")
	f.Add("!!", ":") // the secret becomes a key
	f.Add("|", "0")  // the parser's own message quotes the line
	f.Add("tencent:\n  ", "\"\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.Contains(before, plainSecret) || strings.Contains(after, plainSecret) {
			t.Skip("the secret is elsewhere too")
		}
		_, err := LoadBytes(filepath.Join("testdata", "modbot.yaml"), []byte(before+"secret_key: "+plainSecret+after), testOptions())
		if err != nil && strings.Contains(err.Error(), plainSecret) {
			t.Fatalf("the secret is shown:\n%v", err)
		}
	})
}
