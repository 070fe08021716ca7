package config

// How a platform delivers: it calls modbot, or modbot holds a connection to it.
const (
	modeHTTP    = "http"
	modeSocket  = "socket"
	modeGateway = "gateway"
)

// Slack is the Slack app. The section is optional.
type Slack struct {
	// Mode is http (Slack calls PublicURL) or socket (no public address
	// needed). Default http.
	Mode string `yaml:"mode" default:"http" example:"socket"`
	// SigningSecret verifies what Slack sends. Required in mode http.
	SigningSecret Secret `yaml:"signing_secret" example:"slack-signing.key"`
	// BotToken (xoxb-…) is used for every call. Required.
	BotToken Secret `yaml:"bot_token" example:"slack-bot.token"`
	// AppToken (xapp-…) opens the connection. Required in mode socket.
	AppToken Secret `yaml:"app_token" example:"slack-app.token"`
	// Workspaces are the ids of the workspaces that are served. Required; more
	// than one needs an org-wide token and Enterprise.
	Workspaces []string `yaml:"workspaces" example:"[T0123ABCD]"`
	// Enterprise is the id of the Enterprise Grid organisation.
	Enterprise string `yaml:"enterprise" example:"E0123ABCD"`
	// Command is the slash command. Slack keeps /mute for itself. Default /mod.
	Command string `yaml:"command" default:"/mod" example:"/mod"`
	// ShortForms maps further slash commands, without the slash, to the verb
	// that each means.
	ShortForms map[string]string `yaml:"short_forms" example:"{modmute: mute}"`
	// AuditChannel is the id of the channel where the audit log is posted.
	AuditChannel string `yaml:"audit_channel" example:"C0123ABCD"`
	// MentionOnFailure are the user (U…) and user group (S…) ids that a failure
	// mentions in the audit channel.
	MentionOnFailure []string `yaml:"mention_on_failure" example:"[S0123ABCD]"`
	// LinkTemplate makes the account of a mentioned member who is not linked to
	// one: {id} stands for the member's id. Without it, only those who are linked
	// can be mentioned.
	LinkTemplate string `yaml:"link_template" example:"slack_{id}"`
	// APIURL is the base of Slack's API, with the slash at its end. Default
	// https://slack.com/api/.
	APIURL string `yaml:"api_url" default:"https://slack.com/api/" example:"https://slack.com/api/"`
}

// Discord is the Discord application. The section is optional.
type Discord struct {
	// Mode is http (Discord calls PublicURL) or gateway (no public address
	// needed). Default http.
	Mode string `yaml:"mode" default:"http" example:"gateway"`
	// ApplicationID is the application's id. Required.
	ApplicationID string `yaml:"application_id" example:"\"112233445566778899\""`
	// PublicKey verifies what Discord sends: 64 hexadecimal digits. It is no
	// secret. Required in mode http.
	PublicKey string `yaml:"public_key" example:"e0ae5cf7f4ee2ce6a3cc6f20a2a4f5bb3b4a63b6d5b8e8c1f1b9a5e7c3d2f101"`
	// BotToken is used for every call. Required.
	BotToken Secret `yaml:"bot_token" example:"discord-bot.token"`
	// Guilds are the ids of the guilds that are served. Required.
	Guilds []string `yaml:"guilds" example:"[\"112233445566778899\"]"`
	// CommandPrefix goes before the name of every command, where another bot
	// owns /mute: "mod-" makes /mod-mute.
	CommandPrefix string `yaml:"command_prefix" example:"mod-"`
	// AuditChannel is the id of the channel where the audit log is posted.
	AuditChannel string `yaml:"audit_channel" example:"\"112233445566778899\""`
	// MentionOnFailure are the roles (role:ID) and users (user:ID) that a
	// failure mentions in the audit channel.
	MentionOnFailure []string `yaml:"mention_on_failure" example:"[\"role:112233445566778899\"]"`
	// LinkTemplate makes the account of a mentioned member who is not linked to
	// one: {id} stands for the member's id. Without it, only those who are linked
	// can be mentioned.
	LinkTemplate string `yaml:"link_template" example:"discord_{id}"`
	// APIURL is the base of Discord's API. Default
	// https://discord.com/api/v10.
	APIURL string `yaml:"api_url" default:"https://discord.com/api/v10" example:"https://discord.com/api/v10"`
	// GatewayURL overrides the address that Discord's API names.
	GatewayURL string `yaml:"gateway_url" example:"wss://gateway.discord.gg"`
}
