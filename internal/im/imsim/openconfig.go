package imsim

import (
	"encoding/json"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// Names in the bodies of the mute APIs, exactly as the vendor spells them.
const (
	nameSetAccount = "Set_Account"
	nameGetAccount = "Get_Account"
	nameC2CTime    = "C2CmsgNospeakingTime"
	nameGroupTime  = "GroupmsgNospeakingTime"
)

// setNoSpeaking changes the fields that the body names and no other.
//
// What the vendor leaves open is decided so: an account that does not exist is
// 130005 (invalid account), because a silent success would hide the mistake
// that a simulator is there to find; a time that is no integer of 32 bits is
// 130001 (the body is not what it should be), because no other code fits.
func (s *Sim) setNoSpeaking(body []byte) reply {
	fields, err := object(body)
	if err != nil {
		return refused(refuse(imwire.CodeMuteBadJSON, "%s", err))
	}
	account, why := accountIn(fields, nameSetAccount, imwire.CodeSetNoAccount, imwire.CodeSetInvalidAccount)
	if why != nil {
		return refused(why)
	}
	times, why := timesIn(fields)
	if why != nil {
		return refused(why)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	m, exists := s.accounts[account]
	if !exists {
		return refused(refuse(imwire.CodeSetInvalidAccount, "no such account"))
	}
	now := s.clock()
	for field, t := range times {
		m = m.set(field, periodOf(t, now))
	}
	s.accounts[account] = m
	return reply{code: imwire.CodeOK, applied: true, body: imwire.SetResponse{}}
}

// getNoSpeaking answers both fields. An account that does not exist reads as
// muted for ever in both, as the vendor documents.
func (s *Sim) getNoSpeaking(body []byte) reply {
	fields, err := object(body)
	if err != nil {
		return refused(refuse(imwire.CodeMuteBadJSON, "%s", err))
	}
	account, why := accountIn(fields, nameGetAccount, imwire.CodeGetNoAccount, imwire.CodeGetInvalidAccount)
	if why != nil {
		return refused(why)
	}
	state := mute.State{Group: permanent, C2C: permanent}
	s.mu.Lock()
	if m, exists := s.accounts[account]; exists {
		state = m.state(s.clock())
	}
	s.mu.Unlock()
	return reply{code: imwire.CodeOK, body: imwire.GetResponse{
		C2CmsgNospeakingTime:   new(imwire.Seconds(state.C2C.Wire())),
		GroupmsgNospeakingTime: new(imwire.Seconds(state.Group.Wire())),
	}}
}

// accountIn reads the account of a mute API. Not a string is 60015, which the
// common table has for just that; a string that can be no account (empty, over
// 32 bytes, outside printable ASCII) is the API's own code.
func accountIn(fields map[string]json.RawMessage, name string, absent, bad imwire.Code) (mute.Account, *refusal) {
	raw, present := fields[name]
	if !present {
		return "", refuse(absent, "%s is missing", name)
	}
	s, ok := text(raw)
	if !ok {
		return "", refuse(imwire.CodeAccountNotString, "%s is not a string", name)
	}
	account, err := mute.ParseAccount(s)
	if err != nil {
		return "", refuse(bad, "%s: %s", name, err)
	}
	return account, nil
}

func timeName(f mute.Field) string {
	if f == mute.C2C {
		return nameC2CTime
	}
	return nameGroupTime
}

// timesIn reads the times that a setnospeaking names, at least one.
func timesIn(fields map[string]json.RawMessage) (map[mute.Field]mute.Reading, *refusal) {
	times := make(map[mute.Field]mute.Reading, 2)
	for _, field := range mute.Fields() {
		name := timeName(field)
		raw, present := fields[name]
		if !present {
			continue
		}
		n, err := seconds(raw)
		if err != nil {
			return nil, refuse(imwire.CodeMuteBadJSON, "%s: %s", name, err)
		}
		times[field] = mute.ReadingOf(n)
	}
	if len(times) == 0 {
		return nil, refuse(imwire.CodeSetNoTime, "neither %s nor %s is there", nameGroupTime, nameC2CTime)
	}
	return times, nil
}
