package imsim

import (
	"encoding/json"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

const (
	nameCheckItem = "CheckItem"
	nameUserID    = "UserID"
)

// accountCheck says of each account whether it exists. Its own refusals come
// from the common table: 60003 for what is not JSON, 60015 for a UserID that
// is not a string, 70402 for every other shape, too many items included.
func (s *Sim) accountCheck(body []byte) reply {
	ids, why := checkItems(body)
	if why != nil {
		return refused(why)
	}
	items := make([]imwire.ResultItem, len(ids))
	s.mu.Lock()
	for i, id := range ids {
		status := imwire.AccountNotImported
		if _, exists := s.accounts[mute.Account(id)]; exists {
			status = imwire.AccountImported
		}
		items[i] = imwire.ResultItem{UserID: id, AccountStatus: status}
	}
	s.mu.Unlock()
	return reply{code: imwire.CodeOK, body: imwire.CheckResponse{
		Envelope:   imwire.Envelope{ActionStatus: imwire.StatusOK},
		ResultItem: items,
	}}
}

func checkItems(body []byte) ([]string, *refusal) {
	fields, err := object(body)
	if err != nil {
		return nil, refuse(imwire.CodeRequestJSON, "%s", err)
	}
	var items []json.RawMessage
	if err := json.Unmarshal(fields[nameCheckItem], &items); err != nil || len(items) == 0 {
		return nil, refuse(imwire.CodeIllegalParam, "%s is not an array of 1 to %d objects", nameCheckItem, imwire.MaxCheckItems)
	}
	if len(items) > imwire.MaxCheckItems {
		return nil, refuse(imwire.CodeIllegalParam, "%s has %d items, at most %d are allowed", nameCheckItem, len(items), imwire.MaxCheckItems)
	}
	ids := make([]string, len(items))
	for i, raw := range items {
		item, err := object(raw)
		if err != nil {
			return nil, refuse(imwire.CodeIllegalParam, "item %d of %s: %s", i, nameCheckItem, err)
		}
		id, present := item[nameUserID]
		if !present {
			return nil, refuse(imwire.CodeIllegalParam, "item %d of %s has no %s", i, nameCheckItem, nameUserID)
		}
		var ok bool
		if ids[i], ok = text(id); !ok {
			return nil, refuse(imwire.CodeAccountNotString, "%s of item %d is not a string", nameUserID, i)
		}
	}
	return ids, nil
}
