// Package audit is the ledger: one append-only log of everything that was
// asked, decided, done and found out about mutes, and the projections and
// workers that live on it.
//
// # The model
//
// An Entry is a fact with a place in the order of all facts: its seq is
// gap-free and grows in commit order. An action is two entries. Begin appends
// the intent, numbers the case and takes the account's lease; only when that
// is durable may Tencent be called. Finish appends what the answers said. When
// they said nothing clear, the case is unknown, and the Settler finds out by
// reading Tencent back, but not before the last request can no longer be
// inside the service. The same settles what a crashed process left behind.
//
// What is remembered (cases, active mutes, open questions, account versions)
// are projections: one pure function, apply, makes them of each entry in the
// transaction that appends it, and Verify makes them again from the log and
// compares. Leases, sinks, frozen posts and worker rows are operational: they
// change in place and are not part of the tree.
//
// The stored bytes of each entry are a leaf of a Merkle tree (RFC 6962), whose
// frontier stands in the head row and advances in the same transaction.
// Personal fields are in the bytes as salted commitments only; their values
// stand beside them and can be erased, and the tree still verifies.
//
// # Time
//
// The store's time is that of the database where it has a clock (PostgreSQL: all
// replicas share it), else the local wall clock's. Entries, deadlines and the
// ends of leases are written in it; the times of entries never go back. How long
// something lasts within a process (what is left of a lease, pauses, the seconds
// that are sent to Tencent) is measured by the monotonic clock, which nobody can
// set. The store's clock can be set, by an hour too, and is compared with the
// monotonic one at every look:
//
//   - Forward, a lease is over only when it is by the clock before as well, for
//     as long as a lease and its grace last: no live lease looks over, so that
//     nothing is read or sent while a request may be inside the service.
//   - Back, and after a process that died while the clock was ahead, a lease
//     lasts at most as long as one can, from when that was first seen.
//   - What was asked for before is compared with Tencent by the clock of then
//     and by that of now: a clock that is set settles nothing wrongly, ends no
//     mute and is no drift. A mute ends when Tencent says so, which is noticed at
//     that moment. Many mutes that differ from Tencent by the same time say that
//     the clock was set while no process looked.
//   - Deadlines from then on follow the clock as it is. Times that were written
//     before stay as they were written.
//
// A question lapses by the clock as it is, early or late when that was set: an
// answer to it is checked anew, and a question can be asked again. That a clock
// was set forward between the end of a process and the start of the next, within
// the six seconds in which a request may be inside the service, is not noticed.
//
// # What holds
//
//   - No token, no call: before each attempt the holder of an account's lease
//     renews it, and a lost lease is an error.
//   - Every intent gets exactly one final outcome. What comes after it is late,
//     is appended as such, and is read back again.
//   - Nothing is guessed: done, failed and partial follow from a clear answer
//     or from a reading; what cannot be read is put off, or, once its end has
//     passed, unverified.
//   - Begin writes nothing when the account or the counts are no longer what
//     the plan saw.
//   - An append that is sent again under the same id or invocation key is
//     found, not doubled.
//   - Each sink is told of every entry in order; a post is frozen before it is
//     sent, and what may have been sent twice says so.
//
// Stores, Tencent and the platforms come in by interfaces declared here: Store,
// Tencent and Poster.
package audit
