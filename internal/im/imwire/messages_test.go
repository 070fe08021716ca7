package imwire

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSetRequestOnTheWire(t *testing.T) {
	tests := []struct {
		name string
		req  SetRequest
		want string
	}{
		{"both", SetRequest{"lumotuwe", new(uint32(math.MaxUint32)), new(uint32(7200))}, `{"Set_Account":"lumotuwe","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":7200}`},
		{"zero is sent", SetRequest{"lumotuwe", nil, new(uint32(0))}, `{"Set_Account":"lumotuwe","GroupmsgNospeakingTime":0}`},
		{"absent is absent", SetRequest{"lumotuwe", new(uint32(0)), nil}, `{"Set_Account":"lumotuwe","C2CmsgNospeakingTime":0}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := json.Marshal(tt.req)
			require.NoError(t, err)
			require.Equal(t, tt.want, string(b))
		})
	}
}

func TestOtherRequestsOnTheWire(t *testing.T) {
	b, err := json.Marshal(GetRequest{"lumotuwe"})
	require.NoError(t, err)
	require.JSONEq(t, `{"Get_Account":"lumotuwe"}`, string(b))
	b, err = json.Marshal(CheckRequest{[]CheckItem{{"a"}, {"b"}}})
	require.NoError(t, err)
	require.JSONEq(t, `{"CheckItem":[{"UserID":"a"},{"UserID":"b"}]}`, string(b))
}

func TestSuccess(t *testing.T) {
	tests := []struct {
		name string
		body string
		want bool
	}{
		{"mute APIs send no ActionStatus", `{"ErrorCode":0,"ErrorInfo":""}`, true},
		{"the overview's sample has no ErrorInfo", `{"ActionStatus":"OK","ErrorCode":0}`, true},
		{"unknown fields are welcome", `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ErrorDisplay":"","RequestId":"x"}`, true},
		{"a status that contradicts the code", `{"ActionStatus":"FAIL","ErrorInfo":"","ErrorCode":0}`, false},
		{"a code that contradicts the status", `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":130014}`, false},
		{"failure", `{"ActionStatus":"FAIL","ErrorInfo":"Fail to Parse json data of body, Please check it","ErrorCode":90001}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseSet([]byte(tt.body))
			require.NoError(t, err)
			require.Equal(t, tt.want, r.OK())
		})
	}
}

func TestWhatIsNoAnswer(t *testing.T) {
	tests := []struct {
		name, body, says string
	}{
		{"empty", "", "empty body"},
		{"spaces", " \n", "empty body"},
		{"HTML", "<html><body>502 Bad Gateway</body></html>", "HTML"},
		{"cut short", `{"ActionStatus":"OK","Err`, "cut short"},
		{"the page's own sample with a trailing comma", `{"ErrorCode":0,"ErrorInfo":"",}`, "not JSON"},
		{"two answers", `{"ErrorCode":0}{"ErrorCode":0}`, "not JSON"},
		{"without a code", `{"ActionStatus":"OK"}`, "without an ErrorCode"},
		{"null", `null`, "without an ErrorCode"},
		{"null code", `{"ErrorCode":null}`, "without an ErrorCode"},
		{"code as text", `{"ErrorCode":"0"}`, "ErrorCode has the wrong type"},
		{"code with a fraction", `{"ErrorCode":0.5}`, "ErrorCode has the wrong type"},
		{"code beyond 32 bits", `{"ErrorCode":4294967296}`, "ErrorCode has the wrong type"},
		{"list", `[]`, "wrong type"},
		{"info of a wrong type", `{"ErrorCode":0,"ErrorInfo":{}}`, "ErrorInfo has the wrong type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseSet([]byte(tt.body))
			require.ErrorIs(t, err, ErrNotAnAnswer)
			require.ErrorContains(t, err, tt.says)
			_, err = ParseGet([]byte(tt.body))
			require.ErrorIs(t, err, ErrNotAnAnswer)
			_, err = ParseCheck([]byte(tt.body))
			require.ErrorIs(t, err, ErrNotAnAnswer)
		})
	}
}

func TestTimesInAnAnswer(t *testing.T) {
	tests := []struct {
		name, time string
		want       Seconds
		bad        bool
	}{
		{"zero", "0", 0, false},
		{"sample", "7196", 7196, false},
		{"permanent", "4294967295", math.MaxUint32, false},
		{"number with a zero fraction", "7196.0", 7196, false},
		{"number with an exponent", "4.294967295e9", math.MaxUint32, false},
		{"text", `"7196"`, 7196, false},
		{"too large", "4294967296", 0, true},
		{"far too large", "1e300", 0, true},
		{"beyond any number", "1e999", 0, true},
		{"negative", "-1", 0, true},
		{"fraction", "0.5", 0, true},
		{"words", `"soon"`, 0, true},
		{"empty text", `""`, 0, true},
		{"list", "[1]", 0, true},
		{"null", "null", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseGet([]byte(`{"ErrorCode":0,"ErrorInfo":"","C2CmsgNospeakingTime":` + tt.time + `,"GroupmsgNospeakingTime":1}`))
			if tt.bad {
				require.ErrorIs(t, err, ErrNotAnAnswer)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, *r.C2CmsgNospeakingTime)
			require.Equal(t, Seconds(1), *r.GroupmsgNospeakingTime)
		})
	}
	t.Run("missing", func(t *testing.T) {
		_, err := ParseGet([]byte(`{"ErrorCode":0,"C2CmsgNospeakingTime":1}`))
		require.ErrorIs(t, err, ErrNotAnAnswer)
	})
	t.Run("not due in a failure", func(t *testing.T) {
		r, err := ParseGet([]byte(`{"ErrorCode":130003,"ErrorInfo":"bad"}`))
		require.NoError(t, err)
		require.Equal(t, CodeGetInvalidAccount, r.ErrorCode)
	})
}

func TestErrorsDoNotRepeatTheBody(t *testing.T) {
	const echoed = "eJyqVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0"
	for _, body := range []string{
		"<a href='?usersig=" + echoed + "'>", echoed, `{"ErrorCode":"` + echoed + `"}`, `{"` + echoed + `":`,
	} {
		_, err := ParseSet([]byte(body))
		require.Error(t, err)
		require.NotContains(t, err.Error(), echoed)
	}
}

func TestAccountCheckAnswer(t *testing.T) {
	r, err := ParseCheck([]byte(`{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ResultItem":[
		{"UserID":"a","ResultCode":0,"ResultInfo":"","AccountStatus":"Imported"},
		{"UserID":"b","ResultCode":0,"ResultInfo":"","AccountStatus":"NotImported"}]}`))
	require.NoError(t, err)
	require.Equal(t, []ResultItem{{"a", 0, "", AccountImported}, {"b", 0, "", AccountNotImported}}, r.ResultItem)
}

// corpus holds answers of all kinds, whole and broken.
func corpus() []string {
	return []string{
		`{"ErrorCode":0,"ErrorInfo":"","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":7196}`,
		`{"ErrorCode":0,"C2CmsgNospeakingTime":"1e9","GroupmsgNospeakingTime":7196.0}`,
		`{"ErrorCode":0,"C2CmsgNospeakingTime":null,"GroupmsgNospeakingTime":4294967296}`,
		`{"ErrorCode":0,"ResultItem":[{"UserID":"a","ResultCode":0,"AccountStatus":"Imported"}]}`,
		"{ \"ActionStatus\" : \"FAIL\" ,\r\n\t\"ErrorCode\": 70009 , \"ErrorInfo\": \"x y\", \"RequestId\": 12 }\n",
		`{"errorcode":1,"ErrorCode":0,"ERRORINFO":"a","ErrorInfo":"b"}`,
		`{"ErrorCode":1,"errorCode":2,"ErrorCode":3}`,
		`{"ErrorCode":00}`, `{"ErrorCode":01}`, `{"ErrorCode":-1}`, `{"ErrorCode":2147483648}`, `{"ErrorCode":}`,
		`{"ErrorCode":0,"ErrorInfo":"\u0041é","x":true}`, "{\"ErrorCode\":0,\"ErrorInfo\":\"\xff\"}", "{\"ErrorCode\":0,\"ErrorInfo\":\"\x01\"}", `{"ErrorCode":0,}`, `{"ErrorCode":0}x`, `{"ErrorCode" 0}`,
		`{}`, `{"a":"b"}`, `<html>`, ``, `{`, `{"`, `{"a`, `{"a"`, `{"a":`, `null`, `[]`, `"ErrorCode"`,
	}
}

// FuzzParse holds that no body panics, that what counts as a yes has a code
// and, for a query, both times, and that the short way of reading agrees with
// encoding/json.
func FuzzParse(f *testing.F) {
	for _, s := range corpus() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		set, setErr := ParseSet(body)
		get, getErr := ParseGet(body)
		_, checkErr := ParseCheck(body)
		if setErr == nil {
			require.NotEqual(t, codeAbsent, set.ErrorCode)
		}
		if getErr == nil && get.OK() {
			require.NotNil(t, get.C2CmsgNospeakingTime)
			require.NotNil(t, get.GroupmsgNospeakingTime)
		}
		for _, err := range []error{setErr, getErr, checkErr} {
			if err != nil {
				require.ErrorIs(t, err, ErrNotAnAnswer)
			}
		}
		slowSet, err := parseSet(body)
		require.Equal(t, err, setErr)
		require.Equal(t, slowSet, set)
		slowGet, err := parseGet(body)
		require.Equal(t, err, getErr)
		require.Equal(t, slowGet, get)
	})
}

func TestOrdinaryAnswersTakeTheShortWay(t *testing.T) {
	var e Envelope
	require.True(t, flatAnswer([]byte(`{"ErrorCode":0,"ErrorInfo":""}`), &e, nil))
	require.True(t, flatAnswer([]byte(`{"ActionStatus":"FAIL","ErrorInfo":"no (yet)","ErrorCode":70009}`), &e, nil))
	require.Equal(t, Envelope{"FAIL", 70009, "no (yet)"}, e)
	var get GetResponse
	require.True(t, flatAnswer([]byte(`{"ErrorCode":0,"ErrorInfo":"","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":0}`), &get.Envelope, &get))
	require.Equal(t, Seconds(math.MaxUint32), *get.C2CmsgNospeakingTime)
	require.Equal(t, Seconds(0), *get.GroupmsgNospeakingTime)
}

func BenchmarkParseSet(b *testing.B) {
	body := []byte(`{"ErrorCode":0,"ErrorInfo":""}`)
	for name, parse := range map[string]func([]byte) (SetResponse, error){"flat": ParseSet, "json": parseSet} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parse(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
