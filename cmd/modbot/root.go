package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// nearMiss is how many edits away a sub-command is still suggested.
const nearMiss = 2

// environment is what a command may touch of its surroundings.
type environment struct {
	in        io.Reader
	out       io.Writer
	err       io.Writer
	lookupEnv func(string) (string, bool)
	variables []string // the environment whole; nil = os.Environ
	json      bool     // --json, on every command
}

// getenv is a variable's value, empty when unset.
func (e *environment) getenv(name string) string {
	v, _ := e.lookupEnv(name)
	return v
}

// terminal reports whether w is a terminal.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// color reports whether output may be coloured (https://no-color.org).
func (e *environment) color() bool {
	return e.getenv("NO_COLOR") == "" && terminal(e.out)
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, env *environment, args []string) int {
	root := newRoot(env) //nolint:contextcheck // cobra gives each command the context of ExecuteContext
	root.SetArgs(args)
	root.SetIn(env.in)
	root.SetOut(env.out)
	root.SetErr(env.err)
	tidyBuiltins(root)
	err := root.ExecuteContext(ctx)
	var ce *commandError
	if err != nil && !errors.As(err, &ce) {
		// What cobra itself refuses (flags, arguments) is a usage error.
		err = usageError("usage", err.Error(), "modbot --help")
	}
	w := env.err
	if env.json {
		w = env.out
	}
	return report(w, env.json, err)
}

// newRoot wires the sub-commands, one file each.
func newRoot(env *environment) *cobra.Command {
	root := &cobra.Command{
		Use:                        "modbot",
		Short:                      "Mute accounts of a Tencent Chat app from chat, with an audit log that tells the truth",
		SilenceUsage:               true,
		SilenceErrors:              true,
		Args:                       cobra.ArbitraryArgs,
		SuggestionsMinimumDistance: nearMiss,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownSubcommand(cmd, args[0])
		},
	}
	root.PersistentFlags().BoolVar(&env.json, "json", false, "print JSON, for machines")
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(subcommands(env)...)
	return root
}

// unknownSubcommand names the nearest sub-commands.
func unknownSubcommand(cmd *cobra.Command, name string) error {
	msg := fmt.Sprintf("%s has no command %q.", cmd.CommandPath(), name)
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		msg += " Did you mean " + strings.Join(near, " or ") + "?"
		return usageError("unknown_command", msg, cmd.CommandPath()+" "+near[0]+" --help")
	}
	return usageError("unknown_command", msg, cmd.CommandPath()+" --help")
}

// group makes a command that only holds sub-commands.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs, SuggestionsMinimumDistance: nearMiss,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownSubcommand(cmd, args[0])
		},
	}
	g.AddCommand(subs...)
	return g
}
