package imsim_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// model is the service in the plainest words: for each account and field, the
// millisecond at which the mute ends, 0 for none, -1 for never.
type model struct {
	now  int64 // ms
	ends map[mute.Account]map[mute.Field]int64
}

func (m *model) set(account mute.Account, f mute.Field, n uint32) {
	switch n {
	case 0:
		m.ends[account][f] = 0
	case forever:
		m.ends[account][f] = -1
	default:
		m.ends[account][f] = m.now + int64(n)*1000
	}
}

func (m *model) left(account mute.Account, f mute.Field) uint32 {
	fields, exists := m.ends[account]
	switch {
	case !exists, fields[f] == -1:
		return forever
	case fields[f] <= m.now:
		return 0
	}
	return uint32((fields[f] - m.now + 999) / 1000) // set from a uint32 of seconds
}

// Any sequence of changes, faults, messages and time leaves the simulator as
// the model says.
func TestSimulatorFollowsTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := newApp(t, nil)
		a.query.Set("usersig", sign(t, appKey(), adminID, appID, a.clock.Now(), 4_000_000_000*time.Second))
		m := &model{ends: map[mute.Account]map[mute.Field]int64{"alice": {}, "bob": {}, "carol": {}}}
		accounts := rapid.SampledFrom([]mute.Account{"alice", "bob", "carol", "nobody"})
		seconds := rapid.OneOf(rapid.Uint32Range(0, 5), rapid.Uint32(), rapid.Just(uint32(forever)), rapid.Just(uint32(forever-1)))
		times := map[mute.Field]string{mute.Group: "GroupmsgNospeakingTime", mute.C2C: "C2CmsgNospeakingTime"}

		rt.Repeat(map[string]func(*rapid.T){
			"set": func(rt *rapid.T) {
				account := accounts.Draw(rt, "account")
				body := map[string]any{"Set_Account": account}
				asked := map[mute.Field]uint32{}
				for f, name := range times {
					if rapid.Bool().Draw(rt, name+" named") {
						asked[f] = seconds.Draw(rt, name)
						body[name] = asked[f]
					}
				}
				var fault imsim.Fault
				if rapid.IntRange(0, 4).Draw(rt, "with fault") == 0 {
					fault = imsim.Fault{API: imwire.SetNoSpeaking, Kind: imsim.KindCode, Code: 60008}
					require.NoError(rt, a.AddFault(fault))
				}
				text, err := json.Marshal(body)
				require.NoError(rt, err)
				code := *a.call(t, imwire.SetNoSpeaking, string(text)).ErrorCode
				_, exists := m.ends[account]
				switch {
				case fault.Kind != "":
					require.Equal(rt, 60008, code)
				case len(asked) == 0:
					require.Equal(rt, 130008, code)
				case !exists:
					require.Equal(rt, 130005, code)
				default:
					require.Zero(rt, code)
					for f, n := range asked {
						m.set(account, f, n)
					}
				}
			},
			"time passes": func(rt *rapid.T) {
				ms := rapid.OneOf(rapid.Int64Range(0, 3000), rapid.Int64Range(0, 1_000_000_000)).Draw(rt, "ms")
				m.now += ms
				if rapid.Bool().Draw(rt, "by itself") {
					a.clock.Advance(time.Duration(ms) * time.Millisecond)
				} else if a.Advance(time.Duration(ms)*time.Millisecond) != nil {
					rt.Fatalf("advance refused")
				}
			},
			"send": func(rt *rapid.T) {
				from := rapid.SampledFrom([]mute.Account{"alice", "bob", "carol"}).Draw(rt, "from")
				for f, refused := range map[mute.Field]imwire.Code{mute.Group: 10017, mute.C2C: 20012} {
					want := imwire.Code(0)
					if m.left(from, f) > 0 {
						want = refused
					}
					require.Equal(rt, want, a.send(t, from, f, "alice").ErrorCode, f)
				}
			},
			"": func(rt *rapid.T) {
				for _, account := range []mute.Account{"alice", "bob", "carol", "nobody"} {
					group, c2c := a.get(t, string(account))
					require.Equal(rt, m.left(account, mute.Group), group, "%s group", account)
					require.Equal(rt, m.left(account, mute.C2C), c2c, "%s c2c", account)
				}
			},
		})
	})
}

