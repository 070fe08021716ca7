package grammar

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/mute"
	"modbot/internal/texts"
)

// ascii7 is printable ASCII.
var ascii7 = &unicode.RangeTable{R16: []unicode.Range16{{Lo: ' ', Hi: '~', Stride: 1}}}

func TestParseTerm_Accepts(t *testing.T) {
	for _, tt := range []struct {
		typed string
		want  int64
	}{
		{"1s", 1},
		{"2h", 2 * h},
		{" 2h\n", 2 * h},
		{"1d12h", 129600},
		{"1d 12h", 129600},
		{"1d, 12h", 129600},
		{"1d,12h", 129600},
		{"1d and 12h", 129600},
		{"1d, and 12h", 129600},
		{"1D12H", 129600},
		{"1y2mo3w4d5h6m7s", 365*d + 60*d + 21*d + 4*d + 5*h + 6*60 + 7},
		{"1h0m", h},
		{"01h", h},
		{"1.5h", 5400},
		{"0.5m", 30},
		{"1.50h", 5400},
		{"1d1.5h", d + 5400},
		{"0.0078125d", 675},
		{"4294967294s", mute.MaxSeconds},
		{"49710d6h28m14s", mute.MaxSeconds},
		{"`2h`", 2 * h},
		{"2\u200bh", 2 * h},
	} {
		t.Run(tt.typed, func(t *testing.T) {
			term, problem := ParseTerm(tt.typed)
			require.Nil(t, problem)
			require.Equal(t, seconds(t, tt.want), term)
			require.Equal(t, term, understood(t, "mute alice "+tt.typed).Term, "in a line")
		})
	}
}

func TestParseTerm_EveryUnit(t *testing.T) {
	names := map[int64]string{
		1:       "s sec secs second seconds",
		60:      "m min mins minute minutes",
		h:       "h hr hrs hour hours",
		d:       "d day days",
		7 * d:   "w wk wks week weeks",
		30 * d:  "mo month months",
		365 * d: "y yr yrs year years",
	}
	for n, list := range names {
		for name := range strings.FieldsSeq(list) {
			for _, typed := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]} {
				term, problem := ParseTerm("3" + typed)
				if typed == "M" {
					require.Equal(t, texts.CodeTermLoneM, problem.Code)
					continue
				}
				require.Nil(t, problem, typed)
				require.Equal(t, seconds(t, 3*n), term, typed)
			}
		}
	}
	for _, word := range []string{"perm", "permanent", "permanently", "forever", "Forever", "PERM", "perm "} {
		term, problem := ParseTerm(word)
		require.Nil(t, problem, word)
		require.Equal(t, mute.Permanent(), term, word)
	}
}

func TestParseTerm_Refuses(t *testing.T) {
	for _, tt := range []struct {
		typed string
		code  string
		fixes []string
	}{
		{"", texts.CodeTermEmpty, []string{"2h"}},
		{"abc", texts.CodeTermUnreadable, []string{"2h"}},
		{"2hrss", texts.CodeTermUnreadable, []string{"2h"}},
		{"30minuts", texts.CodeTermUnreadable, []string{"30m"}},
		{"1mm", texts.CodeTermUnreadable, []string{"1m", "1mo"}},
		{"1dand12h", texts.CodeTermUnreadable, []string{"2h"}},
		{"permanant", texts.CodeTermUnreadable, []string{"permanent"}},
		{"2h:", texts.CodeTermUnreadable, []string{"2h"}},
		{"10", texts.CodeTermNoUnit, []string{"10m", "10h", "10d"}},
		{"1.5", texts.CodeTermNoUnit, []string{"1.5m", "1.5h", "1.5d"}},
		{"4000000000", texts.CodeTermTooLong, []string{"permanent", "49710d6h28m14s"}},
		{"1h30", texts.CodeTermPartNoUnit, []string{"1h30m", "1h"}},
		{"1d 6", texts.CodeTermPartNoUnit, []string{"1d6h", "1d"}},
		{"2 hours", texts.CodeTermSpace, []string{"2h"}},
		{"2 hours 30 minutes", texts.CodeTermSpace, []string{"2h30m"}},
		{"0", texts.CodeTermZero, []string{"2h"}},
		{"0s", texts.CodeTermZero, []string{"2h"}},
		{"0h0.0m", texts.CodeTermZero, []string{"2h"}},
		{"-1h", texts.CodeTermSign, []string{"1h"}},
		{"+1h", texts.CodeTermSign, []string{"1h"}},
		{"−1h", texts.CodeTermSign, []string{"1h"}},
		{"1h1h", texts.CodeTermRepeated, []string{"2h", "1h"}},
		{"1h 1hours", texts.CodeTermRepeated, []string{"2h", "1h"}},
		{"12h1d", texts.CodeTermOrder, []string{"1d12h"}},
		{"1m1mo", texts.CodeTermOrder, []string{"1mo1m"}},
		{"1,5h", texts.CodeTermComma, []string{"1.5h"}},
		{"1,000s", texts.CodeTermComma, []string{"1000s", "1.000s"}},
		{"1,500h", texts.CodeTermComma, []string{"1500h", "1.500h"}},
		{".5h", texts.CodeTermDecimalForm, []string{"0.5h"}},
		{"1.h", texts.CodeTermDecimalForm, []string{"1h"}},
		{"1.2.3h", texts.CodeTermDecimalForm, []string{"2h"}},
		{"1.5d1.5h", texts.CodeTermTwoPoints, []string{"1d13h30m"}},
		{"0.5s", texts.CodeTermFraction, []string{"1s"}},
		{"1.00000000000000000001h", texts.CodeTermFraction, []string{"1h1s"}},
		{"1:30", texts.CodeTermClock, []string{"1h30m"}},
		{"01:30:00", texts.CodeTermClock, []string{"1h30m"}},
		{"5pm", texts.CodeTermClock, []string{"2h"}},
		{"2026-12-31", texts.CodeTermDate, []string{"2h"}},
		{"12/31", texts.CodeTermDate, []string{"2h"}},
		{"PT2H", texts.CodeTermISO, []string{"2h"}},
		{"P1M", texts.CodeTermISO, []string{"1mo"}},
		{"PT1M", texts.CodeTermISO, []string{"1m"}},
		{"p1dt12h", texts.CodeTermISO, []string{"1d12h"}},
		{"a day", texts.CodeTermWords, []string{"1d"}},
		{"two weeks", texts.CodeTermWords, []string{"2w"}},
		{"half an hour", texts.CodeTermWords, []string{"30m"}},
		{"a couple of days", texts.CodeTermWords, []string{"2d"}},
		{"２h", texts.CodeTermDigits, []string{"2h"}},
		{"٣٠m", texts.CodeTermDigits, []string{"30m"}},
		{"½h", texts.CodeTermDigits, []string{"2h"}},
		{"99999999999h", texts.CodeTermTooLong, []string{"permanent", "49710d6h28m14s"}},
		{"4294967295s", texts.CodeTermTooLong, []string{"permanent", "49710d6h28m14s"}},
		{"49710d6h28m15s", texts.CodeTermTooLong, []string{"permanent", "49710d6h28m14s"}},
		{"18446744073709551617s", texts.CodeTermTooLong, []string{"permanent", "49710d6h28m14s"}},
		{"9999999999y9999999999mo9999999999w", texts.CodeTermTooLong, []string{"permanent", "49710d6h28m14s"}},
		{"30M", texts.CodeTermLoneM, []string{"30m", "30mo"}},
		{"1h30M", texts.CodeTermLoneM, []string{"1h30m"}},
		{"1y6M", texts.CodeTermLoneM, []string{"1y6m", "1y6mo"}},
		{"perm 2h", texts.CodeTermPermanent, []string{"permanent", "2h"}},
		{"2h,", texts.CodeTermTail, []string{"2h"}},
	} {
		t.Run(tt.typed, func(t *testing.T) {
			term, problem := ParseTerm(tt.typed)
			require.NotNil(t, problem, "understood as %s", term)
			require.Equal(t, tt.code, problem.Code)
			require.Equal(t, tt.fixes, problem.Suggestions())
			require.True(t, problem.Value, "a term, not a command")
		})
	}
}

