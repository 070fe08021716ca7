package imsim_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// wellFormed has a body for each API that would succeed.
func wellFormed(api imwire.API) string {
	return map[imwire.API]string{
		imwire.SetNoSpeaking: `{"Set_Account":"alice","GroupmsgNospeakingTime":7200}`,
		imwire.GetNoSpeaking: `{"Get_Account":"alice"}`,
		imwire.AccountCheck:  `{"CheckItem":[{"UserID":"alice"}]}`,
		imwire.PortraitGet:   `{"To_Account":["alice"],"TagList":["Tag_Profile_IM_Nick"]}`,
	}[api]
}

// Every refusal that does not depend on the body, for each of the three APIs.
func TestRefusalsOfTheQuery(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*testing.T, *app)
		want   int
	}{
		"nothing wrong":              {func(*testing.T, *app) {}, 0},
		"no random":                  {func(_ *testing.T, a *app) { a.query.Del("random") }, 0},
		"random above 32 bits":       {func(_ *testing.T, a *app) { a.query.Set("random", "4294967296") }, 60002},
		"random no number":           {func(_ *testing.T, a *app) { a.query.Set("random", "xyz") }, 60002},
		"no sdkappid":                {func(_ *testing.T, a *app) { a.query.Del("sdkappid") }, 60012},
		"sdkappid no number":         {func(_ *testing.T, a *app) { a.query.Set("sdkappid", "abc") }, 60025},
		"another sdkappid":           {func(_ *testing.T, a *app) { a.query.Set("sdkappid", "1400000001") }, 70020},
		"no contenttype":             {func(_ *testing.T, a *app) { a.query.Del("contenttype") }, 60025},
		"contenttype in upper case":  {func(_ *testing.T, a *app) { a.query.Set("contenttype", "JSON") }, 60025},
		"no identifier":              {func(_ *testing.T, a *app) { a.query.Del("identifier") }, 60025},
		"no usersig":                 {func(_ *testing.T, a *app) { a.query.Del("usersig") }, 70002},
		"usersig cut short":          {func(_ *testing.T, a *app) { a.query.Set("usersig", a.query.Get("usersig")[:40]) }, 70003},
		"usersig no base64":          {func(_ *testing.T, a *app) { a.query.Set("usersig", "!!!") }, 70003},
		"usersig for another name":   {func(_ *testing.T, a *app) { a.query.Set("identifier", "root") }, 70013},
		"parameter in another case":  {func(_ *testing.T, a *app) { a.query.Set("SdkAppId", a.query.Get("sdkappid")); a.query.Del("sdkappid") }, 60012},
		"identifier in another case": {func(_ *testing.T, a *app) { a.query.Set("identifier", "Administrator") }, 70013},
		"usersig for another app": {func(t *testing.T, a *app) {
			t.Helper()
			a.query.Set("usersig", sign(t, appKey(), adminID, appID+1, a.clock.Now(), time.Hour))
		}, 70014},
		"usersig with another key": {func(t *testing.T, a *app) {
			t.Helper()
			a.query.Set("usersig", sign(t, imwire.NewSecretKey("another key"), adminID, appID, a.clock.Now(), time.Hour))
		}, 70009},
		"usersig of an account that is no admin": {func(t *testing.T, a *app) {
			t.Helper()
			a.query.Set("identifier", "alice")
			a.query.Set("usersig", sign(t, appKey(), "alice", appID, a.clock.Now(), time.Hour))
		}, 60010},
		"usersig expired": {func(_ *testing.T, a *app) { a.clock.Advance(time.Hour) }, 70001},
		"usersig in its last second": {func(_ *testing.T, a *app) {
			a.clock.Advance(time.Hour - time.Second)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, api := range imwire.APIs() {
				a := newApp(t, nil)
				tc.change(t, a)
				got := a.call(t, api, wellFormed(api))
				require.Equal(t, tc.want, *got.ErrorCode, "%s: %s", api, got.ErrorInfo)
				if tc.want == 0 {
					continue
				}
				require.Equal(t, "FAIL", got.ActionStatus, "%s", api)
				require.NotEmpty(t, got.ErrorInfo)
				require.Zero(t, a.Snapshot().Accounts["alice"], "%s: a refused call changed something", api)
				require.Equal(t, 1, a.Snapshot().Calls[api.Command()], "refused calls count as calls")
			}
		})
	}
}

