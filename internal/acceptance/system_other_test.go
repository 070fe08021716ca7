//go:build unix && !linux

package acceptance

import "syscall"

// ownNamespace does nothing where there are no namespaces: mounting is then
// refused.
func ownNamespace(*syscall.SysProcAttr) {}
