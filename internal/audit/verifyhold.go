package audit

import (
	"context"
	"maps"
	"slices"

	"modbot/internal/mute"
)

// verifyHold is how many rows of the projections a verification holds before it
// looks which of them the store has just so.
const verifyHold = 20_000

// holding keeps a replay small. A row that the replay has made and the store has
// just so need not be held until the end: it is dropped, its number is kept in
// settled, and the entry that is about it next takes it back from the store,
// whose snapshot has it as it was compared. What is held are rows that differ
// still: of cases and accounts that later entries change, or somebody altered.
type holding struct {
	most int // rows, before the next look
	// The numbers of rows that were compared and dropped. Those of accounts stand
	// for their mutes, too.
	cases, accounts numbers
}

// numbers are a set of numbers, of which most are neighbours.
type numbers map[int64]uint64

// wordBits is how many numbers share a word of the set, as a power of two.
const wordBits = 6

func bit(n int64) uint64 { return 1 << uint(n&(1<<wordBits-1)) }

func (s numbers) has(n int64) bool { return s[n>>wordBits]&bit(n) != 0 }
func (s numbers) add(n int64)      { s[n>>wordBits] |= bit(n) }

func (s numbers) remove(n int64) {
	if s[n>>wordBits] &^= bit(n); s[n>>wordBits] == 0 {
		delete(s, n>>wordBits)
	}
}

// held is how many rows the replay holds.
func (v *verifier) held() int {
	return len(v.replay.cases.cells) + len(v.replay.accounts.cells) + len(v.replay.mutes.cells)
}

// takeBack brings rows that were dropped back into the replay, when entries to
// be replayed are about them.
func (v *verifier) takeBack(ctx context.Context, entries []EntryRow) error {
	var k Keys
	for i := range entries {
		if n := entries[i].Case; v.holding.cases.has(n) {
			v.holding.cases.remove(n)
			k.Cases = append(k.Cases, n)
		}
		if a := entries[i].Acct; v.holding.accounts.has(a) {
			v.holding.accounts.remove(a)
			k.Accts, k.Mutes = append(k.Accts, a), append(k.Mutes, a)
		}
	}
	rows, err := v.load(ctx, k)
	if err != nil {
		return err
	}
	for _, c := range rows.Cases {
		v.replay.cases.put(c.Number, c)
	}
	for _, a := range rows.Accounts {
		v.replay.accounts.put(a.Acct, a)
	}
	for _, m := range rows.Mutes {
		v.replay.mutes.put(MuteKey{m.Acct, m.Field}, m)
	}
	return nil
}

// load reads rows while others may read, too.
func (v *verifier) load(ctx context.Context, k Keys) (Rows, error) {
	if k.empty() {
		return Rows{}, nil
	}
	v.reading.Lock()
	defer v.reading.Unlock()
	return v.s.Load(ctx, k)
}

// dropSettled drops the rows that the store has just so. However many are left,
// the next look comes when there are twice as many, so that looking takes a time
// that is proportional to the log.
func (v *verifier) dropSettled(ctx context.Context) error {
	if v.held() <= v.holding.most {
		return nil
	}
	for part := range slices.Chunk(slices.Collect(maps.Keys(v.replay.cases.cells)), rowsPage) {
		rows, err := v.load(ctx, Keys{Cases: part})
		if err != nil {
			return err
		}
		for _, c := range rows.Cases {
			if got, ok, _ := v.replay.cases.get(c.Number); ok && got == c {
				v.replay.cases.forget(c.Number)
				v.holding.cases.add(c.Number)
			}
		}
	}
	for part := range slices.Chunk(slices.Collect(maps.Keys(v.replay.accounts.cells)), rowsPage) {
		rows, err := v.load(ctx, Keys{Accts: part, Mutes: part})
		if err != nil {
			return err
		}
		v.dropAccounts(rows)
	}
	v.replay.cases.touched, v.replay.accounts.touched, v.replay.mutes.touched = nil, nil, nil // nobody writes them
	v.holding.most = max(v.opts.hold(), 2*v.held())
	return nil
}

// dropAccounts drops the accounts that are like these, with their mutes.
func (v *verifier) dropAccounts(rows Rows) {
	stored := make(map[MuteKey]MuteRow, len(rows.Mutes))
	for _, m := range rows.Mutes {
		stored[MuteKey{m.Acct, m.Field}] = m
	}
	for _, a := range rows.Accounts {
		got, ok, _ := v.replay.accounts.get(a.Acct)
		if !ok || got != a || !v.sameMutes(a.Acct, stored) {
			continue
		}
		v.replay.accounts.forget(a.Acct)
		for _, f := range mute.Fields() {
			v.replay.mutes.forget(MuteKey{a.Acct, f})
		}
		v.holding.accounts.add(a.Acct)
	}
}

// sameMutes reports whether the store has the mutes of an account as the replay
// has, and no others.
func (v *verifier) sameMutes(acct int64, stored map[MuteKey]MuteRow) bool {
	for _, f := range mute.Fields() {
		got, ok, _ := v.replay.mutes.get(MuteKey{acct, f})
		if has, there := stored[MuteKey{acct, f}]; there != ok || ok && has != got {
			return false
		}
	}
	return true
}

// hold is how many rows are held at least before a look.
func (o VerifyOptions) hold() int {
	if o.Hold > 0 {
		return o.Hold
	}
	return verifyHold
}
