package imsim

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

const (
	nameToAccount = "To_Account"
	nameTagList   = "TagList"
)

// maxNick is the longest nickname, in bytes.
const maxNick = 500

// SetNick gives an account a nickname, or with an empty one takes it away. An
// account that does not exist, or a nickname that none can have, is an
// *InputError.
func (s *Sim) SetNick(account mute.Account, nick string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch _, exists := s.accounts[account]; {
	case !exists:
		return fmt.Errorf("setting a nickname: %w", invalid("there is no account %.40q", account))
	case len(nick) > maxNick:
		return fmt.Errorf("setting a nickname: %w", invalid("the nickname has %d bytes, at most %d are allowed", len(nick), maxNick))
	case !utf8.ValidString(nick):
		return fmt.Errorf("setting a nickname: %w", invalid("the nickname is not UTF-8"))
	}
	s.nicks[account] = nick
	return nil
}

// portraitGet answers the nickname of each account, where it has one; other
// fields nobody has set here. The documents show no profile of an account that
// does not exist: here its own item carries 40003, and the call succeeds.
func (s *Sim) portraitGet(body []byte) reply {
	fields, err := object(body)
	if err != nil {
		return refused(refuse(imwire.CodeProfileParam, "%s", err))
	}
	accounts, why := texts(fields, nameToAccount, imwire.MaxPortraits)
	if why != nil {
		return refused(why)
	}
	tags, why := texts(fields, nameTagList, imwire.MaxPortraits)
	if why != nil {
		return refused(why)
	}
	items := make([]imwire.UserProfile, len(accounts))
	s.mu.Lock()
	for i, a := range accounts {
		items[i] = s.profile(a, tags)
	}
	s.mu.Unlock()
	return reply{code: imwire.CodeOK, body: imwire.PortraitResponse{
		Envelope:        imwire.Envelope{ActionStatus: imwire.StatusOK},
		UserProfileItem: items,
	}}
}

// profile is the item of one account. The caller holds s.mu.
func (s *Sim) profile(account string, tags []string) imwire.UserProfile {
	out := imwire.UserProfile{ToAccount: account, ProfileItem: []imwire.ProfileField{}}
	if _, exists := s.accounts[mute.Account(account)]; !exists {
		out.ResultCode, out.ResultInfo = imwire.CodeProfileNoAccount, "no such account"
		return out
	}
	nick := s.nicks[mute.Account(account)]
	for _, tag := range tags {
		if tag == imwire.TagNick && nick != "" {
			value, err := json.Marshal(nick)
			if err != nil {
				panic(fmt.Sprintf("imsim: encoding a nickname: %v", err)) // text always encodes
			}
			out.ProfileItem = append(out.ProfileItem, imwire.ProfileField{Tag: tag, Value: value})
		}
	}
	return out
}

// texts reads a list of 1 to most strings.
func texts(fields map[string]json.RawMessage, name string, most int) ([]string, *refusal) {
	var list []json.RawMessage
	if err := json.Unmarshal(fields[name], &list); err != nil || len(list) == 0 || len(list) > most {
		return nil, refuse(imwire.CodeProfileParam, "%s is not an array of 1 to %d strings", name, most)
	}
	out := make([]string, len(list))
	for i, raw := range list {
		var ok bool
		if out[i], ok = text(raw); !ok {
			return nil, refuse(imwire.CodeProfileParam, "item %d of %s is not a string", i, name)
		}
	}
	return out, nil
}
