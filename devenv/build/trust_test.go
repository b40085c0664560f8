package build

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// Every process of a build finds the bundle, whoever it runs as, and the image is the same as without: neither a file nor
// its configuration tells of it. What the Dockerfile says of certificates itself stays, what its base says does not.
func TestBundle(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	bundle := filepath.Join(write(t, "ca.pem", "our authorities"), "ca.pem")
	base := request(t, c, "base", "Dockerfile", "FROM busybox:1.36\nENV PIP_CERT=/of/the/base\n")
	run(t, c, base)
	plain := request(t, c, "plain", "Dockerfile", "FROM base\nENV CURL_CA_BUNDLE=/own\nUSER 1234\n"+
		`RUN echo "sees $(cat $SSL_CERT_FILE </dev/null), $PIP_CERT, $CURL_CA_BUNDLE, $(cat $APT_CONFIG </dev/null)" # `+unique(t)+
		"\nUSER 0\nRUN ls -d /dev/devenv || true\n")
	plain.Build.AdditionalContexts = types.Mapping{"base": "docker-image://" + base.Tags[0]}
	trusting := plain
	trusting.Tags, trusting.Bundle = []string{tag(t, c, "trusting")}, bundle
	for _, b := range []struct {
		request Request
		sees    string
	}{
		{plain, "sees , /of/the/base, /own,\n"},
		{trusting, `sees our authorities, ` + bundlePath + `, /own, Acquire::https::CAInfo "` + bundlePath + `";`},
	} {
		var said strings.Builder
		if _, err := Run(t.Context(), c, []Request{b.request}, Options{Out: &said}); err != nil || !strings.Contains(said.String(), b.sees) {
			t.Errorf("%q is not in it: %v\n%s", b.sees, err, &said)
		}
	}
	without, with := contents(t, c, plain.Tags[0]), contents(t, c, trusting.Tags[0])
	if !slices.Equal(without, with) {
		t.Errorf("the images differ: %s", strings.Join(slices.DeleteFunc(with, func(line string) bool { return slices.Contains(without, line) }), "\n"))
	}
	if err := os.WriteFile(bundle, []byte("others"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := run(t, c, trusting); !again[0].Cached {
		t.Error("other certificates made steps run again")
	}
}

// contents are the files of an image with their modes, owners and hashes, and its configuration.
func contents(t *testing.T, c *client.Client, image string) []string {
	t.Helper()
	inspected, err := c.ImageInspect(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{fmt.Sprintf("%q %v %v", inspected.Config.Env, inspected.Config.Labels, inspected.Config.Cmd)}
	history, err := c.ImageHistory(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range history {
		all = append(all, step.CreatedBy)
	}
	made, err := c.ContainerCreate(t.Context(), &container.Config{Image: image, Cmd: []string{"true"}}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.ContainerRemove(t.Context(), made.ID, container.RemoveOptions{Force: true}) }()
	stream, err := c.ContainerExport(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	for reader := tar.NewReader(stream); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, reader); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %o %d:%d %s %x", header.Name, header.Mode, header.Uid, header.Gid, header.Linkname, hash.Sum(nil)[:4]))
	}
}
