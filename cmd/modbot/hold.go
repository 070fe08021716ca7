package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// holdLedger says to other processes that this one uses a SQLite ledger. Any
// number of `modbot run` may share it; `modbot demo` needs it alone, because it
// brings a Tencent of its own. Reading it (`modbot audit`) asks nobody. The
// hold ends with the process, however it ends.
func holdLedger(url string, alone bool) (release func() error, err error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return func() error { return nil }, nil
	}
	lock := flock.New(path + ".lock")
	take := lock.TryRLock
	if alone {
		take = lock.TryLock
	}
	held, err := take()
	if err != nil {
		return nil, failWith(exitUnavailable, "lock", fmt.Sprintf("The ledger %s cannot be locked: %v.", path, err),
			"check the rights of the folder "+filepath.Dir(path), err)
	}
	if !held {
		return nil, failWith(exitConfig, "ledger_in_use", fmt.Sprintf("The ledger %s is in use by another modbot.", path),
			"wait until it is done, or stop it", nil)
	}
	return lock.Unlock, nil
}
