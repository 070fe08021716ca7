// Package acceptance holds modbot to what other bots were seen to get wrong.
// It has tests and nothing else.
//
// The model: the program is built once and driven from outside, as whoever
// uses it drives it. `modbot sim` is Tencent, `modbot run` processes share one
// ledger, `modbot audit` says what was recorded, and `modbot demo` is a whole
// workspace behind a pipe. `modbot serve` stands between a scripted Slack and a
// scripted Discord, where people type and look. Between modbot and the simulator
// stands a proxy that the test holds calls in, so that a process can be killed
// or stopped at an exact point of its way: after the intent, after the call took
// effect, after the answer, after the outcome. What hangs on the store runs on
// both: a SQLite file and a PostgreSQL database.
//
// The invariants: nothing of the project is imported but the scripted
// platforms and the PostgreSQL for tests, which share nothing with it, so that
// no test can agree with a mistake by sharing its code; every wait is on an
// event or a bounded poll; a test ends every process that it began, and shows
// what they wrote to stderr when it fails; each test has ledgers and simulators
// of its own, and all of them run beside each other, because most of what they
// do is wait for leases to end.
package acceptance
