// Package proctest drives the built modbot from outside, for tests of the whole
// program: it knows the command line, the JSON that commands print, the signals
// that operators send and the words of audit posts, and nothing of the code.
//
// The model: a Process is one running modbot, which ends with the test at the
// latest. What it left behind is read by modbot's own commands (Entries, Verify)
// and, of audit channels, from the text that people see (ReadPosts).
package proctest
