package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// File is a file, folder, link or device of an image.
type File struct {
	Path        string      // absolute, slashed
	Mode        fs.FileMode // its type too
	UID, GID    int
	Size        int64  // of a regular file, in bytes
	Digest      string // of a regular file's content; equal for equal contents
	Link        string // what a symbolic link points to
	Interpreter string // the line after #! of an executable file, with a carriage return at its end, or ""
	Layer       int    // index of the layer that it comes from
}

// entry is one line of a layer: a file that it adds, or what it takes away from the layers below it.
type entry struct {
	File
	Gone    bool // Path and all that is in it
	Emptied bool // all that is in Path
	Content []byte
}

// accounts are the files whose contents say who a name is.
var accounts = map[string]bool{"/etc/passwd": true, "/etc/group": true}

const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq" // the image specification's words for what a layer takes away
)

// readLayer reads the archive of one layer, which may be compressed by gzip or zstd, as the image specification allows.
func readLayer(archive io.Reader) ([]entry, error) {
	plain, err := uncompressed(bufio.NewReader(archive))
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	var all []entry
	places := map[string]int{}
	for reader := tar.NewReader(plain); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		one, err := readEntry(header, reader)
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeLink {
			one = linked(one, header, all, places)
		}
		places[one.Path] = len(all)
		all = append(all, one)
	}
}

// linked is a hard link: another name for a file of the same layer, which has its weight already.
func linked(one entry, header *tar.Header, all []entry, places map[string]int) entry {
	place, known := places[absolute(header.Linkname)]
	if !known {
		return one
	}
	name := one.Path
	one = all[place]
	one.Path, one.Size = name, 0
	return one
}

func uncompressed(archive *bufio.Reader) (io.ReadCloser, error) {
	magic, err := archive.Peek(4)
	switch {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(archive)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		decoder, err := zstd.NewReader(archive, zstd.WithDecoderConcurrency(1)) // without goroutines
		if err != nil {
			return nil, err
		}
		return decoder.IOReadCloser(), nil
	}
	return io.NopCloser(archive), nil
}

func readEntry(header *tar.Header, content io.Reader) (entry, error) {
	name := absolute(header.Name)
	if folder, base := path.Split(name); base == opaque {
		return entry{File: File{Path: path.Clean(folder)}, Emptied: true}, nil
	} else if hidden, is := strings.CutPrefix(base, whiteout); is {
		return entry{File: File{Path: path.Join(folder, hidden)}, Gone: true}, nil
	}
	one := entry{File: File{
		Path: name, Mode: header.FileInfo().Mode(), UID: header.Uid, GID: header.Gid, Link: header.Linkname,
	}}
	if header.Typeflag != tar.TypeReg {
		return one, nil
	}
	one.Size = header.Size
	return one, one.take(content)
}

// take reads a regular file's content for what is kept of it.
func (e *entry) take(content io.Reader) error {
	hash := sha256.New()
	var kept bytes.Buffer
	head := io.TeeReader(io.LimitReader(content, 256), hash)
	if accounts[e.Path] {
		head = io.TeeReader(content, hash)
	}
	if _, err := io.Copy(&kept, head); err != nil {
		return err
	}
	if _, err := io.Copy(hash, content); err != nil {
		return err
	}
	e.Digest = hex.EncodeToString(hash.Sum(nil)[:16])
	if accounts[e.Path] {
		e.Content = kept.Bytes()
	}
	if line, is := strings.CutPrefix(kept.String(), "#!"); is && e.Mode&0o111 != 0 {
		line, _, _ = strings.Cut(line, "\n")
		e.Interpreter = strings.Trim(line, " \t")
	}
	return nil
}

func absolute(name string) string { return path.Join("/", name) }

// weigh is the size of a layer's files.
func weigh(entries []entry) (size int64, files int) {
	for _, one := range entries {
		if !one.Gone && !one.Emptied {
			size, files = size+one.Size, files+1
		}
	}
	return size, files
}
