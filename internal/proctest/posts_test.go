package proctest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadPosts(t *testing.T) {
	t.Parallel()
	const one, two, three = "Done · mute · alice · #2 · size 2 AbC…", "Done · mute · bob · #4", "Done · mute · carol · #6"
	tests := map[string]struct {
		messages []string
		want     []string // violations, by how they begin
	}{
		"everything once, in order":    {[]string{one, two + "\n" + three}, nil},
		"a repeat that says so":        {[]string{one, "Possible repeat of #2–#4\n" + one + "\n" + two, three}, nil},
		"a repeat that does not":       {[]string{one, two, two, three}, []string{"#4 is posted again"}},
		"out of order":                 {[]string{one, three, two}, []string{"posts are out of order"}},
		"an entry is missing":          {[]string{one, three}, []string{"2 entries are posted, 3 are in the ledger; the first that differs: #4"}},
		"an entry that is not there":   {[]string{one, two, three, "Done · mute · dave · #9"}, []string{"4 entries are posted, 3 are in the ledger; the first that differs: #9"}},
		"a message about nothing":      {[]string{one, two, three, "hello"}, []string{"a message names no entry: hello"}},
		"a repeat of what never stood": {[]string{"Possible repeat of #2\n" + one, two, three}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ReadPosts(tt.messages).Violations([]int64{2, 4, 6})
			require.Len(t, got, len(tt.want), "%v", got)
			for i, want := range tt.want {
				require.Contains(t, got[i], want)
			}
		})
	}
}
