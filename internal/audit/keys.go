package audit

import "modbot/internal/mute"

// nonZero is the list of the number, empty when it is 0.
func nonZero(n int64) []int64 {
	if n == 0 {
		return nil
	}
	return []int64{n}
}

// nonEmpty is the list of the text, empty when it is "".
func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// unknown narrows keys to those that nobody has looked for.
func (s *state) unknown(k Keys) Keys {
	return Keys{
		IDs:         unseen(&s.ids, k.IDs),
		Invocations: unseen(&s.invocations, k.Invocations),
		Accounts:    unseen(&s.names, k.Accounts),
		Accts:       unseen(&s.accounts, k.Accts),
		Mutes:       s.unseenMutes(k.Mutes),
		Cases:       unseen(&s.cases, k.Cases),
		Sinks:       unseen(&s.sinks, k.Sinks),
		Workers:     unseen(&s.workers, k.Workers),
	}
}

// unseen drops keys that the layer knows, and repeated ones.
func unseen[K comparable, R any](l *layer[K, R], keys []K) []K {
	return distinct(keys, func(k K) bool {
		_, _, known := l.get(k)
		return known
	})
}

func (s *state) unseenMutes(accts []int64) []int64 {
	return distinct(accts, func(acct int64) bool {
		_, _, known := s.mutes.get(MuteKey{acct, mute.Group})
		return known
	})
}

// distinct is the keys without those to skip and without repetition.
func distinct[K comparable](keys []K, skip func(K) bool) []K {
	var out []K
	var seen map[K]bool
	for _, k := range keys {
		if skip(k) || seen[k] {
			continue
		}
		if len(keys) > 1 {
			if seen == nil {
				seen = make(map[K]bool, len(keys))
			}
			seen[k] = true
		}
		out = append(out, k)
	}
	return out
}

// empty reports whether there is nothing to load.
func (k *Keys) empty() bool {
	return len(k.IDs)+len(k.Invocations)+len(k.Accounts)+len(k.Accts)+len(k.Mutes)+
		len(k.Cases)+len(k.Sinks)+len(k.Workers) == 0
}

// add joins two sets of keys.
func (k *Keys) add(o Keys) {
	k.IDs = append(k.IDs, o.IDs...)
	k.Invocations = append(k.Invocations, o.Invocations...)
	k.Accounts = append(k.Accounts, o.Accounts...)
	k.Accts = append(k.Accts, o.Accts...)
	k.Mutes = append(k.Mutes, o.Mutes...)
	k.Cases = append(k.Cases, o.Cases...)
	k.Sinks = append(k.Sinks, o.Sinks...)
	k.Workers = append(k.Workers, o.Workers...)
}
