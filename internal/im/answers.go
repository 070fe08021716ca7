package im

import (
	"strings"

	"modbot/internal/im/imwire"
)

// maxInfoRunes is how much of the service's own words is kept.
const maxInfoRunes = 200

// apiError is the answer that is not a yes.
func (c *Client) apiError(api imwire.API, env imwire.Envelope, cred *credential) *APIError {
	info, _ := env.ErrorCode.Info()
	if env.ErrorCode == imwire.CodeOK { // and yet not OK
		info.Class = imwire.UnknownCodeClass
		info.Meaning = "a code of success with a status of failure"
		info.Advice = "Contact the vendor's support."
	}
	said := []rune(strings.ToValidUTF8(c.signer.scrub(env.ErrorInfo, cred), "\uFFFD"))
	if len(said) > maxInfoRunes {
		said = append(said[:maxInfoRunes], '…')
	}
	return &APIError{API: api, Code: env.ErrorCode, Info: string(said), Class: info.Class, Meaning: info.Meaning, Advice: info.Advice}
}

// sign reads from an answer what it says of the credentials. A refusal counts
// against them only when the UserSig was new.
func (e *APIError) sign(refreshed bool) authSign {
	info, _ := e.Code.Info()
	switch {
	case e.Class == imwire.ClassBreaker:
		return authLocked
	case info.Auth && (e.Class != imwire.ClassRefreshOnce || refreshed):
		return authBad
	case !info.Auth && (e.Class == imwire.ClassNo || e.Class == imwire.ClassNotFound):
		return authGood
	}
	return authUntold
}