// A body of any kind gets one valid JSON answer with status 200, and changes
// nothing but the account that it names.
func FuzzBodies(f *testing.F) {
	for _, api := range imwire.APIs() {
		f.Add(wellFormed(api))
	}
	for _, body := range []string{
		"", "{}", "null", "[]", `{"Set_Account":"alice"}`, `{"Set_Account":"alice","GroupmsgNospeakingTime":4294967295}`,
		`{"Set_Account":"alice","GroupmsgNospeakingTime":1e9}`, `{"Set_Account":"alice",}`, `{"Set_Account":"alice"} // x`,
		`{"Set_Account":"\ud800"}`, "{\"Set_Account\":\"\xff\"}", `{"CheckItem":[{"UserID":"alice"},{}]}`,
		`{"CheckItem":[[[[[[]]]]]]}`, `{"a":{"a":{"a":1}},"a":2}`,
	} {
		f.Add(body)
	}
	a := newApp(f, nil)
	f.Fuzz(func(t *testing.T, body string) {
		for _, api := range imwire.APIs() {
			before := a.Snapshot().Accounts
			got := a.call(t, api, body)
			if *got.ErrorCode != 0 {
				require.NotEmpty(t, got.ErrorInfo)
			}
			after := a.Snapshot().Accounts
			if api != imwire.SetNoSpeaking || *got.ErrorCode != 0 {
				require.Equal(t, before, after)
				continue
			}
			var named struct {
				Account string `json:"Set_Account"`
			}
			require.NoError(t, json.Unmarshal([]byte(body), &named))
			for account, times := range after {
				if account != named.Account {
					require.Equal(t, before[account], times)
				}
			}
		}
	})
}

// Whatever is put into a query is answered, and nothing but the good query
// gets through.
func FuzzQueries(f *testing.F) {
	a := newApp(f, nil)
	f.Add(a.query.Encode())
	f.Add("")
	f.Add("sdkappid=1400000000&identifier=administrator&usersig=eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwhWZiflZpXlQqeKU7MSCgswUJStDEwMogMikVhRkFqUqWRmampoYGBhARTNzgSJm5oYWJkbGFoaGpkBTYBJKOkoZmekZSlYQo2oBOGMnbg__&contenttype=json")
	f.Add("sdkappid=%zz")
	f.Add("sdkappid=1400000000&identifier=administrator&usersig=____&random=1&contenttype=json")
	f.Fuzz(func(t *testing.T, query string) {
		r := a.serveRaw(imwire.GetNoSpeaking, query, `{"Get_Account":"alice"}`)
		require.Equal(t, 200, r.Code)
		var got answer
		require.NoError(t, json.Unmarshal(r.Body.Bytes(), &got))
		require.NotNil(t, got.ErrorCode)
		if *got.ErrorCode == 0 {
			good, err := url.ParseQuery(query)
			require.NoError(t, err)
			require.Equal(t, a.query.Get("usersig"), good.Get("usersig"), "a UserSig that nobody signed")
		}
	})
}

// Bodies of the control API are answered with 200 or 400 and JSON.
func FuzzControl(f *testing.F) {
	f.Add(uint8(0), `{"advance_seconds":3600}`)
	f.Add(uint8(1), `{"api":"setnospeaking","kind":"code","code":60008,"status":502,"delay_ms":0,"times":1}`)
	f.Add(uint8(2), `{"from":"alice","kind":"c2c","to":"bob"}`)
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		a := newApp(t, nil)
		path := []string{"/sim/clock", "/sim/faults", "/sim/send"}[which%3]
		w := a.serve("POST", path, body)
		require.Contains(t, []int{200, 400}, w.Code, "%s %q", path, body)
		require.True(t, json.Valid(w.Body.Bytes()))
	})
}
