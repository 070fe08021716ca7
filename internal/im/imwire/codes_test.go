package imwire

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The classes as the design states them. A code that changes its class changes
// what the client may do after it, so the table is repeated here on purpose.
func TestClassOfEveryCode(t *testing.T) {
	want := map[Class][]Code{
		0:                    {0},
		ClassAnsweredUnclear: {60008, 60013, 60014, 70169, 70202, 70500, 130014},
		ClassRefreshOnce:     {60004, 60005, 70001, 70003, 70005, 70052, 70346},
		ClassBreaker:         {70050},
		ClassThrottled:       {10006, 60007, 60011, 60018, 60019, 72010},
		ClassNotFound:        {40003, 70107},
		ClassConfiguration: {
			60006, 60010, 60016, 60017, 60020, 60021, 60025, 60026, 60027, 60028,
			70009, 70013, 70014, 70016, 70020, 70051, 70398, 70403, 72000, 72001, 72002, 72011, 72012,
		},
		ClassNo: {
			10016, 10017, 20006, 20012, 40001, 60002, 60003, 60009, 60012, 60015, 70002, 70114, 70206, 70399,
			70402, 70404, 71000, 90001, 130001, 130002, 130003, 130004, 130005, 130008,
		},
	}
	got := map[Class][]Code{}
	for _, info := range Codes() {
		got[info.Class] = append(got[info.Class], info.Code)
	}
	require.Equal(t, want, got)
}

func TestCodeTableIsCompleteAndOrdered(t *testing.T) {
	codes := Codes()
	require.True(t, slices.IsSortedFunc(codes, func(a, b CodeInfo) int { return cmp.Compare(a.Code, b.Code) }))
	for i, row := range codes {
		info, known := row.Code.Info()
		require.True(t, known, "code %d", row.Code)
		require.Equal(t, row, info)
		require.NotEmpty(t, row.Meaning, "code %d", row.Code)
		if row.Code != CodeOK {
			require.NotEmpty(t, row.Advice, "code %d", row.Code)
			require.Contains(t, Classes(), row.Class, "code %d", row.Code)
			require.NotEqual(t, ClassUnanswered, row.Class, "code %d is an answer", row.Code)
		}
		require.False(t, i > 0 && codes[i-1].Code == row.Code, "code %d twice", row.Code)
	}
}

func TestUndocumentedCodeHasTheDocumentedDefault(t *testing.T) {
	for _, code := range []Code{1, -1, 70004, 70347, 130002 + 100} {
		info, known := code.Info()
		require.False(t, known)
		require.Equal(t, UnknownCodeClass, info.Class)
		require.Equal(t, code, info.Code)
		require.NotEmpty(t, info.Advice)
	}
}

func TestClassNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Classes() {
		require.NotEqual(t, "unclassified", c.String())
		require.False(t, seen[c.String()])
		seen[c.String()] = true
	}
	require.Equal(t, "unclassified", Class(0).String())
}
