// Package agent carries devenv's Python code into a container: the agent that reloads a program by forking. Its own
// documentation is in devenv_agent/__init__.py, its protocol in devenv_agent/protocol.py.
package agent

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"sync"
)

//go:embed *.py all:devenv_agent
var sources embed.FS

// Archive is the agent as one file that Python imports from when it stands on PYTHONPATH, and Path is where it lies in a
// container. The path changes with the content, so that a container made for another agent is recreated.
var Archive = sync.OnceValues(func() (content []byte, path string) {
	content = pack()
	hash := sha256.Sum256(content)
	return content, "/devenv/agent-" + hex.EncodeToString(hash[:4]) + ".zip"
})

// pack writes the sources into an archive that is the same for the same sources. Nothing is compressed: not every
// Python has zlib.
func pack() []byte {
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	err := fs.WalkDir(sources, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := sources.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := writer.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store})
		if err == nil {
			_, err = file.Write(content)
		}
		return err
	})
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		panic(err) // embedded files that cannot be read: this binary is damaged
	}
	return archive.Bytes()
}
