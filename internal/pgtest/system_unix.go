//go:build unix

package pgtest

import (
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// unprivileged starts a program in a process group of its own, so that a
// Ctrl-C for the tests does not reach it, and as somebody else than root.
func unprivileged() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		uid, gid := nobody()
		attr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return attr
}

// own gives a folder to whom unprivileged runs programs as.
func own(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid := nobody()
	return os.Chown(dir, int(uid), int(gid))
}

// nobody is a user without rights: that of Debian's package, or the one that
// every Unix has.
func nobody() (uid, gid uint32) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return uint32(uid), uint32(gid)
		}
	}
	const last = 65534
	return last, last
}

// free is the space of a file system, 0 where there is none to write to.
func free(dir string) uint64 {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil || unix.Access(dir, unix.W_OK) != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize) //nolint:gosec // a block size is positive
}
