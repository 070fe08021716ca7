package blocks

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"modbot/internal/chat"
)

// clickVersion begins the value of a button. A layout that an older process
// can't read gets another one.
const clickVersion = "c1"

// clickFields are origin, entry, case, choice and what the press opens.
const clickFields = 5

var errClick = errors.New("reading a pressed button: no button of ours")

// EncodeClick is a button's value. It is not ok when the button is larger than
// chat.MaxButton, or is not one that can be pressed (no choice and no form).
func EncodeClick(b chat.Button) (value string, ok bool) {
	number := strconv.FormatInt(b.Case, 10)
	if !clickable(b.Origin, b.Entry, number, b.Choice, b.Opens) || b.Case < 0 {
		return "", false
	}
	return spell(b.Origin, b.Entry, number, b.Choice, b.Opens), true
}

// DecodeClick reads the value of a pressed button, and which verb's form the
// press opens. Only what EncodeClick writes is read: values come from outside.
func DecodeClick(value string) (c chat.Click, opens string, err error) {
	rest, ok := strings.CutPrefix(value, clickVersion)
	if !ok || len(value) > maxButtonValue {
		return chat.Click{}, "", errClick
	}
	var fields []string
	if err := json.Unmarshal([]byte(rest), &fields); err != nil {
		return chat.Click{}, "", fmt.Errorf("%w: %w", errClick, err)
	}
	if len(fields) != clickFields || !clickable(fields...) || spell(fields...) != value {
		return chat.Click{}, "", errClick
	}
	number, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || number < 0 || strconv.FormatInt(number, 10) != fields[2] {
		return chat.Click{}, "", errClick
	}
	return chat.Click{Origin: fields[0], Entry: fields[1], Case: number, Choice: fields[3]}, fields[4], nil
}

// clickable reports whether the fields are those of a button that can be made:
// small, text, and good for something.
func clickable(fields ...string) bool {
	total := 0
	for _, f := range fields {
		if !utf8.ValidString(f) {
			return false
		}
		total += len(f)
	}
	return total <= chat.MaxButton && (fields[3] != "" || fields[4] != "")
}

// spell is the one way to write a value.
func spell(fields ...string) string {
	raw, err := json.Marshal(fields)
	if err != nil { // impossible: strings
		return ""
	}
	return clickVersion + string(raw)
}
