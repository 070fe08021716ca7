//go:build !race

package main

// backlogEntries is how many outcomes wait in the ledger.
const backlogEntries = 10_000
