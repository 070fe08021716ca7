package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// tidyBuiltins makes the two commands that cobra adds by itself, completion
// and help, refuse what they do not know like all others: with exit 64 and the
// nearest name, where cobra prints help and succeeds. It comes after SetOut,
// because the completion commands keep the writer that they were made with.
func tidyBuiltins(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			cmd.Short = "Print a script that completes modbot's command line in your shell"
			for _, shell := range cmd.Commands() {
				shell.Short = "Print the script for " + shell.Name()
			}
			cmd.Args = cobra.ArbitraryArgs
			cmd.SuggestionsMinimumDistance = nearMiss
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) == 0 {
					return cmd.Help()
				}
				return unknownSubcommand(cmd, args[0])
			}
		case "help":
			cmd.Short = "Print the help of a command"
			cmd.Run = nil
			cmd.RunE = func(cmd *cobra.Command, args []string) error { return helpOn(cmd.Root(), args) }
		}
	}
}

// helpOn prints the help of the command that the names lead to.
func helpOn(root *cobra.Command, names []string) error {
	cmd := root
	for _, name := range names {
		next, _, err := cmd.Find([]string{name})
		if err != nil || next == cmd {
			return unknownSubcommand(cmd, name)
		}
		cmd = next
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.Help(); err != nil {
		return fmt.Errorf("printing the help of %s: %w", strings.Join(names, " "), err)
	}
	return nil
}
