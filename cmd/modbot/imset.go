package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"modbot/internal/im"
	"modbot/internal/mute"
)

const setExample = "modbot im set --account alice --group 7200"

// wanted is what a field is to become.
type wanted struct {
	field  mute.Field
	unmute bool
	term   mute.Term // when not unmute
}

// reading is the field as a query would answer it right afterwards.
func (w wanted) reading() mute.Reading {
	if w.unmute {
		return mute.Reading{}
	}
	wire, _ := w.term.From(time.Time{}).Wire(time.Time{})
	return mute.ReadingOf(wire)
}

// setView is what `im set --json` prints: the fields as they now are, null for
// a field that was not named.
type setView struct {
	OK       bool       `json:"ok"`
	Account  string     `json:"account"`
	Group    *fieldView `json:"group"`
	C2C      *fieldView `json:"c2c"`
	Attempts int        `json:"attempts"`
	Recorded bool       `json:"recorded"` // always false: see the help
}

func newIMSetCommand(env *environment, c *connection) *cobra.Command {
	var account, group, c2c string
	cmd := &cobra.Command{
		Use:   "set",
		Short: "Mute or unmute an account (setnospeaking)",
		Long: `Mute or unmute an account. Each field that is named becomes what is said, the
other stays as it is. Values: 1 to 4294967294 seconds, "permanent", or
"unmute"; a bare 0 or 4294967295 is refused, so that neither happens by
mistake.

Nothing is recorded in the audit log. Two fields with different values take
two calls, group first.`,
		Example: "  " + setExample + "\n  modbot im set --account alice --group unmute --c2c permanent",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			id, err := accountFlag(account, setExample)
			if err != nil {
				return err
			}
			changes, err := wantedOf(group, c2c)
			if err != nil {
				return err
			}
			client, err := c.client(env)
			if err != nil {
				return err
			}
			defer client.Close()
			_, _ = fmt.Fprintln(env.err, "A raw call: it is not recorded in the audit log.")
			return runSet(cmd.Context(), env, client, id, changes)
		},
	}
	cmd.Flags().StringVar(&account, "account", "", "`account` to change")
	cmd.Flags().StringVar(&group, "group", "", "messages to groups: `seconds`, permanent or unmute")
	cmd.Flags().StringVar(&c2c, "c2c", "", "one-to-one messages: `seconds`, permanent or unmute")
	return cmd
}

// wantedOf reads the two flags; at least one is needed.
func wantedOf(group, c2c string) ([]wanted, error) {
	var changes []wanted
	for _, flag := range []struct {
		field mute.Field
		text  string
	}{{mute.Group, group}, {mute.C2C, c2c}} {
		if flag.text == "" {
			continue
		}
		w, err := parseWanted(flag.field, flag.text)
		if err != nil {
			return nil, err
		}
		changes = append(changes, w)
	}
	if len(changes) == 0 {
		return nil, usageError("no_field", "Neither --group nor --c2c is given: Tencent needs at least one.", setExample)
	}
	return changes, nil
}

// parseWanted keeps the two numbers that mean something else than a length of
// time from being typed: they have words.
func parseWanted(field mute.Field, text string) (wanted, error) {
	switch strings.ToLower(text) {
	case "unmute":
		return wanted{field: field, unmute: true}, nil
	case "permanent":
		return wanted{field: field, term: mute.Permanent()}, nil
	}
	refuse := func(why, instead string) (wanted, error) {
		return wanted{}, usageError("seconds", fmt.Sprintf("--%s %s: %s.", field, text, why),
			fmt.Sprintf("modbot im set --account alice --%s %s", field, instead))
	}
	n, err := strconv.ParseUint(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return refuse(fmt.Sprintf("the longest term is %d seconds", mute.MaxSeconds), "permanent")
	case err != nil:
		return refuse("this is not a number of seconds, permanent or unmute", "7200")
	case n == 0:
		return refuse("0 would lift the mute; say unmute", "unmute")
	case n == uint64(mute.MaxSeconds)+1:
		return refuse("this number means for ever; say permanent", "permanent")
	case n > uint64(mute.MaxSeconds):
		return refuse(fmt.Sprintf("the longest term is %d seconds", mute.MaxSeconds), "permanent")
	}
	term, err := mute.Seconds(int64(n))
	if err != nil {
		return refuse(err.Error(), "7200")
	}
	return wanted{field: field, term: term}, nil
}

// runSet makes one call for all fields when they become the same, else one for
// each, and prints what was confirmed.
func runSet(ctx context.Context, env *environment, client *im.Client, account mute.Account, changes []wanted) error {
	calls := [][]wanted{changes}
	if len(changes) == 2 && changes[0].reading() != changes[1].reading() {
		calls = [][]wanted{changes[:1], changes[1:]}
	}
	view := setView{OK: true, Account: string(account)}
	var done []string
	for _, fields := range calls {
		receipt, err := setFields(ctx, client, account, fields)
		view.Attempts += receipt.Attempts
		if err != nil {
			return afterDone(done, imFailure(err, account))
		}
		for _, w := range fields {
			done = append(done, fmt.Sprintf("%s: %s", w.field, lasting(w.reading(), time.Now())))
			if w.field == mute.C2C {
				view.C2C = new(viewOf(w.reading()))
			} else {
				view.Group = new(viewOf(w.reading()))
			}
		}
	}
	if env.json {
		return json.NewEncoder(env.out).Encode(view)
	}
	_, err := fmt.Fprintf(env.out, "%s\n  %s\n", account, strings.Join(done, "\n  "))
	return err
}

// setFields makes one call for fields that become the same.
func setFields(ctx context.Context, client *im.Client, account mute.Account, fields []wanted) (im.Receipt, error) {
	var scope mute.Scope
	for _, w := range fields {
		scope |= mute.ScopeOf(w.field)
	}
	if fields[0].unmute {
		return client.Unmute(ctx, account, scope)
	}
	return client.Mute(ctx, account, scope, fields[0].term.From(time.Now()))
}

// afterDone adds to a failure what was confirmed before it.
func afterDone(done []string, err error) error {
	if ce, ok := errors.AsType[*commandError](err); ok && len(done) > 0 {
		ce.Message = fmt.Sprintf("Partly done (%s). %s", strings.Join(done, ", "), ce.Message)
	}
	return err
}
