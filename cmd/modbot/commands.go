package main

import "github.com/spf13/cobra"

// subcommands lists what modbot can do, in the order of its help.
func subcommands(env *environment) []*cobra.Command {
	return []*cobra.Command{
		newParseCommand(env),
		newVersionCommand(env),
	}
}
