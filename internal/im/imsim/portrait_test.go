package imsim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
)

func TestPortraits(t *testing.T) {
	a := newApp(t, nil)
	w := a.serve(http.MethodPost, "/sim/nick", `{"account":"alice","nick":"Alice \u202eW. 🦊"}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	w = a.serve(http.MethodPost, imwire.PortraitGet.Path()+"?"+a.query.Encode(),
		`{"To_Account":["alice","bob","nobody"],"TagList":["Tag_Profile_IM_Gender","Tag_Profile_IM_Nick"]}`)
	require.JSONEq(t, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","UserProfileItem":[
		{"To_Account":"alice","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"Alice \u202eW. 🦊"}],"ResultCode":0,"ResultInfo":""},
		{"To_Account":"bob","ProfileItem":[],"ResultCode":0,"ResultInfo":""},
		{"To_Account":"nobody","ProfileItem":[],"ResultCode":40003,"ResultInfo":"no such account"}]}`, w.Body.String())
	require.Equal(t, 1, a.Snapshot().Calls["portrait_get"])
}

func TestPortraits_StrictAboutTheRequest(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`"a",`, imwire.MaxPortraits+1), ",")
	for name, body := range map[string]string{
		"no accounts":      `{"TagList":["Tag_Profile_IM_Nick"]}`,
		"an empty list":    `{"To_Account":[],"TagList":["Tag_Profile_IM_Nick"]}`,
		"an account alone": `{"To_Account":"alice","TagList":["Tag_Profile_IM_Nick"]}`,
		"a number":         `{"To_Account":[7],"TagList":["Tag_Profile_IM_Nick"]}`,
		"too many":         `{"To_Account":[` + many + `],"TagList":["Tag_Profile_IM_Nick"]}`,
		"no tags":          `{"To_Account":["alice"]}`,
		"tags as text":     `{"To_Account":["alice"],"TagList":"Tag_Profile_IM_Nick"}`,
		"not JSON":         `{"To_Account":["alice"],}`,
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 40001, *newApp(t, nil).call(t, imwire.PortraitGet, body).ErrorCode)
		})
	}
}

func TestSetNick_SaysWhatIsWrong(t *testing.T) {
	a := newApp(t, nil)
	for _, body := range []string{
		`{"account":"nobody","nick":"x"}`, `{"account":"alice","nick":"` + strings.Repeat("x", 501) + `"}`, `{"account":7}`, `{"name":"x"}`,
	} {
		require.Equal(t, http.StatusBadRequest, a.serve(http.MethodPost, "/sim/nick", body).Code, body)
	}
	var input *imsim.InputError
	require.ErrorAs(t, a.SetNick("alice", "\xff"), &input)
}
