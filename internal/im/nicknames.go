package im

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// Nicknames asks what the accounts call themselves. One that has no nickname,
// or does not exist, is not in the result. Any number of ids is taken; 100 at a
// time are asked. The names are their owners' words, up to 500 bytes of
// anything.
func (c *Client) Nicknames(ctx context.Context, ids ...mute.Account) (map[mute.Account]string, error) {
	distinct := slices.Clone(ids)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	for _, id := range distinct {
		if _, err := mute.ParseAccount(string(id)); err != nil {
			return nil, fmt.Errorf("asking for the nickname of %q: %w", id, &NotSentError{err})
		}
	}
	names := make(map[mute.Account]string, len(distinct))
	for chunk := range slices.Chunk(distinct, imwire.MaxPortraits) {
		if err := c.nicknames(ctx, chunk, names); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// nicknames asks about at most imwire.MaxPortraits accounts.
func (c *Client) nicknames(ctx context.Context, ids []mute.Account, names map[mute.Account]string) error {
	_, err := c.run(ctx, &call{
		api:     imwire.PortraitGet,
		doing:   func() string { return fmt.Sprintf("asking for %d nicknames, the first of %q", len(ids), ids[0]) },
		seconds: noSeconds,
		body: func(uint32) ([]byte, error) {
			req := imwire.PortraitRequest{TagList: []string{imwire.TagNick}}
			for _, id := range ids {
				req.ToAccount = append(req.ToAccount, string(id))
			}
			return json.Marshal(req)
		},
		parse: func(answer []byte) (imwire.Envelope, error) {
			r, err := imwire.ParsePortrait(answer)
			if err != nil || !r.OK() {
				return r.Envelope, err
			}
			for _, p := range r.UserProfileItem {
				id := mute.Account(p.ToAccount)
				nick, ok := p.Text(imwire.TagNick)
				if ok && nick != "" && p.ResultCode == imwire.CodeOK && slices.Contains(ids, id) {
					names[id] = nick
				}
			}
			return r.Envelope, nil
		},
	})
	return err
}
