//go:build darwin || linux

package watch

import (
	"io/fs"
	"syscall"
)

// hasChangeTime says that a look tells when a file was last written, whatever time it was given since.
const hasChangeTime = true

// identity is the inode of a file, and when the inode was last changed: no program can set that time back.
func identity(info fs.FileInfo) (inode uint64, changed int64) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	at := changeTime(stat)
	return stat.Ino, at.Nano()
}

// folderID tells folders apart, whatever they are called.
type folderID struct{ device, inode uint64 }

func identify(info fs.FileInfo) folderID {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return folderID{}
	}
	return folderID{uint64(stat.Dev), stat.Ino} //nolint:unconvert // its type differs between systems
}
