//go:build unix && !linux

package proctest

import "syscall"

// endWithTest does nothing where the system has no such signal.
func endWithTest(*syscall.SysProcAttr) {}
