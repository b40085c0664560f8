package compare

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

// pageShape shows what a browser can scroll through.
var pageShape = Shape{Rows: 500}

// colours is how many layers have a colour of their own; the page's style names them.
const colours = 6

// Page is one HTML document with all reports. It asks for nothing else: its style is in it, and it has no script.
func Page(project string, reports []Report) ([]byte, error) {
	page, err := template.New("page").Funcs(template.FuncMap{"size": Size, "lower": strings.ToLower}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	shown := struct {
		Project  string
		Services []service
	}{Project: project}
	for _, report := range reports {
		shown.Services = append(shown.Services, newService(report))
	}
	var out bytes.Buffer
	err = page.Execute(&out, shown)
	return out.Bytes(), err
}

// service is a report as the page shows it.
type service struct {
	Report
	Bars   []bar
	Legend []segment // the layers that have a colour
	Tables []Table
	Kept   int
}

type bar struct {
	Mode     Mode
	Segments []segment
}

// segment is a layer in a bar, or in the legend.
type segment struct {
	Color       string // a class of the page's style
	Width       template.CSS
	Instruction string
	Size        int64
}

func newService(report Report) service {
	shown := service{Report: report, Tables: report.Tables(pageShape), Kept: len(report.Promises) - len(report.Broken())}
	var most int64 = 1
	for _, mode := range report.Modes {
		most = max(most, mode.Size)
	}
	colors := map[string]string{}
	for place, step := range report.Steps() {
		if place < colours && step.most >= most/100 { // less cannot be seen
			colors[step.Instruction] = fmt.Sprintf("c%d", place)
			shown.Legend = append(shown.Legend, segment{Color: colors[step.Instruction], Instruction: cut(step.Instruction, 110), Size: step.most})
		}
	}
	for _, mode := range report.Modes {
		shown.Bars = append(shown.Bars, bar{mode, segments(mode, most, colors)})
	}
	return shown
}

// segments are the layers of a mode with a colour, the lowest first, and what is left of it.
func segments(mode Mode, most int64, colors map[string]string) []segment {
	var all []segment
	rest := segment{Color: "rest", Instruction: "everything else"}
	for _, layer := range mode.Layers {
		color, has := colors[layer.Instruction]
		if !has {
			rest.Size += layer.Size
			continue
		}
		all = append(all, segment{Color: color, Instruction: cut(layer.Instruction, 110), Size: layer.Size})
	}
	if rest.Size > 0 {
		all = append(all, rest)
	}
	for i := range all {
		all[i].Width = template.CSS(fmt.Sprintf("width:%.3f%%", 100*float64(all[i].Size)/float64(most))) //nolint:gosec // a number
	}
	return slices.DeleteFunc(all, func(s segment) bool { return s.Size == 0 })
}
