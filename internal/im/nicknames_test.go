package im

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// profiles is an answer of portrait_get with these items.
func profiles(items ...string) step {
	return says(`{"UserProfileItem":[` + strings.Join(items, ",") + `],"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ErrorDisplay":""}`)
}

func profile(account, fields string) string {
	return `{"To_Account":"` + account + `","ProfileItem":[` + fields + `],"ResultCode":0,"ResultInfo":""}`
}

func TestNicknames(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(profiles(
			profile("alice", `{"Tag":"Tag_Profile_IM_Gender","Value":1},{"Tag":"Tag_Profile_IM_Nick","Value":"Alice \u202e\u0000<@U1>"}`),
			profile("bob", ""),
			profile("carol", `{"Tag":"Tag_Profile_IM_Nick","Value":7}`),
			profile("dave", `{"Tag":"Tag_Profile_IM_Nick","Value":""}`),
			`{"To_Account":"erin","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"E"}],"ResultCode":40003,"ResultInfo":"none"}`,
			profile("mallory", `{"Tag":"Tag_Profile_IM_Nick","Value":"was not asked for"}`),
			`{"To_Account":"frank"}`,
		))
		names, err := r.client.Nicknames(t.Context(), "frank", "alice", "bob", "alice", "carol", "dave", "erin")
		require.NoError(t, err)
		require.Equal(t, map[mute.Account]string{"alice": "Alice \u202e\x00<@U1>"}, names)
		require.Equal(t, []string{
			`portrait_get {"To_Account":["alice","bob","carol","dave","erin","frank"],"TagList":["Tag_Profile_IM_Nick"]}`,
		}, r.happened())
	})
}

func TestNicknames_AHundredAtATime(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		var ids []mute.Account
		for i := range 2*imwire.MaxPortraits + 1 {
			ids = append(ids, mute.Account(fmt.Sprintf("u%03d", i)))
		}
		r.then(profiles(), profiles(), profiles(profile("u200", `{"Tag":"Tag_Profile_IM_Nick","Value":"last"}`)))
		names, err := r.client.Nicknames(t.Context(), ids...)
		require.NoError(t, err)
		require.Equal(t, map[mute.Account]string{"u200": "last"}, names)
		require.Len(t, r.happened(), 3)
		for _, call := range r.happened() {
			var req imwire.PortraitRequest
			require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(call, "portrait_get ")), &req))
			require.LessOrEqual(t, len(req.ToAccount), imwire.MaxPortraits)
		}
	})
}

func TestNicknames_Failures(t *testing.T) {
	for name, answer := range map[string]step{
		"a clear no":          says(`{"ActionStatus":"FAIL","ErrorCode":40001,"ErrorInfo":"Err_Profile_Comm_Decode_Fail"}`),
		"another shape":       says(`{"UserProfileItem":{"To_Account":"alice"},"ErrorCode":0,"ErrorInfo":""}`),
		"no answer of an API": says("<html>"),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(answer, answer, answer)
				names, err := r.client.Nicknames(t.Context(), "alice")
				require.Error(t, err)
				require.Empty(t, names)
			})
		})
	}
	inBubble(t, func(r *rig) {
		t := r.t
		_, err := r.client.Nicknames(t.Context(), "bad\naccount")
		require.Error(t, err)
		names, err := r.client.Nicknames(t.Context())
		require.NoError(t, err)
		require.Empty(t, names)
		require.Empty(t, r.happened())
	})
}

func FuzzParsePortrait(f *testing.F) {
	f.Add(`{"UserProfileItem":[{"To_Account":"a","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"x"}]}],"ErrorCode":0}`)
	f.Add(`{"UserProfileItem":[{"ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":}]}],"ErrorCode":0}`)
	f.Fuzz(func(t *testing.T, body string) {
		r, err := imwire.ParsePortrait([]byte(body))
		if err != nil {
			require.ErrorIs(t, err, imwire.ErrNotAnAnswer)
			return
		}
		for _, p := range r.UserProfileItem {
			_, _ = p.Text(imwire.TagNick)
		}
	})
}
