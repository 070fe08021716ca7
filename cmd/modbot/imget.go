package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"modbot/internal/mute"
)

// getView is what `im get --json` prints.
type getView struct {
	Account string    `json:"account"`
	Group   fieldView `json:"group"`
	C2C     fieldView `json:"c2c"`
}

func newIMGetCommand(env *environment, c *connection) *cobra.Command {
	const example = "modbot im get --account alice"
	var account string
	cmd := &cobra.Command{
		Use:   "get",
		Short: "Read both fields of an account (getnospeaking)",
		Long: `Read both fields of an account. Tencent says "permanent" also of accounts that
do not exist; such an answer is shown only after account_check has found the
account.`,
		Example: "  " + example,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			id, err := accountFlag(account, example)
			if err != nil {
				return err
			}
			client, err := c.client(env)
			if err != nil {
				return err
			}
			defer client.Close()
			state, err := client.State(cmd.Context(), id)
			if err != nil {
				return imFailure(err, id)
			}
			if env.json {
				return json.NewEncoder(env.out).Encode(getView{
					Account: string(id), Group: viewOf(state.Group), C2C: viewOf(state.C2C),
				})
			}
			now := time.Now()
			_, err = fmt.Fprintf(env.out, "%s\n  group: %s\n  c2c: %s\n", id, lasting(state.Group, now), lasting(state.C2C, now))
			return err
		},
	}
	cmd.Flags().StringVar(&account, "account", "", "`account` to read")
	return cmd
}

// checkView is what `im check --json` prints, in the order asked.
type checkView struct {
	Accounts []presenceView `json:"accounts"`
}

type presenceView struct {
	Account string `json:"account"`
	Exists  bool   `json:"exists"`
}

func newIMCheckCommand(env *environment, c *connection) *cobra.Command {
	const example = "modbot im check alice bob"
	return &cobra.Command{
		Use:   "check ACCOUNT...",
		Short: "Ask which accounts exist (account_check)",
		Long: `Ask which accounts exist. Any number may be named; a hundred are asked at a
time. An account that does not exist is an answer, not a failure.`,
		Example: "  " + example,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("account", "No account is named.", example)
			}
			ids := make([]mute.Account, len(args))
			for i, arg := range args {
				var err error
				if ids[i], err = accountFlag(arg, example); err != nil {
					return err
				}
			}
			client, err := c.client(env)
			if err != nil {
				return err
			}
			defer client.Close()
			found, err := client.CheckAccounts(cmd.Context(), ids...)
			if err != nil {
				return imFailure(err, ids[0])
			}
			view := checkView{}
			for _, p := range found {
				view.Accounts = append(view.Accounts, presenceView{Account: string(p.Account), Exists: p.Exists})
			}
			if env.json {
				return json.NewEncoder(env.out).Encode(view)
			}
			return printPresence(env.out, view.Accounts)
		},
	}
}

func printPresence(w io.Writer, accounts []presenceView) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range accounts {
		word := "exists"
		if !a.Exists {
			word = "does not exist"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\n", a.Account, word)
	}
	return table.Flush()
}
