//go:build linux

package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/stretchr/testify/require"
)

// A lossy file system is a folder, seen through a mount that remembers of every
// page that was written and not synced what it was before. A power loss gives
// some of them back their past, whole or from a sector on: what a disk does that
// had begun to write its cache in no particular order. Names and truncations are
// taken as durable at once, as with a journal of metadata.

// lossyRoot is the folder itself; lossyNode what is in it. go-fuse does all that
// has nothing to do with writing.
type lossyNode struct {
	fs.LoopbackNode
	disk *disk
}

var (
	_ fs.NodeWrapChilder = (*lossyNode)(nil)
	_ fs.NodeOpener      = (*lossyNode)(nil)
	_ fs.NodeCreater     = (*lossyNode)(nil)
	_ fs.NodeUnlinker    = (*lossyNode)(nil)
	_ fs.NodeRenamer     = (*lossyNode)(nil)
	_ fs.NodeSetattrer   = (*lossyNode)(nil)
	_ fs.FileWriter      = (*lossyFile)(nil)
	_ fs.FileFsyncer     = (*lossyFile)(nil)
)

// WrapChild makes everything below a lossy node one.
func (n *lossyNode) WrapChild(_ context.Context, child fs.InodeEmbedder) fs.InodeEmbedder {
	inner, ok := child.(*fs.LoopbackNode)
	if !ok {
		return child
	}
	return &lossyNode{LoopbackNode: fs.LoopbackNode{RootData: inner.RootData}, disk: n.disk}
}

func (n *lossyNode) name() string { return n.Path(n.Root()) }

func (n *lossyNode) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, _, errno := n.LoopbackNode.Open(ctx, flags)
	return n.disk.wrap(h, n.name()), 0, errno
}

func (n *lossyNode) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	if errno := n.disk.refuses(0, 1); errno != 0 {
		return nil, nil, 0, errno
	}
	inode, h, _, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	return inode, n.disk.wrap(h, filepath.Join(n.name(), name)), 0, errno
}

func (n *lossyNode) Unlink(ctx context.Context, name string) syscall.Errno {
	n.disk.forget(filepath.Join(n.name(), name))
	return n.LoopbackNode.Unlink(ctx, name)
}

func (n *lossyNode) Rename(ctx context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	target := filepath.Join(to.EmbeddedInode().Path(n.Root()), newName)
	n.disk.moved(filepath.Join(n.name(), name), target)
	return n.LoopbackNode.Rename(ctx, name, to, newName, flags)
}

func (n *lossyNode) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		n.disk.truncated(n.name(), int64(size))
	}
	if l, ok := f.(*lossyFile); ok {
		f = l.LoopbackFile
	}
	return n.LoopbackNode.Setattr(ctx, f, in, out)
}

// lossyFile is an open file.
type lossyFile struct {
	*fs.LoopbackFile
	disk *disk
	name string
}

// PassthroughFd keeps the kernel from going around the file system.
func (f *lossyFile) PassthroughFd() (int, bool) { return 0, false }

func (f *lossyFile) Write(ctx context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if errno := f.disk.refusesLocked(f.disk.size(f.name), off+int64(len(data))); errno != 0 {
		return 0, errno
	}
	if err := f.disk.remember(f.name, off, len(data)); err != nil {
		return 0, syscall.EIO
	}
	return f.LoopbackFile.Write(ctx, data, off)
}

// Fsync makes the file's pages durable. What they are kept on does not matter:
// the machine itself loses no power here.
func (f *lossyFile) Fsync(context.Context, uint32) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.off {
		return syscall.EIO
	}
	f.disk.syncs++
	delete(f.disk.unsynced, f.name)
	return 0
}

// mountLossy shows a folder through a lossy mount and returns where. It skips the
// test where nothing can be mounted; under CI only where there is no /dev/fuse.
func mountLossy(t *testing.T, folder string) (at string, d *disk, unmount func()) {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Skipf("SKIPPED: no file system can be made of a test here: %v", err)
	}
	at = t.TempDir()
	d = &disk{folder: folder, unsynced: map[string]*unsynced{}}
	guard, err := guardMount(t, at)
	require.NoError(t, err)
	server, err := d.mount(at)
	if err != nil {
		guard()
		if os.Getenv("CI") == "true" {
			require.NoError(t, err)
		}
		t.Skipf("SKIPPED: nothing can be mounted here: %v", err)
	}
	unmount = sync.OnceFunc(func() {
		guard()
		server.Wait()
	})
	t.Cleanup(unmount)
	return at, d, unmount
}

// mount shows the disk at a folder: by right where the test is root's, else by
// the program that lets others mount.
//
// Nobody but this process may have the device open, by which requests come:
// with go-fuse's own way of mounting by right, programs that are started inherit
// it, and one that dies in the middle of a request waits for itself for ever.
// The test itself may not open what is mounted: go-fuse asks that of those who
// hand it a device.
func (d *disk) mount(at string) (*fuse.Server, error) {
	if os.Geteuid() == 0 {
		device, err := syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("opening /dev/fuse: %w", err)
		}
		options := fmt.Sprintf("fd=%d,rootmode=%o,user_id=0,group_id=0", device, syscall.S_IFDIR)
		if err := syscall.Mount("lossy", at, "fuse.lossy", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
			return nil, errors.Join(fmt.Errorf("mounting: %w", err), syscall.Close(device))
		}
		at = fmt.Sprintf("/dev/fd/%d", device)
	}
	root := &lossyNode{disk: d}
	root.RootData = &fs.LoopbackRoot{Path: d.folder, RootNode: root}
	return fs.Mount(at, root, &fs.Options{MountOptions: fuse.MountOptions{DisableXAttrs: true, FsName: "lossy", Name: "lossy"}})
}

// guardMount starts a shell that takes a mount away when the test has gone, in
// whatever way: its standard input ends then. The returned function does the
// same, and waits. Requests that nobody answers any more are given up first, or
// those who made them could not even be killed.
func guardMount(t *testing.T, at string) (func(), error) {
	t.Helper()
	// Without the end of the test's context: the mount outlives it.
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "sh", "-c", `cat >/dev/null
dev=$(awk -v at="$1" '$5 == at { split($3, d, ":"); print d[2] }' /proc/self/mountinfo)
umount -l "$1" 2>/dev/null || fusermount3 -uz "$1" 2>/dev/null || fusermount -uz "$1" 2>/dev/null
if [ -n "$dev" ] && [ -w "/sys/fs/fuse/connections/$dev/abort" ]; then echo 1 >"/sys/fs/fuse/connections/$dev/abort"; fi`, "sh", at)
	// Not with the others of the terminal: the interrupt that ends the test must
	// not end who cleans up after it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("guarding a mount: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("guarding a mount: %w", err)
	}
	return func() { _ = in.Close(); _ = cmd.Wait() }, nil
}

// wrap makes an open file lossy.
func (d *disk) wrap(h fs.FileHandle, name string) fs.FileHandle {
	inner, ok := h.(*fs.LoopbackFile)
	if !ok {
		return h
	}
	return &lossyFile{LoopbackFile: inner, disk: d, name: name}
}

// loses is a power loss: every page that was not synced survives or not, each for
// itself. Some are torn: their first sectors survive. It says how many survived.
func (d *disk) loses(random *rand.Rand) (survived, lost int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for name, u := range d.unsynced {
		s, l, err := u.lose(filepath.Join(d.folder, name), random)
		survived, lost = survived+s, lost+l
		errs = append(errs, err)
	}
	clear(d.unsynced)
	return survived, lost, errors.Join(errs...)
}
