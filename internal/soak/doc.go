// Package soak keeps the built program under load for a long time, while
// everything around it fails now and then. It has one test and nothing else;
// `make soak` runs it, `make test` does not.
//
// The model: one `modbot serve` stands between `modbot sim`, a scripted Slack
// (Socket Mode) and a scripted Discord (gateway). Moderators type 20 commands a
// second on each platform, in a constant beat that no slow answer holds up, and
// most of them change a mute. Meanwhile a seeded generator drops connections,
// lets both platforms answer 429 and 5xx or lose an answer, and lets Tencent do
// the same; one of the two audit channels is gone for half of the time, in
// turns. At the end everything heals, modbot drains and is ended.
//
// Then three records that share no code are held against each other by package
// proctest: the ledger (`modbot audit ls`), what Tencent has (the simulator's
// state), and what people saw (the scripted platforms). Every command carries a
// mark of its own in its reason, so that it is known again in each of them. The
// test also fails when a command that was acknowledged is forgotten, when
// acknowledgements are late, or when the heap or the number of goroutines grows
// (the heap is judged from eight minutes on: before, bounded memories fill). It
// prints what was counted in any case.
package soak
