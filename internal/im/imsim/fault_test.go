package imsim_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
)

const muteAlice = `{"Set_Account":"alice","GroupmsgNospeakingTime":7200}`

// What each fault does to the state, to the caller, and to the trace.
func TestFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		fault   imsim.Fault
		status  int // 0: the connection was closed without an answer
		answer  string
		applied bool
	}{
		"code": {
			imsim.Fault{Kind: imsim.KindCode, Code: 60008},
			200, `{"ActionStatus":"FAIL","ErrorCode":60008,"ErrorInfo":"simulated fault"}`, false,
		},
		"code of the mute APIs": {
			imsim.Fault{Kind: imsim.KindCode, Code: 130014},
			200, `{"ErrorCode":130014,"ErrorInfo":"simulated fault"}`, false,
		},
		"drop":           {imsim.Fault{Kind: imsim.KindDrop}, 0, "", false},
		"apply and drop": {imsim.Fault{Kind: imsim.KindApplyAndDrop}, 0, "", true},
		"http": {
			imsim.Fault{Kind: imsim.KindHTTP},
			502, "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n", false,
		},
		"http with a status": {
			imsim.Fault{Kind: imsim.KindHTTP, Status: 503},
			503, "<html><head><title>503 Service Unavailable</title></head><body><h1>503 Service Unavailable</h1></body></html>\n", false,
		},
		"garbage": {imsim.Fault{Kind: imsim.KindGarbage}, 200, `{"ErrorCode":0,"ErrorInfo":"`, false},
		"latency": {
			imsim.Fault{Kind: imsim.KindLatency, Delay: time.Millisecond}, 200, `{"ErrorCode":0,"ErrorInfo":""}`, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := serveApp(t, nil)
			tc.fault.API = imwire.SetNoSpeaking
			require.NoError(t, a.AddFault(tc.fault))

			status, answer, err := a.post(imwire.SetNoSpeaking, muteAlice)
			if tc.status == 0 {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, tc.status, status)
			require.Equal(t, tc.answer, answer)
			want := uint32(0)
			if tc.applied {
				want = 7200
			}
			require.Equal(t, want, a.Snapshot().Accounts["alice"].Group)

			calls := a.Calls()
			require.Len(t, calls, 1)
			require.Equal(t, tc.fault.Kind, calls[0].Fault)
			require.Equal(t, tc.applied, calls[0].Applied)
			require.JSONEq(t, muteAlice, calls[0].Body)
			require.Equal(t, "4294967295", calls[0].Random)

			require.Empty(t, a.Faults(), "used up")
			status, answer, err = a.post(imwire.SetNoSpeaking, muteAlice)
			require.NoError(t, err)
			require.Equal(t, 200, status)
			require.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":""}`, answer, "the next call is well")
		})
	}
}

func TestFaultsAreFirstInFirstOutForEachAPI(t *testing.T) {
	a := newApp(t, nil)
	set, get := imwire.SetNoSpeaking, imwire.GetNoSpeaking
	add := func(api imwire.API, code imwire.Code, times int) {
		require.NoError(t, a.AddFault(imsim.Fault{API: api, Kind: imsim.KindCode, Code: code, Times: times}))
	}
	add(set, 60007, 2)
	add(get, 60014, 1)
	add(set, 60008, 0) // once
	add(set, 130014, imsim.Forever)
	add(set, 60018, 1) // never reached

	ask := func(api imwire.API) int { return *a.call(t, api, wellFormed(api)).ErrorCode }
	var got []int
	for range 6 {
		got = append(got, ask(set))
	}
	require.Equal(t, []int{60007, 60007, 60008, 130014, 130014, 130014}, got)
	require.Equal(t, 60014, ask(get), "each API has its own queue")
	require.Zero(t, ask(get))
	require.Len(t, a.Faults(), 2)

	a.ClearFaults()
	require.Empty(t, a.Faults())
	require.Zero(t, ask(set))
}

