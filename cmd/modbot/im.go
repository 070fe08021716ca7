package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"modbot/internal/im"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// newIMCommand is the vendor's "API debugging tool" on the terminal: raw calls
// without policy, ledger or questions.
func newIMCommand(env *environment) *cobra.Command {
	var c connection
	cmd := group("im", "Call the Tencent API directly, without policy and record",
		newIMSetCommand(env, &c),
		newIMGetCommand(env, &c),
		newIMCheckCommand(env, &c),
		newIMUserSigCommand(env, &c),
	)
	cmd.Long = `Call the Tencent API directly: what the vendor's online debugging tool does,
on your terminal. There is no policy, no question and no record: use it to see
what the service says, and "modbot run" to moderate.

Which app is meant is said by flags or by MODBOT_TENCENT_HOST or _REGION,
MODBOT_TENCENT_SDK_APP_ID, _IDENTIFIER and _SECRET_KEY (each also with _FILE,
naming a file). A flag wins. When none of these is given, the simulator is
called that "modbot sim" starts.

Exit codes: 0 done, 1 Tencent said no or gave no clear answer, 64 the command
line is wrong, 69 Tencent cannot be reached, 78 the settings are wrong.`
	c.register(cmd.PersistentFlags())
	return cmd
}

// fieldView is one of the two fields in JSON.
type fieldView struct {
	Muted     bool    `json:"muted"`
	Permanent bool    `json:"permanent"`
	Seconds   *uint32 `json:"seconds"` // left; 0 when not muted, null when permanent
}

func viewOf(r mute.Reading) fieldView {
	v := fieldView{Muted: r.Muted(), Permanent: r.Permanent()}
	if !v.Permanent {
		v.Seconds = new(r.Wire())
	}
	return v
}

// lasting says how long a field is muted, for people. What is left is counted
// from now, so the end is exact to a second or two.
func lasting(r mute.Reading, now time.Time) string {
	if r.Permanent() {
		return "muted permanently"
	}
	term, err := mute.Seconds(int64(r.Wire()))
	if err != nil {
		return "not muted"
	}
	left, _ := r.Left()
	return fmt.Sprintf("muted for %s, until %s", term, now.Add(left).UTC().Format("2006-01-02 15:04:05 UTC"))
}

// accountFlag reads an account from a command line.
func accountFlag(text, example string) (mute.Account, error) {
	account, err := mute.ParseAccount(text)
	if err != nil {
		return "", usageError("account", fmt.Sprintf("%q is no account: %v (%s).", text, err, mute.CodePoints(text)), example)
	}
	return account, nil
}

// imFailure turns an error of the client into what people read and an exit
// code. The order matters: an unknown outcome wraps the error that caused it.
func imFailure(err error, account mute.Account) error {
	if e, ok := errors.AsType[*im.OutcomeUnknownError](err); ok {
		return failWith(exitFailed, "unknown", fmt.Sprintf(
			"Unknown: Tencent gave no clear answer (%v). The call may still take effect until %s; read it back after that.",
			causeOf(e), e.LiveUntil.UTC().Format("15:04:05 UTC")), "modbot im get --account "+shellWord(string(account)), err)
	}
	if e, ok := errors.AsType[*im.APIError](err); ok {
		return vendorSaidNo(e, err)
	}
	if e, ok := errors.AsType[*im.BreakerOpenError](err); ok {
		return failWith(exitConfig, "paused", fmt.Sprintf("Nothing was sent: %v.", e), adviceOf(e.Code), err)
	}
	switch {
	case errors.Is(err, im.ErrNoSuchAccount):
		return failWith(exitFailed, "no_such_account", fmt.Sprintf("Tencent knows no account %q.", account),
			"modbot im check "+shellWord(string(account)), err)
	case errors.Is(err, im.ErrUnreachable):
		return failWith(exitUnavailable, "unreachable", fmt.Sprintf("Tencent cannot be reached, nothing was sent: %v.", causeOf(err)),
			"check --host or --region and this machine's network", err)
	}
	if e, ok := errors.AsType[*im.TransportError](err); ok {
		return failWith(exitUnavailable, "no_answer", fmt.Sprintf("Tencent gave no answer: %v.", e), "try again", err)
	}
	return failWith(exitFailed, "failed", err.Error(), "", err)
}

// vendorSaidNo explains an error code: the vendor's number, what it means, the
// service's own words, and what to do.
func vendorSaidNo(e *im.APIError, err error) error {
	message := fmt.Sprintf("Tencent said no: %s (code %d).", e.Meaning, e.Code)
	if e.Info != "" {
		message += fmt.Sprintf(" It says: %q", e.Info)
	}
	exit := exitFailed
	switch e.Class {
	case imwire.ClassConfiguration, imwire.ClassRefreshOnce, imwire.ClassBreaker:
		exit = exitConfig
	case imwire.ClassNo, imwire.ClassAnsweredUnclear, imwire.ClassUnanswered, imwire.ClassThrottled, imwire.ClassNotFound:
	}
	return failWith(exit, fmt.Sprintf("tencent_%d", e.Code), message, e.Advice, err)
}

func adviceOf(code imwire.Code) string {
	info, _ := code.Info()
	return info.Advice
}

// causeOf is the innermost error that says something of its own.
func causeOf(err error) error {
	if e, ok := errors.AsType[*im.TransportError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*im.APIError](err); ok {
		return e
	}
	return err
}
