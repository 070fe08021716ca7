package audit

import "modbot/internal/mute"

// nonZero is the list of the number, empty when it is 0.
func nonZero(n int64) []int64 {
	if n == 0 {
		return nil
	}
	return []int64{n}
}

// unknown narrows keys to those that nobody has looked for.
func (s *state) unknown(k Keys) Keys {
	return Keys{
		Refs:     unseen(&s.refs, k.Refs),
		Accounts: unseen(&s.names, k.Accounts),
		Accts:    unseen(&s.accounts, k.Accts),
		Mutes:    s.unseenMutes(k.Mutes),
		Members:  unseen(&s.members, k.Members),
		Links:    unseen(&s.links, k.Links),
		Cases:    unseen(&s.cases, k.Cases),
		Sinks:    unseen(&s.sinks, k.Sinks),
		Workers:  unseen(&s.workers, k.Workers),
	}
}

// unseen drops keys that the layer knows.
func unseen[K comparable, R any](l *layer[K, R], keys []K) []K {
	var out []K
	for _, k := range keys {
		if _, _, known := l.get(k); !known {
			out = append(out, k)
		}
	}
	return out
}

func (s *state) unseenMutes(accts []int64) []int64 {
	var out []int64
	for _, a := range accts {
		if _, _, known := s.mutes.get(MuteKey{a, mute.Group}); !known {
			out = append(out, a)
		}
	}
	return out
}

// empty reports whether there is nothing to load.
func (k *Keys) empty() bool {
	return len(k.Refs)+len(k.Accounts)+len(k.Accts)+len(k.Mutes)+
		len(k.Members)+len(k.Links)+len(k.Cases)+len(k.Sinks)+len(k.Workers) == 0
}

// add joins two sets of keys.
func (k *Keys) add(o Keys) {
	k.Refs = append(k.Refs, o.Refs...)
	k.Accounts = append(k.Accounts, o.Accounts...)
	k.Accts = append(k.Accts, o.Accts...)
	k.Mutes = append(k.Mutes, o.Mutes...)
	k.Members = append(k.Members, o.Members...)
	k.Links = append(k.Links, o.Links...)
	k.Cases = append(k.Cases, o.Cases...)
	k.Sinks = append(k.Sinks, o.Sinks...)
	k.Workers = append(k.Workers, o.Workers...)
}

// distinct is the keys without those to skip and without repetition.
func distinct[K comparable](keys []K, skip func(K) bool) []K {
	var out []K
	seen := make(map[K]bool, len(keys))
	for _, k := range keys {
		if !skip(k) && !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}
