package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Table is one part of a report as people read it.
type Table struct {
	Title   string
	Heading []string
	Rows    [][]string
	Numbers int    // the column from which on there are numbers, from 0
	Note    string // what is not in the rows, or ""
}

// Shape is how much of a report is shown.
type Shape struct {
	Rows  int // of a table at most
	Width int // of an instruction or a path, in characters
}

// Tables are the parts of the report but for the promises.
func (r Report) Tables(shape Shape) []Table {
	var all []Table
	for _, table := range []Table{r.images(), r.layers(shape), r.settings(), r.packages(shape), r.tools(), r.files(shape)} {
		if len(table.Rows) > 0 {
			all = append(all, table)
		}
	}
	return all
}

func (r Report) modes() []string {
	var names []string
	for _, mode := range r.Modes {
		names = append(names, mode.Mode)
	}
	return names
}

// columns is a heading: what stands first, then the modes.
func (r Report) columns(first ...string) []string {
	for _, mode := range r.modes() {
		first = append(first, strings.ToUpper(mode))
	}
	return first
}

func (r Report) images() Table {
	table := Table{Title: "images", Heading: []string{"MODE", "TARGET", "IMAGE", "SIZE", "SHARED", "LAYERS", "PACKAGES"}, Numbers: 3}
	for _, mode := range r.Modes {
		table.Rows = append(table.Rows, []string{mode.Mode, mode.Target, mode.Image, Size(mode.Size), Size(mode.Shared),
			strconv.Itoa(len(mode.Layers)), strconv.Itoa(mode.Packages)})
	}
	return table
}

// Step is the weight of an instruction in each mode: the same instruction is one step, whatever it has made.
type Step struct {
	Instruction string
	Sizes       map[string]int64
	most        int64
}

// Steps are the instructions of all modes, the heaviest first.
func (r Report) Steps() []Step {
	var all []Step
	places := map[string]int{}
	for _, mode := range r.Modes {
		for _, layer := range mode.Layers {
			place, known := places[layer.Instruction]
			if !known {
				place = len(all)
				places[layer.Instruction] = place
				all = append(all, Step{Instruction: layer.Instruction, Sizes: map[string]int64{}})
			}
			all[place].Sizes[mode.Mode] += layer.Size
			all[place].most = max(all[place].most, all[place].Sizes[mode.Mode])
		}
	}
	slices.SortStableFunc(all, func(a, b Step) int {
		return int(min(1, max(-1, b.most-a.most)))
	})
	return all
}

// light is the weight under which a layer is not worth a line of its own.
const light = 100_000

func (r Report) layers(shape Shape) Table {
	table := Table{Title: "layers", Heading: r.columns("LAYER"), Numbers: 1}
	for place, step := range r.Steps() {
		if step.most < light || place == shape.Rows {
			table.Note = count(len(r.Steps())-place, "lighter instruction")
			break
		}
		row := []string{cut(step.Instruction, shape.Width)}
		for _, mode := range r.modes() {
			row = append(row, sizeOf(step.Sizes, mode))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// settings has a line for each value, with the modes that have it: values are long.
func (r Report) settings() Table {
	table := Table{Title: "settings", Heading: []string{"WHAT", "MODE", "VALUE"}, Numbers: 3}
	for _, setting := range r.Settings {
		what := setting.Key
		for _, value := range r.distinct(setting.Values) {
			table.Rows = append(table.Rows, []string{what, strings.Join(value.modes, ", "), dash(value.text)})
			what = ""
		}
	}
	return table
}

// shared is a value and the modes that have it.
type shared struct {
	text  string
	modes []string
}

func (r Report) distinct(values map[string]string) []shared {
	var all []shared
	for _, mode := range r.modes() {
		place := slices.IndexFunc(all, func(s shared) bool { return s.text == values[mode] })
		if place < 0 {
			place = len(all)
			all = append(all, shared{text: values[mode]})
		}
		all[place].modes = append(all[place].modes, mode)
	}
	return all
}

func (r Report) packages(shape Shape) Table {
	table := Table{Title: "packages that differ", Heading: r.columns("PACKAGE"), Numbers: len(r.Modes) + 1}
	for place, p := range r.Packages {
		if place == shape.Rows {
			table.Note = count(len(r.Packages)-place, "more package")
			break
		}
		row := []string{p.Name}
		for _, mode := range r.modes() {
			row = append(row, dash(p.Versions[mode]))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func (r Report) tools() Table {
	table := Table{Title: "uv, compilers, debuggers", Heading: r.columns("TOOL"), Numbers: len(r.Modes) + 1}
	for _, tool := range r.Tools {
		row := []string{tool.Name}
		for _, mode := range r.modes() {
			row = append(row, dash(tool.Paths[mode]))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func (r Report) files(shape Shape) Table {
	table := Table{Title: "files that differ", Heading: r.columns("PATH"), Numbers: 1}
	for place, file := range r.Files {
		if place == shape.Rows {
			table.Note = count(len(r.Files)-place, "more path")
			break
		}
		name := file.Path
		if file.Folder {
			name += "/"
		}
		name = cutLeft(name, shape.Width)
		if file.Differs != Same {
			name += " (" + string(file.Differs) + ")"
		}
		row := []string{name}
		for _, mode := range r.modes() {
			row = append(row, sizeOf(file.Sizes, mode))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func sizeOf(sizes map[string]int64, mode string) string {
	size, has := sizes[mode]
	if !has {
		return "-"
	}
	return Size(size)
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func count(number int, thing string) string {
	if number != 1 {
		thing += "s"
	}
	return fmt.Sprintf("and %d %s", number, thing)
}

// Size is a number of bytes as people read it, in powers of a thousand as `docker images` has it.
func Size(bytes int64) string {
	value, unit := float64(bytes), 0
	units := [...]string{"B", "kB", "MB", "GB", "TB"}
	for ; value >= 999.5 && unit < len(units)-1; unit++ {
		value /= 1000
	}
	digits := 0
	if unit > 0 && value < 99.95 {
		digits = 1
	}
	return strconv.FormatFloat(value, 'f', digits, 64) + " " + units[unit]
}

// cut shortens a text to so many characters; 0 leaves it whole. Line breaks become blanks.
func cut(text string, width int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if width == 0 || len(runes) <= width {
		return string(runes)
	}
	return string(runes[:width-1]) + "…"
}

// cutLeft keeps the end of a path.
func cutLeft(text string, width int) string {
	runes := []rune(text)
	if width == 0 || len(runes) <= width {
		return text
	}
	return "…" + string(runes[len(runes)-width+1:])
}