// A call that would be refused anyway does not use up a fault, so that a test
// with a broken client does not pass for the wrong reason.
func TestRefusedCallsMeetNoFault(t *testing.T) {
	a := newApp(t, func(cfg *imsim.Config) { cfg.Rate = 1 })
	require.NoError(t, a.AddFault(imsim.Fault{API: imwire.SetNoSpeaking, Kind: imsim.KindCode, Code: 60008}))
	good := a.query.Get("usersig")
	a.query.Del("usersig")
	require.Equal(t, 70002, *a.call(t, imwire.SetNoSpeaking, muteAlice).ErrorCode)
	require.Len(t, a.Faults(), 1)
	a.query.Set("usersig", good)
	require.Equal(t, 60008, *a.call(t, imwire.SetNoSpeaking, muteAlice).ErrorCode)

	require.NoError(t, a.AddFault(imsim.Fault{API: imwire.SetNoSpeaking, Kind: imsim.KindCode, Code: 60008}))
	require.Equal(t, 60007, *a.call(t, imwire.SetNoSpeaking, muteAlice).ErrorCode)
	require.Len(t, a.Faults(), 1)
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	a := newApp(t, nil)
	set := imwire.SetNoSpeaking
	for name, f := range map[string]imsim.Fault{
		"no api":             {Kind: imsim.KindDrop},
		"unknown api":        {API: "openim/sendmsg", Kind: imsim.KindDrop},
		"no kind":            {API: set},
		"unknown kind":       {API: set, Kind: "explode"},
		"code 0":             {API: set, Kind: imsim.KindCode},
		"code below 0":       {API: set, Kind: imsim.KindCode, Code: -1},
		"status 200":         {API: set, Kind: imsim.KindHTTP, Status: 200},
		"status 600":         {API: set, Kind: imsim.KindHTTP, Status: 600},
		"latency of nothing": {API: set, Kind: imsim.KindLatency},
		"delay below 0":      {API: set, Kind: imsim.KindDrop, Delay: -1},
		"delay of an hour":   {API: set, Kind: imsim.KindDrop, Delay: time.Hour},
		"times -2":           {API: set, Kind: imsim.KindDrop, Times: -2},
	} {
		t.Run(name, func(t *testing.T) {
			var input *imsim.InputError
			require.ErrorAs(t, a.AddFault(f), &input)
			require.Empty(t, a.Faults())
		})
	}
}

// A request that its caller gave up is worked off all the same: this is what
// makes a lost answer dangerous, so the simulator must show it.
func TestDelayedCallChangesThingsAfterItsCallerLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, func(cfg *imsim.Config) { cfg.Now = time.Now })
		a.query.Set("usersig", sign(t, appKey(), adminID, appID, time.Now(), time.Hour))
		require.NoError(t, a.AddFault(imsim.Fault{
			API: imwire.SetNoSpeaking, Kind: imsim.KindLatency, Delay: 4 * time.Second,
		}))
		ctx, leave := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url(imwire.SetNoSpeaking), strings.NewReader(muteAlice))
		require.NoError(t, err)
		go a.ServeHTTP(discard{}, req)

		time.Sleep(3 * time.Second) // of the bubble's time
		leave()
		synctest.Wait()
		require.Zero(t, a.Snapshot().Accounts["alice"].Group, "not yet")
		now, most := a.InFlight()
		require.Equal(t, [2]int{1, 1}, [2]int{now, most})

		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 7200, a.Snapshot().Accounts["alice"].Group, "a mute counts from when it is applied")
		now, _ = a.InFlight()
		require.Zero(t, now)
	})
}

// Delay works with every kind: here the change lands late and its answer is lost.
func TestApplyAndDropAfterADelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, func(cfg *imsim.Config) { cfg.Now = time.Now })
		a.query.Set("usersig", sign(t, appKey(), adminID, appID, time.Now(), time.Hour))
		require.NoError(t, a.AddFault(imsim.Fault{
			API: imwire.SetNoSpeaking, Kind: imsim.KindApplyAndDrop, Delay: 4 * time.Second,
		}))
		began := time.Now()
		require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() {
			a.serve(http.MethodPost, a.url(imwire.SetNoSpeaking), muteAlice)
		})
		require.Equal(t, 4*time.Second, time.Since(began))
		require.EqualValues(t, 7200, a.Snapshot().Accounts["alice"].Group)
		calls := a.Calls()
		require.True(t, calls[0].Applied && calls[0].Done && !calls[0].Answered)
	})
}

