package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"devenv/devenv/engine"
)

// memory is a cache in memory that counts what it was asked in vain.
type memory struct {
	kept   map[string][]byte
	missed int
}

func (m *memory) Load(name string) ([]byte, bool) {
	content, found := m.kept[name]
	if !found {
		m.missed++
	}
	return content, found
}

func (m *memory) Save(name string, content []byte) { m.kept[name] = content }

func connect(t *testing.T) *engine.Client {
	t.Helper()
	c, err := engine.Connect(t.Context(), engine.Endpoint{Host: "unix:///var/run/docker.sock", Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", "/var/run/docker.sock")
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Real images say what they hold, and say the same from the cache without asking the engine for an archive.
func TestRead(t *testing.T) {
	client, cache := connect(t), &memory{kept: map[string][]byte{}}
	var learned []string
	learning := func(refs []string) { learned = append(learned, refs...) }
	check := func() {
		all, err := Read(t.Context(), client, cache, learning, "python:3.13-slim-bookworm", "busybox:1.36")
		if err != nil {
			t.Fatal(err)
		}
		python, busybox := all[0], all[1]
		for _, program := range []string{"python", "sh", "/usr/bin/env"} {
			if _, err := python.Which(program); err != nil {
				t.Error(err)
			}
		}
		if _, err := python.Which("curl"); err == nil || err.Error() != "curl is not in the image" {
			t.Errorf("curl: %v", err)
		}
		if !busybox.Has("wget") || busybox.Has("python") {
			t.Errorf("busybox: wget %v, python %v", busybox.Has("wget"), busybox.Has("python"))
		}
		if !slices.ContainsFunc(python.Setuid(), func(name string) bool { return strings.HasSuffix(name, "/su") }) {
			t.Errorf("setuid: %v", python.Setuid())
		}
		var size int64
		for _, layer := range python.Layers {
			size += layer.Size
			if layer.Instruction == "" {
				t.Errorf("layer %s: no instruction", layer.Digest)
			}
		}
		if python.Size < size*9/10 || python.Size > size*11/10 {
			t.Errorf("layers of %d bytes, an image of %d", size, python.Size)
		}
	}
	check()
	cache.missed = 0
	check()
	if cache.missed != 0 {
		t.Errorf("%d questions to the cache had no answer the second time", cache.missed)
	}
	if got := strings.Join(learned, " "); got != "python:3.13-slim-bookworm busybox:1.36" {
		t.Errorf("learned %q", got)
	}
}

// An image that is not there is named.
func TestReadRefusal(t *testing.T) {
	_, err := Read(t.Context(), connect(t), &memory{}, nil, "devenv-test/nowhere:1")
	if err == nil || err.Error() != `image "devenv-test/nowhere:1": no such image on this engine` {
		t.Errorf("got %v", err)
	}
}

// layer is an archive of lines: folder/ · name · name=content · name->link · name=>hard link; a mode and an owner may
// stand before, as in 4755:10:10 name.
func layer(t *testing.T, lines ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, line := range lines {
		header := &tar.Header{Typeflag: tar.TypeReg, Mode: 0o644}
		if strings.HasSuffix(line, "/") {
			header.Mode = 0o755
		}
		if before, after, has := strings.Cut(line, " "); has {
			if _, err := fmt.Sscanf(before, "%o:%d:%d", &header.Mode, &header.Uid, &header.Gid); err != nil {
				t.Fatal(err)
			}
			line = after
		}
		content := ""
		if name, target, has := strings.Cut(line, "->"); has {
			header.Typeflag, header.Name, header.Linkname = tar.TypeSymlink, name, target
		} else if name, target, has := strings.Cut(line, "=>"); has {
			header.Typeflag, header.Name, header.Linkname = tar.TypeLink, name, target
		} else {
			header.Name, content, _ = strings.Cut(line, "=")
			header.Size = int64(len(content))
		}
		if strings.HasSuffix(header.Name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(writer, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// of is an image made of layers.
func of(t *testing.T, config Config, archives ...[]byte) Image {
	t.Helper()
	var known facts
	known.document.Config = config
	one := Image{}
	for place, archive := range archives {
		entries, err := readLayer(bytes.NewReader(archive))
		if err != nil {
			t.Fatal(err)
		}
		known.layers = append(known.layers, entries)
		one.Layers = append(one.Layers, Layer{Digest: fmt.Sprint(place)})
	}
	one.fill(known)
	return one
}

func shown(i Image) string {
	var all []string
	for _, file := range i.Files() {
		all = append(all, fmt.Sprintf("%s@%d", file.Path, file.Layer))
	}
	return strings.Join(all, " ")
}

// Layers are laid over each other as the image specification says: what is taken away is of the layers below, whatever
// the order in the archive.
func TestLayers(t *testing.T) {
	image := of(t, Config{},
		layer(t, "a/", "a/one=1", "a/two=2", "b/x/y=3", "c=4", "d/=", "d/in=5"),
		layer(t, "a/", "a/new=6", "a/.wh.one", "b/.wh..wh..opq", "b/z=7", "d=file"),
		layer(t, ".wh.c", "a/two=8"),
	)
	if got, want := shown(image), "/a@1 /a/new@1 /a/two@2 /b@0 /b/z@1 /d@1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var hidden []string
	for _, file := range image.Hidden() {
		hidden = append(hidden, file.Path)
	}
	if got := strings.Join(hidden, " "); got != "/a/one /a/two /b/x/y /c /d/in" {
		t.Errorf("hidden: %s", got)
	}
}

// A program is what the image's user can run.
func TestWhich(t *testing.T) {
	files := layer(t,
		"etc/passwd=root:x:0:0::/root:/bin/sh\napp:x:10:20::/:/bin/sh\n", "etc/group=staff:x:30:app\n",
		"usr/bin/", "755:0:0 usr/bin/real=\x7fELF", "bin->usr/bin", "usr/bin/named->../../opt/linked", "755:0:0 opt/linked=#!/bin/real -x\n",
		"755:0:0 bin2/broken=#!/opt/python\n", "755:0:0 bin2/env=#!/usr/bin/env python3\n", "755:0:0 usr/bin/env=", "644:0:0 bin2/data=",
		"600:0:0 root/", "755:0:0 root/mine=", "750:0:30 bin2/staff=", "750:0:31 bin2/others=", "bin2/round->round", "755:0:0 src/run=",
		"755:0:0 bin2/windows=#!/bin/real\r\n", "loop/", "bin2/up->../../../../usr/bin/real",
	)
	for _, c := range []struct{ user, program, want string }{
		{"", "real", "/usr/bin/real"},
		{"", "named", "/opt/linked"},
		{"", "up", "/usr/bin/real"},
		{"", "./run", "/src/run"},
		{"", "/bin/real", "/usr/bin/real"},
		{"", "nothing", "nothing is not in the image"},
		{"", "round", "round is not in the image"},
		{"", "data", "root may not execute /bin2/data (-rw-r--r--)"},
		{"", "broken", "/bin2/broken needs /opt/python, which is not in the image"},
		{"", "/bin2/env", "/bin2/env needs python3, which is not in the image"},
		{"", "windows", "/bin2/windows cannot run: its lines end as on Windows"},
		{"", "/root/mine", "/root/mine"},
		{"app", "/root/mine", "app may not execute /root (drw-------)"},
		{"app", "staff", "/bin2/staff"},
		{"app", "others", "app may not execute /bin2/others (-rwxr-x---)"},
		{"10:31", "others", "/bin2/others"},
		{"4711", "staff", "4711 may not execute /bin2/staff (-rwxr-x---)"},
	} {
		image := of(t, Config{User: c.user, WorkingDir: "/src", Env: []string{"PATH=/bin:/bin2"}}, files)
		found, err := image.Which(c.program)
		got := found.Path
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s as %q: %s, want %s", c.program, c.user, got, c.want)
		}
	}
}

// What an image holds is found by what it is, not by where a Dockerfile said it goes.
func TestHolds(t *testing.T) {
	image := of(t, Config{Env: []string{"PATH=/opt/tools"}}, layer(t,
		"venv/lib/python3.13/site-packages/Zope.Interface-7.2.dist-info/", "venv/lib/python3.13/site-packages/debugpy-1.8.0.dist-info/METADATA=",
		"usr/lib/python3/dist-packages/six-1.16.0.egg-info/", "venv/lib/python3.13/site-packages/debugpy/tests/test_x.py=",
		"755:0:0 opt/tools/uv=", "755:0:0 usr/bin/x86_64-linux-gnu-gcc-12=", "usr/bin/gcc->x86_64-linux-gnu-gcc-12", "755:0:0 usr/bin/gcc-ranlib=",
		"644:0:0 usr/bin/gdb=", "755:0:0 home/x/make=", "4755:0:0 usr/bin/su=",
		"src/.git/", "src/tests/", "src/tests/test_a.py=", "src/app/test_b.py=", "src/app/testing.py=", "usr/local/go/test/", "usr/src/app/tests/",
	))
	text := func(value any) string { return fmt.Sprint(value) }
	for _, c := range []struct{ what, got, want string }{
		{"packages", text(image.Packages()), "[{debugpy 1.8.0 /venv/lib/python3.13/site-packages} {six 1.16.0 /usr/lib/python3/dist-packages} {zope-interface 7.2 /venv/lib/python3.13/site-packages}]"},
		{"tools", text(image.Tools()), "[{compiler x86_64-linux-gnu-gcc-12 /usr/bin/x86_64-linux-gnu-gcc-12} {debugger debugpy /venv/lib/python3.13/site-packages} {uv uv /opt/tools/uv}]"},
		{"setuid", text(image.Setuid()), "[/usr/bin/su]"},
		{"repositories", text(image.Repositories()), "[/src/.git]"},
		{"tests", text(image.Tests()), "[/src/app/test_b.py /src/tests /usr/src/app/tests]"},
	} {
		if c.got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.what, c.got, c.want)
		}
	}
}

// archive is what `docker save` writes.
func archive(t *testing.T, files ...[2]string) io.Reader {
	t.Helper()
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, file := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: file[0], Size: int64(len(file[1])), Mode: 0o644}
		target, linked := strings.CutPrefix(file[1], "-> ")
		if linked {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, target, 0
		}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if !linked {
			_, _ = io.WriteString(writer, file[1])
		}
	}
	_ = writer.Close()
	return &out
}

// The archives of engines before and since 25.0, and of containerd's store, whose blobs are compressed in either way, say the same.
func TestArchive(t *testing.T) {
	plain := string(layer(t, "a=1"))
	var packed bytes.Buffer
	compressor := gzip.NewWriter(&packed)
	_, _ = io.WriteString(compressor, plain)
	_ = compressor.Close()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	const config = `{"config":{"User":"app","ExposedPorts":{"80/tcp":{},"443/tcp":{}},"Shell":["sh","-exc"]},"rootfs":{"diff_ids":["sha256:d","sha256:d"]},"history":[` +
		`{"created_by":"/bin/sh -c #(nop) ADD file:1 in / "},{"created_by":"USER app","empty_layer":true},{"created_by":"RUN sh -exc uv sync # buildkit"}]}`
	for name, files := range map[string][][2]string{
		"before 25.0": {
			{"1/layer.tar", plain}, {"2/layer.tar", "-> ../1/layer.tar"}, {"c.json", config},
			{"manifest.json", `[{"Config":"c.json","Layers":["1/layer.tar","2/layer.tar"]}]`},
		},
		"since 25.0": {
			{"blobs/sha256/c", config}, {"blobs/sha256/d", plain}, {"index.json", "{}"},
			{"manifest.json", `[{"Config":"blobs/sha256/c","Layers":["blobs/sha256/d","blobs/sha256/d"]}]`},
		},
		"containerd": {
			{"blobs/sha256/p", packed.String()}, {"blobs/sha256/c", config},
			{"manifest.json", `[{"Config":"blobs/sha256/c","Layers":["blobs/sha256/p","blobs/sha256/p"]}]`},
		},
		"containerd, zstd": {
			{"blobs/sha256/z", string(encoder.EncodeAll([]byte(plain), nil))}, {"blobs/sha256/c", config},
			{"manifest.json", `[{"Config":"blobs/sha256/c","Layers":["blobs/sha256/z","blobs/sha256/z"]}]`},
		},
	} {
		all := []Image{{ID: "sha256:c", Layers: []Layer{{Digest: "sha256:d"}, {Digest: "sha256:d"}}}}
		learned, err := learn(archive(t, files...), all, shelf{&memory{kept: map[string][]byte{}}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		all[0].fill(learned["sha256:c"])
		got := fmt.Sprint(shown(all[0]), all[0].Config.User, all[0].Config.ExposedPorts, all[0].Layers[0].Instruction, "; ", all[0].Layers[1].Instruction)
		if want := "/a@1app[443/tcp 80/tcp]ADD file:1 in /; RUN uv sync"; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
