package im

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// State reads what is in effect for the account, both fields together. The
// service answers "permanent" for accounts that it does not know, so a
// permanent field is believed only after account_check has found the account;
// otherwise the error matches ErrNoSuchAccount. Nothing is changed, so an
// error never leaves anything unknown.
func (c *Client) State(ctx context.Context, account mute.Account) (mute.State, error) {
	var state mute.State
	k := &call{
		api:     imwire.GetNoSpeaking,
		doing:   func() string { return fmt.Sprintf("reading the state of %q", account) },
		seconds: noSeconds,
		body: func(uint32) ([]byte, error) {
			return json.Marshal(imwire.GetRequest{GetAccount: string(account)})
		},
		parse: func(answer []byte) (imwire.Envelope, error) {
			r, err := imwire.ParseGet(answer)
			if err == nil && r.OK() {
				state = mute.State{
					Group: mute.ReadingOf(uint32(*r.GroupmsgNospeakingTime)),
					C2C:   mute.ReadingOf(uint32(*r.C2CmsgNospeakingTime)),
				}
			}
			return r.Envelope, err
		},
	}
	if _, err := mute.ParseAccount(string(account)); err != nil {
		return mute.State{}, k.fail(Receipt{}, &NotSentError{err})
	}
	if _, err := c.run(ctx, k); err != nil {
		return mute.State{}, err
	}
	if !state.Group.Permanent() && !state.C2C.Permanent() {
		return state, nil
	}
	found, err := c.CheckAccounts(ctx, account)
	if err != nil {
		return mute.State{}, fmt.Errorf("reading the state of %q: %w", account, err)
	}
	if !found[0].Exists {
		return mute.State{}, fmt.Errorf("reading the state of %q: %w", account, ErrNoSuchAccount)
	}
	return state, nil
}

// Presence says whether the app knows an account.
type Presence struct {
	Account mute.Account
	Exists  bool
}

// CheckAccounts asks which of the accounts exist. The result has one Presence
// per id, in the order of the ids. Any number of ids is taken; 100 at a time
// are asked.
func (c *Client) CheckAccounts(ctx context.Context, ids ...mute.Account) ([]Presence, error) {
	exists := make(map[mute.Account]bool, len(ids))
	distinct := make([]mute.Account, 0, len(ids))
	for _, id := range ids {
		if _, err := mute.ParseAccount(string(id)); err != nil {
			return nil, fmt.Errorf("checking account %q: %w", id, &NotSentError{err})
		}
		if _, twice := exists[id]; !twice {
			exists[id] = false
			distinct = append(distinct, id)
		}
	}
	for chunk := range slices.Chunk(distinct, imwire.MaxCheckItems) {
		if err := c.check(ctx, chunk, exists); err != nil {
			return nil, err
		}
	}
	result := make([]Presence, len(ids))
	for i, id := range ids {
		result[i] = Presence{Account: id, Exists: exists[id]}
	}
	return result, nil
}

// check asks about at most imwire.MaxCheckItems accounts.
func (c *Client) check(ctx context.Context, ids []mute.Account, exists map[mute.Account]bool) error {
	_, err := c.run(ctx, &call{
		api:     imwire.AccountCheck,
		doing:   func() string { return fmt.Sprintf("checking %d accounts, the first %q", len(ids), ids[0]) },
		seconds: noSeconds,
		body: func(uint32) ([]byte, error) {
			var req imwire.CheckRequest
			for _, id := range ids {
				req.CheckItem = append(req.CheckItem, imwire.CheckItem{UserID: string(id)})
			}
			return json.Marshal(req)
		},
		parse: func(answer []byte) (imwire.Envelope, error) {
			r, err := imwire.ParseCheck(answer)
			if err != nil || !r.OK() {
				return r.Envelope, err
			}
			return readItems(r, ids, exists)
		},
	})
	return err
}

// readItems takes the answer apart. One account that could not be checked
// fails the call with that account's code: half an answer decides nothing.
func readItems(r imwire.CheckResponse, ids []mute.Account, exists map[mute.Account]bool) (imwire.Envelope, error) {
	items := make(map[mute.Account]imwire.ResultItem, len(r.ResultItem))
	for _, item := range r.ResultItem {
		items[mute.Account(item.UserID)] = item
	}
	for _, id := range ids {
		item, ok := items[id]
		switch {
		case !ok:
			return imwire.Envelope{}, fmt.Errorf("%w: an account is missing in it", imwire.ErrNotAnAnswer)
		case item.ResultCode == imwire.CodeNoSuchAccount:
			exists[id] = false
		case item.ResultCode != imwire.CodeOK:
			return imwire.Envelope{ActionStatus: imwire.StatusFail, ErrorCode: item.ResultCode, ErrorInfo: item.ResultInfo}, nil
		case item.AccountStatus == imwire.AccountImported:
			exists[id] = true
		case item.AccountStatus == imwire.AccountNotImported:
			exists[id] = false
		default:
			return imwire.Envelope{}, fmt.Errorf("%w: an account is neither imported nor not", imwire.ErrNotAnAnswer)
		}
	}
	return r.Envelope, nil
}
