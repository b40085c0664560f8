//go:build linux || darwin

package doctor

import "syscall"

// freeBytes is what a user may still write on the file system that holds a path.
func freeBytes(path string) (uint64, bool) {
	var stat syscall.Statfs_t
	if syscall.Statfs(path, &stat) != nil {
		return 0, false
	}
	return stat.Bavail * uint64(stat.Bsize), true //nolint:gosec // the size of a block is not negative
}
