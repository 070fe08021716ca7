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
