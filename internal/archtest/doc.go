// Package archtest keeps the house in order: which room may import which, what
// comes from outside and where, and how packages are called. It has tests only;
// the tables are in rooms_test.go and read like the table in ARCHITECTURE.md.
//
// The imports are parsed in the test itself, through the os package, so that
// the test cache knows every file and folder that was looked at: a violation
// that is introduced later is found by the next run, not answered from the
// cache. Asking `go list` would hide the files from the cache.
package archtest
