// Package proctest drives the built modbot from outside, for tests of the whole
// program, and judges what it did. It knows the command line, the JSON that
// commands print, the signals that operators send and the words that people
// read, and nothing of the code.
//
// The model: a Process is one running modbot, which ends with the test at the
// latest. People read along on the scripted platforms. What is known of a run in
// the end, from sides that share no code, is an Evidence: the ledger as modbot's
// own commands print it (Entries, Verify), what Tencent was asked and has, what
// the audit channels show, and what people were told. Judge holds the sides
// against each other, and comes to a Finding. The rules hold for every run,
// whatever was done to modbot: one intent and one final outcome of every command,
// no call without an intent before it, deadlines that do not move, as many calls
// as are recorded, Tencent as the ledger says, every entry in every channel once
// and in order, one root for each size of the log, and nobody told of an outcome
// that is not recorded. What cannot be asked of some run is one of its Rules.
package proctest
