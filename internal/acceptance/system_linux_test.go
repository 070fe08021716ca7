package acceptance

import (
	"os"
	"syscall"
)

// ownNamespace lets a process mount what only it sees: by right where the test
// is root's, else as root of a user namespace of its own.
func ownNamespace(attr *syscall.SysProcAttr) {
	// Unshared, not cloned: then Go keeps the mounts from showing elsewhere.
	attr.Unshareflags = syscall.CLONE_NEWNS
	if os.Geteuid() == 0 {
		return
	}
	attr.Cloneflags = syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
}
