package doctor

// Edit is a change of some lines of one file, as data.
type Edit struct {
	File   string   // absolute
	Line   int      // the first line that it concerns, from 1; one more than there are lines is behind the last
	Delete int      // so many lines go
	Insert []string // these come in their place, without line ends
}

// insertBefore puts lines before one.
func insertBefore(at Place, lines ...string) *Edit {
	return &Edit{File: at.File, Line: at.Line, Insert: lines}
}

// replaceLine changes one line.
func replaceLine(at Place, text string) *Edit {
	return &Edit{File: at.File, Line: at.Line, Delete: 1, Insert: []string{text}}
}