// anyTerm draws terms of every size, with the ends often.
func anyTerm() *rapid.Generator[mute.Term] {
	return rapid.Custom(func(t *rapid.T) mute.Term {
		n := rapid.OneOf(
			rapid.Int64Range(1, mute.MaxSeconds), rapid.Int64Range(1, 3*d),
			rapid.SampledFrom([]int64{0, 1, mute.MaxSeconds - 1, mute.MaxSeconds}),
		).Draw(t, "seconds")
		if n == 0 {
			return mute.Permanent()
		}
		term, err := mute.Seconds(n)
		if err != nil {
			t.Fatal(err)
		}
		return term
	})
}

func TestFormatTerm_RoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		term := anyTerm().Draw(t, "term")
		back, problem := ParseTerm(FormatTerm(term))
		if problem != nil || back != term {
			t.Fatalf("%q is read as %v, %v", FormatTerm(term), back, problem)
		}
	})
}

// TestParseTerm_NeverWraps compares with arithmetic that cannot overflow.
func TestParseTerm_NeverWraps(t *testing.T) {
	all := units()
	slices.Reverse(all[:])
	rapid.Check(t, func(t *rapid.T) {
		sum := new(big.Int)
		var typed strings.Builder
		for _, u := range all {
			if !rapid.Bool().Draw(t, "use") {
				continue
			}
			n := rapid.OneOf(rapid.StringMatching(`[0-9]{1,30}`), rapid.StringMatching(`[0-9]{1,6}`)).Draw(t, "number")
			value, _ := new(big.Int).SetString(n, 10)
			sum.Add(sum, value.Mul(value, big.NewInt(u.seconds())))
			fmt.Fprintf(&typed, "%s%s", n, u.short())
		}
		term, problem := ParseTerm(typed.String())
		n, finite := term.Seconds()
		switch {
		case typed.Len() == 0:
			require.Equal(t, texts.CodeTermEmpty, problem.Code)
		case sum.Sign() == 0:
			require.Equal(t, texts.CodeTermZero, problem.Code)
		case sum.Cmp(big.NewInt(mute.MaxSeconds)) > 0:
			require.Equal(t, texts.CodeTermTooLong, problem.Code)
		default:
			require.Nil(t, problem)
			require.True(t, finite)
			require.Equal(t, sum.Int64(), n)
		}
	})
}

// TestParseTerm_DecimalsAreExact compares with rational arithmetic.
func TestParseTerm_DecimalsAreExact(t *testing.T) {
	all := units()
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.SampledFrom(all[:]).Draw(t, "unit")
		n := rapid.StringMatching(`[0-9]{1,4}\.[0-9]{1,12}`).Draw(t, "number")
		value, _ := new(big.Rat).SetString(n)
		value.Mul(value, new(big.Rat).SetInt64(u.seconds()))
		term, problem := ParseTerm(n + u.short())
		if !value.IsInt() {
			require.Equal(t, texts.CodeTermFraction, problem.Code)
			return
		}
		if value.Sign() == 0 || value.Cmp(new(big.Rat).SetInt64(mute.MaxSeconds)) > 0 {
			require.NotNil(t, problem)
			return
		}
		require.Nil(t, problem)
		seconds, _ := term.Seconds()
		require.Equal(t, value.Num().Int64(), seconds)
	})
}
