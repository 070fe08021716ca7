package rest

import (
	"context"
	"net/http"

	"github.com/bwmarrin/discordgo"
)

// Application is what modbot wants to know of itself.
type Application struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	VerifyKey string `json:"verify_key"` // hex, as in the configuration
	// InteractionsEndpointURL, when not empty, is where all interactions go: the
	// gateway gets none.
	InteractionsEndpointURL string `json:"interactions_endpoint_url"`
}

// Application reads the bot's own application.
func (c *Client) Application(ctx context.Context) (Application, error) {
	var out Application
	err := c.do(ctx, reading("reading the application", "application", "/applications/@me", "/applications/@me", ""), &out)
	return out, err
}

// GatewayBot is where the gateway is, and how many sessions may still begin.
func (c *Client) GatewayBot(ctx context.Context) (discordgo.GatewayBotResponse, error) {
	var out discordgo.GatewayBotResponse
	err := c.do(ctx, reading("finding the gateway", "gateway_bot", "/gateway/bot", "/gateway/bot", ""), &out)
	return out, err
}

// GuildCommands are the commands registered in a guild.
func (c *Client) GuildCommands(ctx context.Context, appID, guildID string) ([]*discordgo.ApplicationCommand, error) {
	const op = "reading a guild's commands"
	if err := ids(op, appID, guildID); err != nil {
		return nil, err
	}
	var out []*discordgo.ApplicationCommand
	err := c.do(ctx, reading(op, "guild_commands", "/applications/{app}/guilds/{guild}/commands",
		"/applications/"+appID+"/guilds/"+guildID+"/commands?with_localizations=true", appID+"/"+guildID), &out)
	return out, err
}

// OverwriteGuildCommands registers these commands in a guild and removes all
// others of the application there. It returns what is registered then.
func (c *Client) OverwriteGuildCommands(ctx context.Context, appID, guildID string, commands []*discordgo.ApplicationCommand) ([]*discordgo.ApplicationCommand, error) {
	const op = "registering a guild's commands"
	if err := ids(op, appID, guildID); err != nil {
		return nil, err
	}
	if commands == nil {
		commands = []*discordgo.ApplicationCommand{}
	}
	var out []*discordgo.ApplicationCommand
	err := c.do(ctx, call{
		op: op, name: "overwrite_guild_commands", method: http.MethodPut, route: "/applications/{app}/guilds/{guild}/commands",
		path: "/applications/" + appID + "/guilds/" + guildID + "/commands", major: appID + "/" + guildID,
		body: commands, patient: true, repeatable: true,
	}, &out)
	return out, err
}

// GlobalCommands are the commands registered everywhere.
func (c *Client) GlobalCommands(ctx context.Context, appID string) ([]*discordgo.ApplicationCommand, error) {
	const op = "reading the global commands"
	if err := ids(op, appID); err != nil {
		return nil, err
	}
	var out []*discordgo.ApplicationCommand
	err := c.do(ctx, reading(op, "global_commands", "/applications/{app}/commands",
		"/applications/"+appID+"/commands?with_localizations=true", appID), &out)
	return out, err
}

// DeleteGlobalCommand removes one command that is registered everywhere.
func (c *Client) DeleteGlobalCommand(ctx context.Context, appID, commandID string) error {
	const op = "removing a global command"
	if err := ids(op, appID, commandID); err != nil {
		return err
	}
	return c.do(ctx, call{
		op: op, name: "delete_global_command", method: http.MethodDelete, route: "/applications/{app}/commands/{command}",
		path: "/applications/" + appID + "/commands/" + commandID, major: appID, patient: true, repeatable: true,
	}, nil)
}

// reading is a call that changes nothing.
func reading(op, name, route, path, major string) call {
	return call{op: op, name: name, method: http.MethodGet, route: route, path: path, major: major, patient: true, repeatable: true}
}
