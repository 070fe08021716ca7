package render

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// clickVersion begins the custom_id of every button. A button lives as long as
// its message, so a later version of modbot meets those of earlier ones.
const clickVersion = "m1"

// clickSeparator stands between the parts of a custom_id. A part that holds it
// can't be encoded.
const clickSeparator = "|"

// buttons are rows of buttons, and lines for those that can't be buttons.
func buttons(all []chat.Button) (rows []discordgo.MessageComponent, rest []line) {
	var flat []discordgo.MessageComponent
	used := make(map[string]bool)
	for _, b := range all {
		id, ok := EncodeClick(b)
		if !ok || used[id] || len(flat) == MaxRows*MaxRowButtons {
			rest = append(rest, typed(b)...)
			continue
		}
		used[id] = true
		flat = append(flat, discordgo.Button{Label: label(b), Style: buttonStyle(b), CustomID: id})
	}
	for len(flat) > 0 {
		n := min(len(flat), MaxRowButtons)
		rows = append(rows, discordgo.ActionsRow{Components: flat[:n:n]})
		flat = flat[n:]
	}
	return rows, rest
}

// typed is a button as a line: the command that does the same.
func typed(b chat.Button) []line {
	if b.Typed == "" {
		return nil
	}
	return compose([]chat.Line{{chat.Plain("→ "), chat.Code(b.Typed), chat.Plain(" (" + b.Label + ")")}})
}

// label is what the button says. Labels show no Markdown, so there is nothing
// to escape; Discord takes no empty one.
func label(b chat.Button) string {
	for _, text := range []string{b.Label, b.Typed, b.Choice} {
		if cut := adapters.Cut(strings.TrimSpace(chat.Visible(text)), MaxLabel, units); cut != "" {
			return cut
		}
	}
	return ellipsis
}

func buttonStyle(b chat.Button) discordgo.ButtonStyle {
	if b.Danger {
		return discordgo.DangerButton
	}
	return discordgo.SecondaryButton
}

// EncodeClick is the custom_id of a button, at most 100 bytes for whatever
// keeps to chat.MaxButton. ok is false for a button that can't come back as it
// is: one that is too long, or has something else than visible ASCII in it.
func EncodeClick(b chat.Button) (customID string, ok bool) {
	if b.Case < 0 {
		return "", false
	}
	parts := []string{b.Choice, b.Opens, b.Origin, b.Entry, strconv.FormatInt(b.Case, 10)}
	size := 0
	for _, p := range parts {
		if !encodable(p) {
			return "", false
		}
		size += len(p)
	}
	if size > chat.MaxButton {
		return "", false
	}
	return strings.Join(append([]string{clickVersion}, parts...), clickSeparator), true
}

// DecodeClick reads the custom_id of a button that EncodeClick made. opens is
// the verb whose form the press opens; empty where the press is the answer.
func DecodeClick(customID string) (c chat.Click, opens string, err error) {
	if len(customID) > MaxCustomID {
		return chat.Click{}, "", errors.New("reading a button: it is too long")
	}
	parts := strings.Split(customID, clickSeparator)
	if len(parts) != 6 || parts[0] != clickVersion {
		return chat.Click{}, "", errors.New("reading a button: it isn't one of ours")
	}
	number, err := strconv.ParseInt(parts[5], 10, 64)
	if err != nil {
		return chat.Click{}, "", fmt.Errorf("reading the case of a button: %w", err)
	}
	b := chat.Button{Choice: parts[1], Opens: parts[2], Origin: parts[3], Entry: parts[4], Case: number}
	if again, ok := EncodeClick(b); !ok || again != customID {
		return chat.Click{}, "", errors.New("reading a button: we would not have written it so")
	}
	return b.Click(), b.Opens, nil
}

// encodable reports whether text comes back from Discord as it went.
func encodable(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' || text[i] == clickSeparator[0] {
			return false
		}
	}
	return true
}
