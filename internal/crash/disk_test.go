//go:build linux

package crash

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// Sizes of what a disk writes: the kernel's pages, and sectors, which are never
// torn.
const (
	pageSize   = 4096
	sectorSize = 512
)

// disk is the state of a lossy file system.
type disk struct {
	folder string // where the files really are, as they are now

	mu       sync.Mutex
	unsynced map[string]*unsynced // by path in the folder
	full     bool                 // nothing can grow
	off      bool                 // nothing can be written or synced any more
	syncs    int
}

// unsynced is what a file was when it was last synced, as far as it is
// different now.
type unsynced struct {
	size  int64            // of the durable file
	pages map[int64][]byte // the durable pages by number; shorter at the end, empty beyond it
}

// remember keeps what is about to be overwritten. The caller holds d.mu.
func (d *disk) remember(name string, off int64, n int) error {
	path := filepath.Join(d.folder, name)
	u, ok := d.unsynced[name]
	if !ok {
		u = &unsynced{size: d.size(name), pages: map[int64][]byte{}}
		d.unsynced[name] = u
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("remembering a page: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	for page := off / pageSize; page*pageSize < off+int64(n); page++ {
		if _, ok := u.pages[page]; ok {
			continue
		}
		old := make([]byte, min(pageSize, max(0, u.size-page*pageSize)))
		if _, err := f.ReadAt(old, page*pageSize); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("remembering a page: %w", err)
		}
		u.pages[page] = old
	}
	return nil
}

// lose gives some of the pages back their past. Those that were not there become
// zeros where something behind them survives.
func (u *unsynced) lose(path string, random *rand.Rand) (survived, lost int, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, 0, fmt.Errorf("losing power: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, fmt.Errorf("losing power: %w", err)
	}
	end := u.size
	keep := random.Float64() // of this file's pages, at this loss
	for _, page := range slices.Sorted(maps.Keys(u.pages)) {
		at := page * pageSize
		from := int64(0) // the page's first byte that is lost
		switch p := random.Float64(); {
		case p < keep*0.9:
			from = pageSize
		case p < keep: // torn
			from = sectorSize * (1 + random.Int64N(pageSize/sectorSize-1))
		}
		if from > 0 {
			end = max(end, min(at+from, info.Size()))
		}
		if from == pageSize {
			survived++
			continue
		}
		lost++
		past := make([]byte, pageSize)
		copy(past, u.pages[page])
		if _, err := f.WriteAt(past[from:], at+from); err != nil {
			return survived, lost, fmt.Errorf("losing power: %w", err)
		}
	}
	if err := f.Truncate(end); err != nil {
		return survived, lost, fmt.Errorf("losing power: %w", err)
	}
	return survived, lost, nil
}

// size is that of a file now; 0 when there is none.
func (d *disk) size(name string) int64 {
	info, err := os.Stat(filepath.Join(d.folder, name))
	if err != nil {
		return 0
	}
	return info.Size()
}

func (d *disk) forget(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.unsynced, name)
}

func (d *disk) moved(from, to string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.unsynced, to)
	if u, ok := d.unsynced[from]; ok {
		d.unsynced[to] = u
		delete(d.unsynced, from)
	}
}

// truncated notes that a file was cut or made longer, durably.
func (d *disk) truncated(name string, size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u, ok := d.unsynced[name]
	if !ok {
		return
	}
	u.size = size
	for page, old := range u.pages {
		switch left := size - page*pageSize; {
		case left <= 0:
			delete(u.pages, page)
		case left < int64(len(old)):
			u.pages[page] = old[:left]
		}
	}
}

// cut switches the disk off: what is not synced by now never will be.
func (d *disk) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
}

// fill takes all the space that is left, or gives it back.
func (d *disk) fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *disk) refuses(size, end int64) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refusesLocked(size, end)
}

// refusesLocked says why a write up to an end cannot be. The caller holds d.mu.
func (d *disk) refusesLocked(size, end int64) syscall.Errno {
	switch {
	case d.off:
		return syscall.EIO
	case d.full && end > size:
		return syscall.ENOSPC
	}
	return 0
}
