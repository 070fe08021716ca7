package main

import "github.com/spf13/cobra"

// subcommands lists what modbot can do, in the order of its help.
func subcommands(env *environment) []*cobra.Command {
	return []*cobra.Command{
		newDemoCommand(env),
		newServeCommand(env),
		newCheckConfigCommand(env),
		newHealthcheckCommand(env),
		newRunCommand(env),
		newBulkCommand(env),
		newParseCommand(env),
		newLinkCommand(env),
		newIMCommand(env),
		newSimCommand(env),
		newAuditCommand(env),
		newMigrateStoreCommand(env),
		newSlackCommand(env),
		newDiscordCommand(env),
		newConfigCommand(env),
		newVersionCommand(env),
	}
}
