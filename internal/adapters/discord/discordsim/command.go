package discordsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/bwmarrin/discordgo"
)

// maxCreates is how many commands may be created in a guild in a day.
const maxCreates = 200

// Commands are what is registered in a guild, or everywhere when guild is empty.
func (s *Server) Commands(guild string) []discordgo.ApplicationCommand {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []discordgo.ApplicationCommand
	encoded, err := json.Marshal(s.commands[guild])
	if err != nil || json.Unmarshal(encoded, &out) != nil {
		panic("what was registered is no command") // a mistake in this package
	}
	return out
}

// Creates is how many commands were created in a guild (or everywhere) so far.
func (s *Server) Creates(guild string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.creates[guild]
}

// scope refuses calls about another application or guild.
func (s *Server) scope(r *http.Request) (guild string, refusal *reply) {
	guild = r.PathValue("guild")
	switch {
	case r.PathValue("app") != s.cfg.Application:
		r := refused(http.StatusNotFound, codeUnknownApplication, "Unknown Application")
		return "", &r
	case guild != "" && guild != s.cfg.Guild:
		r := refused(http.StatusForbidden, codeMissingAccess, "Missing Access")
		return "", &r
	}
	return guild, nil
}

func (s *Server) listCommands(r *http.Request, _ []byte) reply {
	guild, refusal := s.scope(r)
	if refusal != nil {
		return *refusal
	}
	list := s.commands[guild]
	if list == nil {
		list = []map[string]any{}
	}
	return ok(list)
}

func (s *Server) deleteCommand(r *http.Request, _ []byte) reply {
	guild, refusal := s.scope(r)
	if refusal != nil {
		return *refusal
	}
	i := slices.IndexFunc(s.commands[guild], func(c map[string]any) bool { return c["id"] == r.PathValue("command") })
	if i < 0 {
		return refused(http.StatusNotFound, codeUnknownCommand, "Unknown application command")
	}
	s.commands[guild] = slices.Delete(s.commands[guild], i, i+1)
	s.note(Event{What: Registered, Text: "removed one"})
	return none()
}

func (s *Server) overwriteCommands(r *http.Request, body []byte) reply {
	guild, refusal := s.scope(r)
	if refusal != nil {
		return *refusal
	}
	var wanted []map[string]any
	if r := decode(body, &wanted); r != nil {
		return *r
	}
	var typed []discordgo.ApplicationCommand
	if r := decode(body, &typed); r != nil {
		return *r
	}
	if why := checkCommands(typed); why != "" {
		return invalidForm("commands", why)
	}
	known := make(map[string]map[string]any)
	for _, c := range s.commands[guild] {
		known[nameOf(c)] = c
	}
	created := 0
	for _, c := range wanted {
		if known[nameOf(c)] == nil {
			created++
		}
	}
	if s.creates[guild]+created > maxCreates {
		return refused(http.StatusBadRequest, codeTooManyCreates, "Max number of daily application command creates has been reached (200)")
	}
	s.creates[guild] += created
	list := []map[string]any{}
	for _, c := range wanted {
		list = append(list, s.registered(c, known[nameOf(c)], guild))
	}
	s.commands[guild] = list
	s.note(Event{What: Registered, Text: fmt.Sprintf("%d commands, %d of them new", len(list), created)})
	return ok(list)
}

// registered is a command as the server keeps it: with what it adds, and
// without what means nothing.
func (s *Server) registered(c, before map[string]any, guild string) map[string]any {
	c["application_id"], c["version"], c["nsfw"] = s.cfg.Application, s.newID(), false
	c["id"] = s.newID()
	if before != nil {
		c["id"] = before["id"]
	}
	if c["type"] == nil {
		c["type"] = float64(discordgo.ChatApplicationCommand)
	}
	if guild != "" {
		c["guild_id"] = guild
		c["contexts"], c["integration_types"] = nil, nil // global commands alone have them
	}
	if c["options"] == nil {
		delete(c, "options")
	}
	if options, is := c["options"].([]any); is {
		for _, o := range options {
			if o, is := o.(map[string]any); is {
				for name, value := range o {
					if value == nil || value == false || name == "channel_types" {
						delete(o, name)
					}
				}
			}
		}
	}
	return c
}

// nameOf tells commands apart: by type and name.
func nameOf(c map[string]any) string {
	if c["type"] == nil {
		return fmt.Sprint(float64(discordgo.ChatApplicationCommand), c["name"])
	}
	return fmt.Sprint(c["type"], c["name"])
}

// checkCommands holds commands to Discord's limits.
func checkCommands(all []discordgo.ApplicationCommand) string {
	most := map[discordgo.ApplicationCommandType]int{
		discordgo.ChatApplicationCommand: 100, discordgo.UserApplicationCommand: 15, discordgo.MessageApplicationCommand: 15,
	}
	seen := make(map[string]bool)
	for _, c := range all {
		if c.Type == 0 {
			c.Type = discordgo.ChatApplicationCommand
		}
		if most[c.Type]--; most[c.Type] < 0 {
			return "too many commands of a type, or an unknown type"
		}
		key := fmt.Sprint(c.Type, c.Name)
		if seen[key] {
			return "Application command names must be unique"
		}
		seen[key] = true
		if why := checkCommand(c); why != "" {
			return c.Name + ": " + why
		}
	}
	return ""
}

func checkCommand(c discordgo.ApplicationCommand) string {
	if c.Type != discordgo.ChatApplicationCommand {
		if c.Description != "" || len(c.Options) > 0 {
			return "a context menu has no description and no options"
		}
		if n := length(c.Name); n < 1 || n > 32 {
			return "name must be between 1 and 32 in length"
		}
		return ""
	}
	if !validName(c.Name) {
		return "the name doesn't match the pattern"
	}
	if n := length(c.Description); n < 1 || n > 100 {
		return "description must be between 1 and 100 in length"
	}
	if len(c.Options) > 25 {
		return "more than 25 options"
	}
	optional := false
	seen := make(map[string]bool)
	for _, o := range c.Options {
		if o.Required && optional {
			return "Required options must be placed before non-required options"
		}
		optional = optional || !o.Required
		if seen[o.Name] {
			return "option names must be unique"
		}
		seen[o.Name] = true
		if why := checkOption(o); why != "" {
			return o.Name + ": " + why
		}
	}
	return ""
}

func checkOption(o *discordgo.ApplicationCommandOption) string {
	switch {
	case !validName(o.Name):
		return "the name doesn't match the pattern"
	case length(o.Description) < 1 || length(o.Description) > 100:
		return "description must be between 1 and 100 in length"
	case o.Type < discordgo.ApplicationCommandOptionSubCommand || o.Type > discordgo.ApplicationCommandOptionAttachment:
		return "the type is unknown"
	case len(o.Choices) > maxChoices:
		return "more than 25 choices"
	case o.Autocomplete && len(o.Choices) > 0:
		return "choices and autocomplete exclude each other"
	case o.MaxLength < 0 || o.MaxLength > 6000:
		return "max_length must be between 1 and 6000"
	}
	for _, c := range o.Choices {
		if length(c.Name) < 1 || length(c.Name) > maxChoiceName {
			return "the name of a choice must be between 1 and 100 in length"
		}
	}
	return ""
}

// validName is ^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$, in lower case.
func validName(name string) bool {
	if n := len([]rune(name)); n < 1 || n > 32 || strings.ToLower(name) != name {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("-_'", r) && !unicode.In(r, unicode.L, unicode.N, unicode.Devanagari, unicode.Thai)
	})
}
