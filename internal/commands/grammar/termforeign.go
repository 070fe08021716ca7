package grammar

import (
	"regexp"
	"strings"
	"unicode"

	"modbot/internal/mute"
	"modbot/internal/texts"
)

// The shapes of other programs' lengths of time, in lower case.
var (
	signShape      = regexp.MustCompile(`^[-+−–—]\s*[.0-9]`)
	isoShape       = regexp.MustCompile(`^pt?[0-9]`)
	dateShape      = regexp.MustCompile(`^[0-9]{4}-[0-9]|^[0-9]+/[0-9]`)
	clockShape     = regexp.MustCompile(`^[0-9]+:[0-9]|^[0-9]+ ?[ap]\.?m\b`)
	innerComma     = regexp.MustCompile(`([0-9]),([0-9])`)
	thousandsShape = regexp.MustCompile(`^[1-9][0-9]{0,2}(,[0-9]{3})+[a-z]`)
)

// foreignTerm recognises the ways of writing a length of time that other
// programs read and this grammar does not, and says how it is written here. It
// is nil for everything else.
func foreignTerm(s string) *fault {
	lower := fold(s)
	switch {
	case s == "":
		return &fault{problem: texts.TermEmpty()}
	case strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsNumber(r) }):
		return &fault{texts.TermDigits(s), []string{westernDigits(s)}}
	case signShape.MatchString(s):
		return &fault{texts.TermSign(s), []string{strings.TrimLeft(s, "-+−–— ")}}
	case saysPermanent(s):
		return &fault{texts.TermPermanent(s), []string{mute.Permanent().String(), withoutPermanent(s)}}
	case isoShape.MatchString(lower):
		return &fault{texts.TermISO(s), []string{fromISO(lower)}}
	case dateShape.MatchString(s):
		return &fault{problem: texts.TermDate(s)}
	case clockShape.MatchString(lower):
		return &fault{texts.TermClock(s), []string{fromClock(s)}}
	case innerComma.MatchString(s):
		return &fault{texts.TermDecimalComma(s), fromComma(s)}
	}
	if digits := fromWords(lower); digits != "" {
		return &fault{texts.TermWords(s, digits), []string{digits}}
	}
	return nil
}

// westernDigits replaces decimal digits of any script by 0 to 9. Unicode keeps
// ten digits together and in order; where sets touch, each has ten.
func westernDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII || !unicode.IsDigit(r) {
			return r
		}
		zero := r
		for unicode.IsDigit(zero - 1) {
			zero--
		}
		return '0' + (r-zero)%10
	}, s)
}

// saysPermanent reports whether one word of several says permanent.
func saysPermanent(s string) bool {
	return len(strings.Fields(s)) > 1 && withoutPermanent(s) != strings.Join(strings.Fields(s), " ")
}

func withoutPermanent(s string) string {
	var rest []string
	for w := range strings.FieldsSeq(s) {
		if !permanent(w) {
			rest = append(rest, w)
		}
	}
	return strings.Join(rest, " ")
}

// fromISO reads the ISO 8601 form of a length: P1DT12H. Its M is months before
// the T and minutes behind it.
func fromISO(lower string) string {
	date, clock, _ := strings.Cut(strings.TrimPrefix(lower, "p"), "t")
	parts, _, err := splitTerm(strings.ReplaceAll(date, "m", "mo") + clock)
	if err != nil {
		return ""
	}
	return formatParts(parts)
}

// fromClock reads hours, minutes and seconds with colons.
func fromClock(s string) string {
	var out strings.Builder
	for i, n := range strings.Split(s, ":") {
		if i > 2 || strings.Trim(n, "0123456789") != "" {
			return ""
		}
		if strings.Trim(n, "0") != "" {
			out.WriteString(strings.TrimLeft(n, "0") + "hms"[i:i+1])
		}
	}
	return out.String()
}

// fromComma reads a comma inside a number as the decimal mark, and as nothing
// where it may part thousands.
func fromComma(s string) []string {
	var fixes []string
	if thousandsShape.MatchString(fold(s)) {
		fixes = append(fixes, innerComma.ReplaceAllString(s, "$1$2"))
	}
	decimal := innerComma.ReplaceAllString(s, "$1.$2")
	return append(fixes, decimal, decimal+hour.short())
}

// fromWords reads a number in words before a unit: "a day", "two weeks", "half
// an hour". It is empty for everything else.
func fromWords(lower string) string {
	words := strings.Fields(lower)
	if len(words) < 2 {
		return ""
	}
	last := words[len(words)-1]
	u, known := unitOf(last)
	if !known {
		return ""
	}
	switch n := strings.Join(words[:len(words)-1], " "); n {
	case "half a", "half an", "half":
		return roundedUp([]part{{whole: "0", fraction: "5", unit: u}})
	case "a couple of", "a couple":
		return "2" + u.short()
	default:
		if digits := wordNumber(n); digits != "" {
			return digits + u.short()
		}
	}
	return ""
}

// wordNumber is the number that a word means; empty when none.
func wordNumber(word string) string {
	switch word {
	case "a", "an", "one":
		return "1"
	case "two":
		return "2"
	case "three":
		return "3"
	case "four":
		return "4"
	case "five":
		return "5"
	case "six":
		return "6"
	case "seven":
		return "7"
	case "eight":
		return "8"
	case "nine":
		return "9"
	case "ten":
		return "10"
	case "twelve":
		return "12"
	}
	return ""
}
