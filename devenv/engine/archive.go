package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
)

// File is a file, a folder or a symbolic link in a container.
type File struct {
	Path     string      // absolute, slashed
	Mode     fs.FileMode // its type too: fs.ModeDir, fs.ModeSymlink, or 0 for a file
	UID, GID int
	Modified time.Time
	Link     string // what a symbolic link points to
	Content  []byte
}

// Put brings files into a container, whoever it runs as, in the order given. Folders on the way that are missing are
// made and belong to root. A file takes the place of whatever is there, also of a folder with all that is in it; a
// folder is merged with a folder.
func (c *Client) Put(ctx context.Context, id string, files ...File) error {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, file := range files {
		if err := file.write(writer); err != nil {
			return err
		}
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return c.failure(c.api.CopyToContainer(ctx, id, "/", &archive, container.CopyToContainerOptions{AllowOverwriteDirWithFile: true}))
}

func (f File) write(to *tar.Writer) error {
	header := &tar.Header{
		Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.Path, "/"), Mode: int64(f.Mode.Perm()), Uid: f.UID, Gid: f.GID,
		ModTime: f.Modified, Size: int64(len(f.Content)),
	}
	switch f.Mode.Type() {
	case fs.ModeDir:
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
	case fs.ModeSymlink:
		header.Typeflag, header.Linkname = tar.TypeSymlink, f.Link
	}
	if err := to.WriteHeader(header); err != nil {
		return err
	}
	_, err := to.Write(f.Content)
	return err
}

// Get is a file of a container, or a folder with all that is in it. One that is not there has no files.
func (c *Client) Get(ctx context.Context, id, name string) ([]File, error) {
	stream, _, err := c.api.CopyFromContainer(ctx, id, name)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, c.failure(err)
	}
	defer stream.Close()
	var files []File
	for reader := tar.NewReader(stream); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, c.failure(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return nil, c.failure(err)
		}
		files = append(files, File{
			Path: path.Join(path.Dir(name), header.Name), Mode: header.FileInfo().Mode(), UID: header.Uid, GID: header.Gid,
			Modified: header.ModTime, Link: header.Linkname, Content: content,
		})
	}
}

// CopyFiles brings host files into a container: the keys are absolute paths there, the values paths here. A file that
// vanished meanwhile is left out, as its deletion will be told.
func (c *Client) CopyFiles(ctx context.Context, id string, files map[string]string) error {
	var all []File
	for _, place := range slices.Sorted(maps.Keys(files)) {
		content, err := os.ReadFile(files[place])
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		info, err := os.Stat(files[place])
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		all = append(all, File{Path: place, Mode: info.Mode().Perm(), Modified: info.ModTime(), Content: content})
	}
	return c.Put(ctx, id, all...)
}

// Modified is when a file or folder of a container was last written, by the engine's clock; zero if it is not there.
func (c *Client) Modified(ctx context.Context, id, name string) (time.Time, error) {
	stat, err := c.api.ContainerStatPath(ctx, id, name)
	if notFound(err) {
		return time.Time{}, nil
	}
	return stat.Mtime, c.failure(err)
}

// CopyIn unpacks an archive, as CopyOut gives it, in a folder of a container; the folder is made if it is missing.
func (c *Client) CopyIn(ctx context.Context, id, folder string, archive io.Reader) error {
	if err := c.Put(ctx, id, File{Path: folder, Mode: fs.ModeDir | 0o755}); err != nil {
		return err
	}
	return c.failure(c.api.CopyToContainer(ctx, id, folder, archive, container.CopyToContainerOptions{}))
}

// CopyOut gives take an archive of a folder of a container, in which the folder's own name is the first.
func (c *Client) CopyOut(ctx context.Context, id, folder string, take func(archive io.Reader) error) error {
	archive, _, err := c.api.CopyFromContainer(ctx, id, folder)
	if err != nil {
		return c.failure(err)
	}
	return errors.Join(take(archive), archive.Close())
}
