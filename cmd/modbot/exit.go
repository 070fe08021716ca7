package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"modbot/internal/chat"
)

// The exit codes of the command line (sysexits where one fits).
const (
	exitOK          = 0
	exitFailed      = 1  // asked for something that did not happen
	exitAltered     = 2  // the audit log was altered
	exitUsage       = 64 // the command line is wrong
	exitUnavailable = 69 // Tencent, a platform or the store cannot be reached
	exitConfig      = 78 // the configuration is wrong, or the ledger is in use
)

// commandError is an error made for people: what is wrong, and a line that can
// be pasted. Machines read its code.
type commandError struct {
	exit       int
	Code       string `json:"code"`
	Message    string `json:"message"`
	Suggestion string `json:"suggestion"`
	cause      error
	// printed is set when the sub-command has already said it.
	printed bool
}

func (e *commandError) Error() string { return e.Message }
func (e *commandError) Unwrap() error { return e.cause }

// failWith makes an error with its exit code. The cause is for errors.Is and
// is not shown.
func failWith(exit int, code, message, suggestion string, cause error) error {
	return &commandError{exit: exit, Code: code, Message: message, Suggestion: suggestion, cause: cause}
}

// usageError is a wrong command line.
func usageError(code, message, suggestion string) error {
	return failWith(exitUsage, code, message, suggestion, nil)
}

// exitSilently ends with a code when everything has been said already.
func exitSilently(code int) error { return &commandError{exit: code, printed: true} }

// report prints an error for its reader and returns the exit code.
func report(w io.Writer, asJSON bool, err error) int {
	if err == nil {
		return exitOK
	}
	var ce *commandError
	if !errors.As(err, &ce) {
		ce = &commandError{exit: exitFailed, Code: "internal", Message: err.Error()}
	}
	if ce.printed {
		return ce.exit
	}
	if asJSON {
		line, jsonErr := json.Marshal(map[string]*commandError{"error": ce})
		if jsonErr == nil {
			_, _ = fmt.Fprintf(w, "%s\n", line)
			return ce.exit
		}
	}
	_, _ = fmt.Fprintf(w, "modbot: %s\n", visible(ce.Message))
	if ce.Suggestion != "" {
		_, _ = fmt.Fprintf(w, "→ %s\n", visible(ce.Suggestion))
	}
	return ce.exit
}

// visible keeps what an error repeats from acting on the terminal. Our own line
// breaks stay.
func visible(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = chat.Visible(l)
	}
	return strings.Join(lines, "\n")
}
