package imsim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imwire"
)

const forever = 4294967295

// Every refusal of a body that the two mute APIs document, and the shapes that
// a strict reader of JSON refuses.
func TestRefusalsOfTheMuteBodies(t *testing.T) {
	set, get := imwire.SetNoSpeaking, imwire.GetNoSpeaking
	long := strings.Repeat("a", 33)
	for name, tc := range map[string]struct {
		api  imwire.API
		body string
		want int
	}{
		"set: empty body":                {set, ``, 130001},
		"set: blank body":                {set, " \n", 130001},
		"set: the vendor's own sample":   {set, "{\n\"Set_Account\": \"alice\",\n\"GroupmsgNospeakingTime\": 7200 // optional\n}", 130001},
		"set: trailing comma":            {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":7200,}`, 130001},
		"set: trailing data":             {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":7200}{}`, 130001},
		"set: a word after it":           {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":7200} x`, 130001},
		"set: cut short":                 {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":72`, 130001},
		"set: an array":                  {set, `[]`, 130001},
		"set: null":                      {set, `null`, 130001},
		"set: single quotes":             {set, `{'Set_Account':'alice','GroupmsgNospeakingTime':7200}`, 130001},
		"set: a name twice":              {set, `{"Set_Account":"bob","Set_Account":"alice","GroupmsgNospeakingTime":7200}`, 130001},
		"set: byte order mark":           {set, "\ufeff" + `{"Set_Account":"alice","GroupmsgNospeakingTime":7200}`, 130001},
		"set: not UTF-8":                 {set, "{\"Set_Account\":\"alice\",\"x\":\"\xff\",\"GroupmsgNospeakingTime\":7200}", 130001},
		"set: too long":                  {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":7200,"x":"` + strings.Repeat("x", 70_000) + `"}`, 130001},
		"set: form encoded":              {set, `Set_Account=alice&GroupmsgNospeakingTime=7200`, 130001},
		"set: no account":                {set, `{"GroupmsgNospeakingTime":7200}`, 130004},
		"set: nothing":                   {set, `{}`, 130004},
		"set: account under get's name":  {set, `{"Get_Account":"alice","GroupmsgNospeakingTime":7200}`, 130004},
		"set: account in another case":   {set, `{"set_account":"alice","GroupmsgNospeakingTime":7200}`, 130004},
		"set: account a number":          {set, `{"Set_Account":12345,"GroupmsgNospeakingTime":7200}`, 60015},
		"set: account null":              {set, `{"Set_Account":null,"GroupmsgNospeakingTime":7200}`, 60015},
		"set: account a list":            {set, `{"Set_Account":["alice"],"GroupmsgNospeakingTime":7200}`, 60015},
		"set: account empty":             {set, `{"Set_Account":"","GroupmsgNospeakingTime":7200}`, 130005},
		"set: account too long":          {set, `{"Set_Account":"` + long + `","GroupmsgNospeakingTime":7200}`, 130005},
		"set: account not ASCII":         {set, `{"Set_Account":"alicé","GroupmsgNospeakingTime":7200}`, 130005},
		"set: account with control":      {set, `{"Set_Account":"ali\nce","GroupmsgNospeakingTime":7200}`, 130005},
		"set: account half a surrogate":  {set, `{"Set_Account":"\ud800","GroupmsgNospeakingTime":7200}`, 130005},
		"set: account in another case 2": {set, `{"Set_Account":"Alice","GroupmsgNospeakingTime":7200}`, 130005},
		"set: account that is not there": {set, `{"Set_Account":"nobody","GroupmsgNospeakingTime":7200}`, 130005},
		"set: neither time":              {set, `{"Set_Account":"alice"}`, 130008},
		"set: time under a wrong name":   {set, `{"Set_Account":"alice","GroupMsgNospeakingTime":7200}`, 130008},
		"set: time above 32 bits":        {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":4294967296}`, 130001},
		"set: time far above":            {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":99999999999999999999}`, 130001},
		"set: time below zero":           {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":-1}`, 130001},
		"set: time a fraction":           {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":7200.5}`, 130001},
		"set: time with an exponent":     {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":72e2}`, 130001},
		"set: time a string":             {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":"7200"}`, 130001},
		"set: time null":                 {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":null}`, 130001},
		"set: one time good, one bad":    {set, `{"Set_Account":"alice","GroupmsgNospeakingTime":7200,"C2CmsgNospeakingTime":-1}`, 130001},
		"get: empty body":                {get, ``, 130001},
		"get: trailing comma":            {get, `{"Get_Account":"alice",}`, 130001},
		"get: no account":                {get, `{}`, 130002},
		"get: account under set's name":  {get, `{"Set_Account":"alice"}`, 130002},
		"get: account a number":          {get, `{"Get_Account":1}`, 60015},
		"get: account empty":             {get, `{"Get_Account":""}`, 130003},
		"get: account too long":          {get, `{"Get_Account":"` + long + `"}`, 130003},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, nil)
			got := a.call(t, tc.api, tc.body)
			require.Equal(t, tc.want, *got.ErrorCode, got.ErrorInfo)
			require.NotEmpty(t, got.ErrorInfo)
			require.Nil(t, got.GroupmsgNospeakingTime)
			for account, times := range a.Snapshot().Accounts {
				require.Zero(t, times, "%s changed", account)
			}
			calls := a.Calls()
			require.Len(t, calls, 1)
			require.False(t, calls[0].Applied)
			require.EqualValues(t, tc.want, calls[0].Code)
		})
	}
}

// The answers have the fields of the vendor's samples and no others.
func TestAnswersLookLikeTheSamples(t *testing.T) {
	a := newApp(t, nil)
	body := func(api imwire.API, request string) string {
		w := a.serve(http.MethodPost, a.url(api), request)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		return w.Body.String()
	}
	require.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":""}`,
		body(imwire.SetNoSpeaking, `{"Set_Account":"alice","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":7200}`))
	a.clock.Advance(4 * time.Second)
	require.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":"","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":7196}`,
		body(imwire.GetNoSpeaking, `{"Get_Account":"alice"}`))
	require.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":"","C2CmsgNospeakingTime":0,"GroupmsgNospeakingTime":0}`,
		body(imwire.GetNoSpeaking, `{"Get_Account":"bob"}`))
	require.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":"","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":4294967295}`,
		body(imwire.GetNoSpeaking, `{"Get_Account":"nobody"}`), "the vendor says so of an account that does not exist")
	require.JSONEq(t, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ResultItem":[
		{"UserID":"alice","ResultCode":0,"ResultInfo":"","AccountStatus":"Imported"},
		{"UserID":"nobody","ResultCode":0,"ResultInfo":"","AccountStatus":"NotImported"}]}`,
		body(imwire.AccountCheck, `{"CheckItem":[{"UserID":"alice"},{"UserID":"nobody"}]}`))
	require.JSONEq(t, `{"ErrorCode":130004,"ErrorInfo":"Set_Account is missing"}`, body(imwire.SetNoSpeaking, `{}`))
}

func TestMuteCountsDownAndEndsByItself(t *testing.T) {
	a := newApp(t, nil)
	a.set(t, 0, `{"Set_Account":"alice","GroupmsgNospeakingTime":10}`)
	left := func() uint32 { group, _ := a.get(t, "alice"); return group }
	require.EqualValues(t, 10, left())

	a.clock.Advance(500 * time.Millisecond)
	require.EqualValues(t, 10, left(), "a part of a second is left: rounded up")
	a.clock.Advance(500 * time.Millisecond)
	require.EqualValues(t, 9, left())
	require.NoError(t, a.Advance(8*time.Second))
	require.EqualValues(t, 1, left())
	a.clock.Advance(999 * time.Millisecond)
	require.EqualValues(t, 1, left(), "still muted, so not 0")
	a.clock.Advance(time.Millisecond)
	require.Zero(t, left())
	require.NoError(t, a.Advance(time.Hour))
	require.Zero(t, left())
}

func TestFieldsAreIndependent(t *testing.T) {
	a := newApp(t, nil)
	steps := []struct {
		body       string
		group, c2c uint32
	}{
		{`{"Set_Account":"alice","GroupmsgNospeakingTime":60}`, 60, 0},
		{`{"Set_Account":"alice","C2CmsgNospeakingTime":4294967295}`, 60, forever},
		{`{"Set_Account":"alice","GroupmsgNospeakingTime":0}`, 0, forever},
		{`{"Set_Account":"alice","C2CmsgNospeakingTime":4294967294}`, 0, forever - 1},
		{`{"Set_Account":"alice","GroupmsgNospeakingTime":5,"C2CmsgNospeakingTime":0}`, 5, 0},
		{`{"Set_Account":"alice","GroupmsgNospeakingTime":3,"Unknown":{"deep":[1]}}`, 3, 0},
	}
	for _, s := range steps {
		a.set(t, 0, s.body)
		group, c2c := a.get(t, "alice")
		require.Equal(t, s.group, group, s.body)
		require.Equal(t, s.c2c, c2c, s.body)
	}
	group, c2c := a.get(t, "bob")
	require.Zero(t, group)
	require.Zero(t, c2c)
}

func TestPermanentNeverEnds(t *testing.T) {
	a := newApp(t, nil)
	a.set(t, 0, `{"Set_Account":"alice","GroupmsgNospeakingTime":4294967295,"C2CmsgNospeakingTime":4294967294}`)
	require.NoError(t, a.Advance(4294967294*time.Second))
	group, c2c := a.get(t, "alice")
	require.EqualValues(t, forever, group)
	require.Zero(t, c2c)
}

// The clock of the mutes is not the clock of UserSigs and of the rate.
func TestAdvanceMovesMutesOnly(t *testing.T) {
	a := newApp(t, nil)
	before := a.Snapshot().Now
	require.NoError(t, a.Advance(1000*time.Hour))
	require.EqualValues(t, 1000*3600, a.Snapshot().Now-before)
	require.Zero(t, *a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`).ErrorCode, "the UserSig is still good")

	require.ErrorContains(t, a.Advance(-time.Second), "outside 0")
	require.ErrorContains(t, a.Advance(151*365*24*time.Hour), "outside 0")
	require.EqualValues(t, 1000*3600, a.Snapshot().Now-before, "a refused advance moves nothing")
}

func TestAccountCheck(t *testing.T) {
	items := func(n int) string {
		return `{"CheckItem":[` + strings.TrimSuffix(strings.Repeat(`{"UserID":"alice"},`, n), ",") + `]}`
	}
	for name, tc := range map[string]struct {
		body string
		want int
	}{
		"one":                    {items(1), 0},
		"a hundred":              {items(100), 0},
		"a hundred and one":      {items(101), 70402},
		"none":                   {`{"CheckItem":[]}`, 70402},
		"no CheckItem":           {`{}`, 70402},
		"CheckItem null":         {`{"CheckItem":null}`, 70402},
		"CheckItem no array":     {`{"CheckItem":{"UserID":"alice"}}`, 70402},
		"an item that is text":   {`{"CheckItem":["alice"]}`, 70402},
		"an item without UserID": {`{"CheckItem":[{"UserId":"alice"}]}`, 70402},
		"a UserID twice":         {`{"CheckItem":[{"UserID":"alice","UserID":"bob"}]}`, 70402},
		"a UserID that is 1":     {`{"CheckItem":[{"UserID":1}]}`, 60015},
		"empty body":             {``, 60003},
		"trailing comma":         {`{"CheckItem":[{"UserID":"alice"},]}`, 60003},
		"comment":                {`{"CheckItem":[{"UserID":"alice"}]} // all`, 60003},
	} {
		t.Run(name, func(t *testing.T) {
			got := newApp(t, nil).call(t, imwire.AccountCheck, tc.body)
			require.Equal(t, tc.want, *got.ErrorCode, got.ErrorInfo)
			if tc.want != 0 {
				require.Equal(t, "FAIL", got.ActionStatus)
			}
		})
	}

	a := newApp(t, nil)
	asked := []string{"bob", "Bob", "", "nobody", "bob", strings.Repeat("x", 40)}
	var list []string
	for _, id := range asked {
		list = append(list, fmt.Sprintf(`{"UserID":%q}`, id))
	}
	got := a.call(t, imwire.AccountCheck, `{"CheckItem":[`+strings.Join(list, ",")+`]}`)
	require.Len(t, got.ResultItem, len(asked), "one item for each that was asked, in order")
	for i, item := range got.ResultItem {
		require.Equal(t, asked[i], item.UserID)
		want := "NotImported"
		if asked[i] == "bob" {
			want = "Imported"
		}
		require.Equal(t, want, item.AccountStatus, item.UserID)
		require.Zero(t, item.ResultCode)
	}
}
