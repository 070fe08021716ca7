package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// What is read at most of a file. Larger ones are mistakes.
const (
	maxConfigBytes = 64 << 10
	maxValueBytes  = 64 << 10
)

// readBounded reads a regular file of at most limit bytes. Opening a named pipe
// could wait for ever, so nothing else is opened. Errors complete a sentence
// that begins with the file's name.
func readBounded(path string, limit int64) ([]byte, fs.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, cannotRead(err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("is not a regular file")
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, 0, cannotRead(err)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, 0, cannotRead(err)
	}
	if int64(len(data)) > limit {
		return nil, 0, fmt.Errorf("is larger than %d KiB", limit>>10)
	}
	return data, info.Mode(), nil
}

func cannotRead(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("does not exist")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read by this user")
	}
	// The cause without the path, which the message has already.
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// readValue is the content of a file without the space around it. Errors are
// whole sentences.
func readValue(path string) (string, error) {
	data, _, err := readBounded(path, maxValueBytes)
	if err != nil {
		return "", fmt.Errorf("the file %s %w", nameOfFile(path), err)
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return "", fmt.Errorf("the file %s is empty", nameOfFile(path))
	}
	return text, nil
}

// minKeyLength is how long a file's name must be to be taken for a secret that
// was put where its file's name belongs.
const minKeyLength = 24

// looksLikeSecret reports whether a file's name is more likely the secret
// itself: long, and without anything that separates parts of a path.
func looksLikeSecret(name string) bool {
	return len(name) >= minKeyLength && !strings.ContainsAny(filepath.Base(name), ".") && !strings.Contains(name, "/")
}

// nameOfFile is a file's name for a message, unless it may be a secret.
func nameOfFile(path string) string {
	if looksLikeSecret(filepath.Base(path)) {
		return redacted
	}
	return quote(path)
}

// readSecrets replaces the secrets that are given by a file's name by what the
// file holds.
func (l *loading) readSecrets() {
	eachSecret(l.root(), "", func(path string, s *Secret) {
		if s.file == "" || !l.wanted(path) {
			return
		}
		named := s.file
		file := l.beside(path, named)
		*s = Secret{}
		key := path
		if l.origins[path].env == "" {
			key += fileSuffix
		}
		text, err := readValue(file)
		switch {
		case err != nil && looksLikeSecret(named):
			l.add(key, "names no file, and looks like the secret itself", "write "+lastKey(path)+": for the secret, "+lastKey(path)+fileSuffix+": for the file that holds it")
		case err != nil:
			l.add(key, err.Error(), fmt.Sprintf("put the secret alone into %s and run: chmod 600 %s", file, file))
		default:
			*s = NewSecret(text)
			l.warnIfOpen(key, file)
		}
		if s.IsZero() {
			l.explained[path] = true
		}
	})
}

// warnIfOpen warns of a secret's file that every user of the machine may read
// or change. It is no error, because Docker and Kubernetes mount secrets so.
func (l *loading) warnIfOpen(path, file string) {
	const others = 0o007
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&others == 0 {
		return
	}
	l.warn(path, fmt.Sprintf("the file %s is open to every user of this machine (mode %04o)", quote(file), info.Mode().Perm()), "chmod 600 "+file)
}

// beside is a file that the configuration names: relative to the folder of the
// configuration when the configuration names it, and to where modbot runs when
// the environment does.
func (l *loading) beside(path, file string) string {
	if filepath.IsAbs(file) || l.origins[path].env != "" {
		return file
	}
	return filepath.Join(filepath.Dir(l.name), file)
}

// resolveFiles makes the files that are not read here relative to where modbot
// runs.
func (l *loading) resolveFiles() {
	led := &l.cfg.Ledger
	if led.SigningKeyFile != "" {
		led.SigningKeyFile = l.beside("ledger.signing_key_file", led.SigningKeyFile)
	}
	if path, ok := strings.CutPrefix(l.cfg.Store.URL, dialectSQLite+":"); ok && path != "" {
		// sqlite:///var/lib/modbot.db is what people know from other tools.
		if strings.HasPrefix(path, "///") {
			path = path[2:]
		}
		l.cfg.Store.URL = dialectSQLite + ":" + l.beside("store.url", path)
	}
}
