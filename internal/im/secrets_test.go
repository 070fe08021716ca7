package im

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"modbot/internal/im/imwire"
)

// echo answers with the request's own URL and the key, where a service, a
// proxy or a gateway might.
func echoes() map[string]step {
	return map[string]step{
		"words of a no": func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewEncoder(w).Encode(imwire.Envelope{ErrorCode: 70009, ErrorInfo: "bad url " + r.URL.String() + " " + r.URL.Query().Get("usersig") + " " + testKey})
		},
		"words of an unclear answer": func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewEncoder(w).Encode(imwire.Envelope{ErrorCode: 60008, ErrorInfo: r.URL.RawQuery})
		},
		"page of a gateway": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			says("<a href='"+r.URL.String()+"'>")(w, r)
		},
		"page in place of an answer": func(w http.ResponseWriter, r *http.Request) { says("<a href='"+r.URL.String()+"'>")(w, r) },
		"text in place of an answer": func(w http.ResponseWriter, r *http.Request) { says(r.URL.String())(w, r) },
		"wrong type": func(w http.ResponseWriter, r *http.Request) {
			says(fmt.Sprintf(`{"ErrorCode":%q}`, r.URL))(w, r)
		},
		"header line": func(w http.ResponseWriter, r *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\n"+r.URL.String()+"\r\n\r\n")
		},
		"status line": func(w http.ResponseWriter, r *http.Request) {
			hijack(w, "HTTP/1.1 "+r.URL.Query().Get("usersig")+"\r\n\r\n")
		},
		"first line": func(w http.ResponseWriter, r *http.Request) { hijack(w, r.URL.Query().Get("usersig")+"\r\n\r\n") },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			redirects(w, "/elsewhere?"+r.URL.RawQuery)
		},
	}
}

func TestNoSecretInAnyErrorOrLogLine(t *testing.T) {
	steps := faults()
	for name, s := range echoes() {
		steps["echo in the "+name] = s
	}
	for _, info := range imwire.Codes()[1:] {
		steps[fmt.Sprintf("code %d", info.Code)] = code(info.Code)
	}
	for name, s := range steps {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(s, s, s)
				r.requireNoSecretsAfterEveryCall(t)
			})
		})
	}
	t.Run("a dialer that knows too much", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			usersig, err := r.client.UserSig()
			require.NoError(t, err)
			telltale := func(context.Context) error {
				return &url.Error{Op: "Post", URL: "https://h/?usersig=" + url.QueryEscape(usersig), Err: errors.New(testKey)}
			}
			r.dialling(telltale, telltale, telltale)
			_, err = r.muteAlice(t.Context())
			require.ErrorIs(t, err, ErrUnreachable)
			r.dialling(telltale, telltale, telltale)
			r.requireNoSecretsAfterEveryCall(t)
		})
	})
}

func (r *rig) requireNoSecretsAfterEveryCall(t *testing.T) {
	t.Helper()
	var shown []string
	for _, err := range r.everyCall(t.Context()) {
		if err == nil {
			continue
		}
		shown = append(shown, fmt.Sprintf("%v|%+v|%#v|%q", err, err, err, err), Classify(err).Text)
		for _, e := range chain(err) {
			shown = append(shown, fmt.Sprintf("%v|%+v|%#v", e, e, e))
		}
	}
	require.NotEmpty(t, shown)
	shown = append(shown, fmt.Sprintf("%v %+v", r.client.signer.key, r.client))
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "m"})
	for _, entry := range r.logs.All() {
		line, err := encoder.EncodeEntry(entry.Entry, entry.Context)
		require.NoError(t, err)
		shown = append(shown, line.String())
	}
	usersig, err := r.client.UserSig()
	require.NoError(t, err)
	for _, text := range shown {
		requireNoSecrets(t, text, append(r.sigs(), usersig)...)
		require.NotContains(t, text, "random=")
		require.NotContains(t, text, "usersig=")
	}
}

// chain lists an error and all that it wraps.
func chain(err error) []error {
	all := []error{err}
	switch e := err.(type) { //nolint:errorlint // the chain itself is walked
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			all = append(all, chain(inner)...)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, chain(inner)...)
		}
	}
	return all
}
