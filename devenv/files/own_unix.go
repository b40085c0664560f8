//go:build unix

package files

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// own gives a file the owner of another one. Who may not do that keeps it: a folder of one's own may hold files of root,
// as a container left them, and then the file is better off.
func own(file *os.File, like fs.FileInfo) error {
	owner, known := like.Sys().(*syscall.Stat_t)
	if !known {
		return nil
	}
	if err := file.Chown(int(owner.Uid), int(owner.Gid)); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}
