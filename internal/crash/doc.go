// Package crash breaks the built program in every way that a machine breaks
// programs, and counts what is left. It has tests and nothing else: `make crash`
// runs them long, `make test` a short form of each.
//
// The model: one `modbot serve` is put on a stage (package stage), which survives
// it. 32 people mute one account after the
// other, each delivering the same invocation again until somebody tells them
// what became of it. Meanwhile the process is killed at random, started again,
// and now and then stopped for longer than its leases last. In the end the
// ledger, what the simulator was called for and has, what the audit channels show
// and what people were told are held against each other by package proctest,
// which shares nothing with the code under test, so that no mistake can hide.
//
// Power losses are another matter: a killed process loses nothing that it
// handed to the kernel. They are played on a file system that
// keeps unsynced writes in memory and loses a part of them, with a process that
// appends to a real ledger and says what was acknowledged.
//
// Every random choice comes from one seed, which is printed; MODBOT_CRASH_SEED
// repeats it, as far as the machine's timing lets it.
package crash
