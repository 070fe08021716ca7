package texts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/mute"
)

func TestJoin(t *testing.T) {
	require.Empty(t, Join(nil, "and"))
	require.Equal(t, "a", Join([]string{"a"}, "and"))
	require.Equal(t, "a or b", Join([]string{"a", "b"}, "or"))
	require.Equal(t, "a, b and c", Join([]string{"a", "b", "c"}, "and"))
}

func TestRelative(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{0, "now"},
		{time.Second, "in 1 s"},
		{59*time.Second + 400*time.Millisecond, "in 59 s"},
		{59*time.Second + 600*time.Millisecond, "in 1 min"},
		{12 * time.Minute, "in 12 min"},
		{90 * time.Minute, "in 1 h 30 min"},
		{3*time.Hour - 200*time.Millisecond, "in 3 h"},
		{9*time.Hour + 59*time.Minute + 45*time.Second, "in 10 h"},
		{15*time.Hour + 10*time.Minute, "in 15 h"},
		{day, "in 1 d"},
		{36 * time.Hour, "in 1 d 12 h"},
		{30*day + time.Hour, "in 30 d"},
		{-5 * day, "5 d ago"},
		{-time.Minute, "1 min ago"},
		{time.Duration(mute.MaxSeconds) * time.Second, "in 49710 d"},
	} {
		require.Equal(t, tt.want, Relative(tt.d), tt.d.String())
	}
}

func TestFormatTerm(t *testing.T) {
	term, err := mute.Seconds(129600)
	require.NoError(t, err)
	require.Equal(t, "1d12h", FormatTerm(term))
	require.Equal(t, "permanently", FormatTerm(mute.Permanent()))
}