func TestRefusalsOfTheRequest(t *testing.T) {
	a := newApp(t, nil)
	query := "?" + a.query.Encode()
	good := wellFormed(imwire.SetNoSpeaking)
	for name, tc := range map[string]struct {
		method, target string
		want           int
	}{
		"GET":                  {http.MethodGet, imwire.SetNoSpeaking.Path() + query, 60002},
		"PUT":                  {http.MethodPut, imwire.SetNoSpeaking.Path() + query, 60002},
		"unknown command":      {http.MethodPost, "/v4/openconfigsvr/nospeaking" + query, 60009},
		"unknown service":      {http.MethodPost, "/v4/openim/setnospeaking" + query, 60009},
		"trailing slash":       {http.MethodPost, imwire.SetNoSpeaking.Path() + "/" + query, 60009},
		"another version":      {http.MethodPost, "/v3/openconfigsvr/setnospeaking" + query, 60002},
		"path in upper case":   {http.MethodPost, "/V4/openconfigsvr/setnospeaking" + query, 60002},
		"root":                 {http.MethodPost, "/", 60002},
		"query that is broken": {http.MethodPost, imwire.SetNoSpeaking.Path() + query + "&random=%zz", 60002},
	} {
		t.Run(name, func(t *testing.T) {
			got := a.request(t, tc.method, tc.target, good)
			require.Equal(t, tc.want, *got.ErrorCode, got.ErrorInfo)
		})
	}
	require.Zero(t, a.Snapshot().Accounts["alice"])
}

// The signatures were made with the vendor's reference code in two languages.
func TestAcceptsTheVendorsSignatures(t *testing.T) {
	text, err := os.ReadFile("testdata/usersig_vectors.json")
	require.NoError(t, err)
	var vectors []struct {
		Name       string
		SDKAppID   uint64 `json:"sdkappid"`
		SecretKey  string `json:"secret_key"`
		Identifier string
		Expire     int64
		Time       int64
		Go         string `json:"usersig_go_default_compression"`
		Python     string `json:"usersig_python"`
	}
	require.NoError(t, json.Unmarshal(text, &vectors))
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		a := newApp(t, func(cfg *imsim.Config) {
			cfg.SDKAppID, cfg.Key, cfg.Admin = v.SDKAppID, imwire.NewSecretKey(v.SecretKey), v.Identifier
		})
		a.query.Set("sdkappid", strconv.FormatUint(v.SDKAppID, 10))
		a.query.Set("identifier", v.Identifier)
		for _, usersig := range []string{v.Go, v.Python} {
			a.query.Set("usersig", usersig)
			a.clock.Advance(time.Unix(v.Time+v.Expire-1, 0).Sub(a.clock.Now()))
			got := a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`)
			require.Zero(t, *got.ErrorCode, "%s: %s", v.Name, got.ErrorInfo)

			// The star is raw in the query, as some clients send it.
			raw := strings.ReplaceAll(a.url(imwire.GetNoSpeaking), "%2A", "*")
			require.Zero(t, *a.request(t, http.MethodPost, raw, `{"Get_Account":"alice"}`).ErrorCode, v.Name)

			a.clock.Advance(time.Second)
			got = a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`)
			require.Equal(t, 70001, *got.ErrorCode, "%s: remembered beyond its end", v.Name)
		}
	}
}

// A signature that was verified is remembered; who it is for and until when
// is still checked on every call.
func TestRememberedSignatureIsCheckedAgain(t *testing.T) {
	a := newApp(t, nil)
	require.Zero(t, *a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`).ErrorCode)

	a.query.Set("identifier", "alice")
	require.Equal(t, 70013, *a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`).ErrorCode)

	a.query.Set("identifier", adminID)
	a.clock.Advance(time.Hour)
	require.Equal(t, 70001, *a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`).ErrorCode)
}

// More signatures than are remembered still verify, and forged ones never.
func TestManySignatures(t *testing.T) {
	a := newApp(t, nil)
	for i := range 600 {
		a.query.Set("usersig", sign(t, appKey(), adminID, appID, a.clock.Now(), time.Hour+time.Duration(i)*time.Second))
		require.Zero(t, *a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`).ErrorCode)
	}
}

func TestConfigSaysEverythingThatIsWrong(t *testing.T) {
	_, err := imsim.New(imsim.Config{
		Accounts: []mute.Account{"alice", "", "a name of over thirty-two characters"}, Rate: -1, Trace: -1, Webhook: "ftp://x",
	})
	for _, want := range []string{"SDKAppID", "secret key", "identifier", "empty", "32 bytes", "rate", "trace", "webhook"} {
		require.ErrorContains(t, err, want)
	}
}
