//go:build unix && !linux

package acceptance

import "syscall"

// endWithTest does nothing where the system has no such thing.
func endWithTest(*syscall.SysProcAttr) {}

// ownNamespace does nothing where there are no namespaces: mounting is then
// refused.
func ownNamespace(*syscall.SysProcAttr) {}
