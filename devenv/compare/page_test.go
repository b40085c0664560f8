package compare

import (
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// browser is a headless Chromium whose profile and logs are in a folder of the test's. It reaches nobody.
type browser struct{ program, folder string }

func newBrowser(t *testing.T) browser {
	t.Helper()
	program, err := exec.CommandContext(t.Context(), "testdata/browser.sh").Output()
	if err != nil {
		t.Fatal("a headless Chromium is needed; `make browser` says why there is none: ", err)
	}
	return browser{strings.TrimSpace(string(program)), t.TempDir()}
}

func (b browser) file(name string) string { return filepath.Join(b.folder, name) }

// show opens a page.
func (b browser) show(t *testing.T, page []byte, flags ...string) (output string) {
	t.Helper()
	if err := os.WriteFile(b.file("page.html"), page, 0o600); err != nil {
		t.Fatal(err)
	}
	flags = append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars", "--window-size=900,1400", "--user-data-dir=" + b.file("profile"),
		"--log-net-log=" + b.file("net.json")}, flags...)
	cmd := exec.CommandContext(t.Context(), b.program, append(flags, "file://"+b.file("page.html"))...)
	var errors strings.Builder
	cmd.Stderr = &errors
	shown, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errors.String())
	}
	return string(shown)
}

// painted are the pixels of a page.
func (b browser) painted(t *testing.T, page []byte, flags ...string) image.Image {
	t.Helper()
	b.show(t, page, append(flags, "--screenshot="+b.file("page.png"))...)
	picture, err := os.Open(b.file("page.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	pixels, err := png.Decode(picture)
	if err != nil {
		t.Fatal(err)
	}
	return pixels
}

// asked are the addresses that the last page has asked for, by Chromium's log of its network. What the browser asks for
// by itself has no initiator there.
func (b browser) asked(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(b.file("net.json"))
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Events []struct {
			Params struct{ URL, Initiator string }
		}
	}
	if err := json.Unmarshal(content, &log); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, event := range log.Events {
		asked := event.Params
		if asked.Initiator != "" && asked.Initiator != "not an origin" && !slices.Contains(all, asked.URL) {
			all = append(all, asked.URL)
		}
	}
	return all
}

func at(pixels image.Image, x, y int) color.NRGBA {
	return color.NRGBAModel.Convert(pixels.At(x, y)).(color.NRGBA)
}

// A browser shows the page without asking anyone for anything: bars as long as the images are heavy, on a light ground
// and on a dark one, and every text as it is.
func TestPage(t *testing.T) {
	page, err := Page("shop", []Report{sample()})
	if err != nil {
		t.Fatal(err)
	}
	chromium := newBrowser(t)
	for _, scheme := range []struct {
		name                  string
		flags                 []string
		ground, heavy, middle color.NRGBA // --ground, --c0 and --c1 of the page's style
	}{
		{"light", nil, color.NRGBA{0xfb, 0xfb, 0xfa, 255}, color.NRGBA{0x2f, 0x6f, 0xb2, 255}, color.NRGBA{0xe0, 0x8a, 0x2c, 255}},
		{"dark", []string{"--blink-settings=preferredColorScheme=0"}, color.NRGBA{0x16, 0x18, 0x1b, 255}, color.NRGBA{0x6a, 0xa9, 0xe9, 255}, color.NRGBA{0xf0, 0xa8, 0x60, 255}},
	} {
		pixels := chromium.painted(t, page, scheme.flags...)
		if got := at(pixels, 2, 2); got != scheme.ground {
			t.Errorf("%s: the ground is %v", scheme.name, got)
		}
		heavy, middle := longest(pixels, scheme.heavy), longest(pixels, scheme.middle)
		if heavy < 200 || heavy < middle*2-4 || heavy > middle*2+4 {
			t.Errorf("%s: 200 MB are %d pixels, 100 MB are %d", scheme.name, heavy, middle)
		}
	}
	document := chromium.show(t, page, "--dump-dom")
	for _, want := range []string{"<td>serve \"&lt;b&gt;&amp;</td>", "<strong>Promises of prod:</strong> 1 of 2 kept", `<span class="broken">broken</span><span>no tests</span>`} {
		if !strings.Contains(document, want) {
			t.Errorf("no %s in the document", want)
		}
	}
	if asked := chromium.asked(t); asked != nil {
		t.Errorf("it asks for %v", asked)
	}
	chromium.show(t, []byte(`<img src="http://picture.test/">`), "--dump-dom")
	if asked := chromium.asked(t); len(asked) != 1 || asked[0] != "http://picture.test/" {
		t.Errorf("a page that asks is not found out: %v", asked)
	}
}

// longest is the longest row of pixels of a colour.
func longest(pixels image.Image, of color.NRGBA) int {
	most := 0
	for y := range pixels.Bounds().Dy() {
		run := 0
		for x := range pixels.Bounds().Dx() {
			if at(pixels, x, y) != of {
				run = 0
				continue
			}
			run++
			most = max(most, run)
		}
	}
	return most
}