func TestHoldStopsOneCallWhereItIsAsked(t *testing.T) {
	a := serveApp(t, nil)
	before := a.Hold(imwire.SetNoSpeaking, imsim.BeforeApply)
	after := a.Hold(imwire.SetNoSpeaking, imsim.BeforeAnswer)
	type result struct {
		answer string
		err    error
	}
	ask := func(body string) <-chan result {
		done := make(chan result, 1)
		go func() {
			_, answer, err := a.post(imwire.SetNoSpeaking, body)
			done <- result{answer, err}
		}()
		return done
	}
	first := ask(muteAlice)
	<-before.Arrived()
	second := ask(`{"Set_Account":"bob","GroupmsgNospeakingTime":60}`)
	<-after.Arrived()

	require.Zero(t, a.Snapshot().Accounts["alice"].Group, "held before the change")
	require.EqualValues(t, 60, a.Snapshot().Accounts["bob"].Group, "held after the change")
	now, most := a.InFlight()
	require.Equal(t, [2]int{2, 2}, [2]int{now, most})
	calls := a.Calls()
	require.False(t, calls[0].Applied || calls[0].Done || calls[1].Done || calls[1].Answered)
	require.True(t, calls[1].Applied)
	require.Equal(t, 2, calls[1].InFlight)

	_, answer, err := a.post(imwire.SetNoSpeaking, `{"Set_Account":"carol","GroupmsgNospeakingTime":60}`)
	require.NoError(t, err, "the third call is not held")
	require.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":""}`, answer)

	before.Release()
	before.Release()
	require.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":""}`, (<-first).answer)
	require.EqualValues(t, 7200, a.Snapshot().Accounts["alice"].Group)
	after.Release()
	require.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":""}`, (<-second).answer)
}

func TestHoldReleasedBeforehandStopsNobody(t *testing.T) {
	a := newApp(t, nil)
	a.Hold(imwire.GetNoSpeaking, imsim.BeforeApply).Release()
	require.Zero(t, *a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`).ErrorCode)
}

func TestCloseEndsWaitingCallsWithoutAnAnswer(t *testing.T) {
	a := serveApp(t, nil)
	hold := a.Hold(imwire.SetNoSpeaking, imsim.BeforeApply)
	require.NoError(t, a.AddFault(imsim.Fault{API: imwire.GetNoSpeaking, Kind: imsim.KindLatency, Delay: imsim.MaxDelay}))
	var ended sync.WaitGroup
	for _, api := range []imwire.API{imwire.SetNoSpeaking, imwire.GetNoSpeaking} {
		ended.Go(func() {
			_, _, err := a.post(api, wellFormed(api))
			require.Error(t, err)
		})
	}
	<-hold.Arrived()
	a.Close()
	a.Close()
	ended.Wait()
	require.Zero(t, a.Snapshot().Accounts["alice"].Group)
}

// The trace is bounded, and what it keeps is the newest.
func TestTraceIsBounded(t *testing.T) {
	a := newApp(t, func(cfg *imsim.Config) { cfg.Trace = 10 })
	for range 99 {
		a.set(t, 0, muteAlice)
	}
	calls := a.Calls()
	require.LessOrEqual(t, len(calls), 10)
	require.GreaterOrEqual(t, len(calls), 5)
	for i, c := range calls {
		require.Equal(t, 99-len(calls)+1+i, c.Seq)
		require.True(t, c.Done && c.Answered && c.Applied)
	}
}

// discard is a ResponseWriter whose caller has gone.
type discard struct{}

func (discard) Header() http.Header       { return http.Header{} }
func (discard) WriteHeader(int)           {}
func (discard) Write([]byte) (int, error) { return 0, http.ErrHandlerTimeout }
