package watch

import (
	"hash/maphash"
	"io/fs"
	"time"
)

// stamp is what is remembered of a path: enough to tell cheaply that a file was surely not written, and surely
// whether its content is another one.
type stamp struct {
	kind       fileKind
	executable bool
	unread     bool // nothing but the kind and, as changed, the time of the look is known
	young      bool // written so shortly before it was looked at that a second write could have left the same times
	size       int64
	modified   int64  // nanoseconds
	changed    int64  // of the inode, nanoseconds; zero where the system has no such time
	inode      uint64 // zero where the system has none
	sum        uint64 // of the content or the link's target; zero if not known
}

type fileKind uint8

const (
	absent fileKind = iota // or neither file, folder nor link
	file
	folder
	link
)

// youth covers the clocks of file systems: ticks of some milliseconds on ext4, and two seconds on FAT and on network
// mounts, which show as times of whole seconds.
const youth, youthCoarse = 20 * time.Millisecond, 2 * time.Second

// sumMost is the size to which contents are compared. A larger file counts as changed when its size or times are other.
const sumMost = 1 << 20

// newStamp is the stamp of a file without its sum.
func newStamp(info fs.FileInfo, now time.Time) stamp {
	s := stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	s.inode, s.changed = identity(info)
	s.young = isYoung(max(s.modified, s.changed), now)
	switch mode := info.Mode(); {
	case mode.IsDir():
		s.kind, s.size = folder, 0
	case mode.IsRegular():
		s.kind, s.executable = file, mode.Perm()&0o111 != 0
	case mode&fs.ModeSymlink != 0:
		s.kind = link
	default:
		return stamp{}
	}
	return s
}

// nameStamp is the stamp of an entry that was listed and not looked at.
func nameStamp(mode fs.FileMode, now time.Time) stamp {
	s := stamp{unread: true, changed: now.UnixNano()}
	switch {
	case mode.IsDir():
		return stamp{kind: folder}
	case mode.IsRegular():
		s.kind = file
	case mode&fs.ModeSymlink != 0:
		s.kind = link
	default:
		return stamp{}
	}
	return s
}

func isYoung(written int64, now time.Time) bool {
	if written%int64(time.Second) == 0 {
		return written > now.Add(-youthCoarse).UnixNano()
	}
	return written > now.Add(-youth).UnixNano()
}

// untouched reports whether two stamps of a path, taken at different times, are of a file that was surely not written
// in between.
func (s stamp) untouched(later stamp) bool {
	return !s.young && s.alike(later)
}

// writtenSince reports whether a file may have been written since a listing that gave only its name.
func (s stamp) writtenSince(later stamp) bool {
	return s.kind != later.kind || isYoung(max(later.modified, later.changed), time.Unix(0, s.changed))
}

// alike reports whether all that a look without reading can tell is the same.
func (s stamp) alike(later stamp) bool {
	return s.kind == later.kind && s.executable == later.executable && s.size == later.size &&
		s.modified == later.modified && s.changed == later.changed && s.inode == later.inode
}

// same reports whether two stamps of a path are of the same content. Without sums it errs on the side of a change.
func (s stamp) same(later stamp) bool {
	if s.kind != later.kind || s.executable != later.executable || s.size != later.size {
		return false
	}
	if s.sum != 0 && later.sum != 0 {
		return s.sum == later.sum
	}
	return s.kind == absent || s.kind == folder && s.inode == later.inode || !s.unread && s.untouched(later)
}

// sum hashes content within this process. Two contents of one path have the same sum once in 2^64 pairs.
func sum(seed maphash.Seed, content []byte) uint64 {
	return max(maphash.Bytes(seed, content), 1)
}
