package imwire

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPathsAndCommands(t *testing.T) {
	require.Equal(t, "/v4/openconfigsvr/setnospeaking", SetNoSpeaking.Path())
	require.Equal(t, "/v4/openconfigsvr/getnospeaking", GetNoSpeaking.Path())
	require.Equal(t, "/v4/im_open_login_svc/account_check", AccountCheck.Path())
	require.Equal(t, "/v4/profile/portrait_get", PortraitGet.Path())
	var names []string
	for _, api := range APIs() {
		names = append(names, api.String())
	}
	require.Equal(t, []string{"setnospeaking", "getnospeaking", "account_check", "portrait_get"}, names)
	require.Equal(t, "bare", API("bare").Command())
}

func TestRegions(t *testing.T) {
	want := map[string]string{
		"china": "console.tim.qq.com", "singapore": "adminapisgp.im.qcloud.com", "seoul": "adminapikr.im.qcloud.com",
		"tokyo": "adminapijpn.im.qcloud.com", "frankfurt": "adminapiger.im.qcloud.com",
		"silicon-valley": "adminapiusa.im.qcloud.com", "jakarta": "adminapiidn.im.qcloud.com",
	}
	require.Len(t, Regions(), len(want))
	for _, r := range Regions() {
		require.Equal(t, want[r.Name], r.Host)
		host, ok := HostOf(r.Name)
		require.True(t, ok)
		require.Equal(t, r.Host, host)
		u, err := url.Parse("https://" + r.Host)
		require.NoError(t, err)
		require.Equal(t, r.Host, u.Hostname())
	}
	_, ok := HostOf("mumbai")
	require.False(t, ok)
}
