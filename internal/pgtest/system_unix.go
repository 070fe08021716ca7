//go:build unix

package pgtest

import (
	"errors"
	"fmt"
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

// oneAtATime lets root's test binaries look for the programs, and install them,
// one after the other: apt-get waits for nobody who fetches lists, and programs
// of which half is there are not to be run. The lock goes with the process.
func oneAtATime() (release func(), err error) {
	if os.Getuid() != 0 {
		return func() {}, nil // who installs nothing keeps nobody waiting
	}
	f, err := os.OpenFile(installLock, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return func() {}, nil // Debian has the folder
	}
	if err != nil {
		return nil, err
	}
	for err = unix.EINTR; errors.Is(err, unix.EINTR); {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for another test's installation: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// hurry lets a process group go before others, where the tests run as root: many
// tests share one server, which elsewhere has a machine of its own, and modbot
// waits for no server that is slow.
func hurry(group int) {
	const nice = -10
	_ = unix.Setpriority(unix.PRIO_PGRP, group, nice) // who may not does without
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
