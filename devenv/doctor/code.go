package doctor

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"devenv/devenv/project"
	"devenv/devenv/shell"
	"devenv/devenv/source"
)

// envFiles are the files of variables that the project reads, .env first.
func (in Input) envFiles() []EnvFile {
	var all []EnvFile
	readers := in.Project.ServiceEnvFiles()
	for _, path := range in.Project.EnvFiles() {
		all = append(all, EnvFile{Path: path, Services: readers[path], Variables: project.EnvVariables(path)})
	}
	return all
}

// codeEndings are those of files in which variables are read or named.
var codeEndings = []string{
	"", ".py", ".sh", ".toml", ".ini", ".cfg", ".conf", ".js", ".mjs", ".ts", ".go", ".rb", ".rs", ".java", ".php", ".yml", ".yaml",
	".json", ".html", ".template", ".mako",
}

// Bounds of reading a project's files: a doctor that takes a minute is not called.
const (
	codeFiles = 4_000
	codeBytes = 16 << 20
	fileBytes = 1 << 20
)

// readCode reads the project's own files, of every build context once, for the variables that they name.
func (f *Facts) readCode() {
	f.Words, f.Given, f.Droppers = map[string]bool{}, map[string]bool{}, map[string]bool{}
	seen, files, bytes := map[string]bool{}, 0, int64(0)
	for _, folder := range f.contexts() {
		tree := source.NewTree(source.Rules{Roots: []string{folder}})
		_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil //nolint:nilerr // what cannot be read names nothing
			case tree.Ignored(path, entry.IsDir()).Ignored:
				return skip(entry)
			case entry.IsDir():
				f.Host.Folders++
				return nil
			case seen[path] || !slices.Contains(codeEndings, filepath.Ext(path)):
				return nil
			}
			seen[path] = true
			info, err := entry.Info()
			if err != nil || info.Size() > fileBytes || !info.Mode().IsRegular() {
				return nil //nolint:nilerr // likewise
			}
			if files, bytes = files+1, bytes+info.Size(); files > codeFiles || bytes > codeBytes {
				return fs.SkipAll
			}
			f.readFile(path)
			return nil
		})
	}
	if files > codeFiles || bytes > codeBytes {
		f.Words = nil
		f.Unseen = append(f.Unseen, "which variables the code uses: there is too much of it")
	}
}

func skip(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// contexts are the outermost build contexts that are folders.
func (f *Facts) contexts() []string {
	var all []string
	for _, file := range f.Files {
		if !slices.Contains(all, file.Context) && filepath.IsAbs(file.Context) {
			all = append(all, file.Context)
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(all, func(folder string) bool {
		return slices.ContainsFunc(all, func(other string) bool {
			return other != folder && holds(filepath.ToSlash(other), filepath.ToSlash(folder))
		})
	})
}

// reads matches how Python reads a variable; what stands behind the name tells whether there is a default.
// os.environ["X"] fails without one, as do django-environ's env("X") and decouple's config("X").
var reads = regexp.MustCompile(`\b(?:(os\.environ\[|environ\[|env\(|env\.\w+\(|config\()|os\.getenv\(|environ\.get\()` +
	`\s*["']([A-Z][A-Z0-9_]+)["']\s*([\]),]?)(\s*=[^=])?`)

// The ways in which a project's own files see to a variable themselves.
var (
	given     = regexp.MustCompile(`\b(?:os\.)?environ(?:\[\s*["']([A-Z][A-Z0-9_]+)["']\s*\]\s*=[^=]|\.setdefault\(\s*["']([A-Z][A-Z0-9_]+)["'])`)
	defaulted = regexp.MustCompile(`\b([A-Z][A-Z0-9_]+)\s*=\s*\(\s*\w+\s*,`)                         // Env(DEBUG=(bool, False))
	checked   = regexp.MustCompile(`["']([A-Z][A-Z0-9_]+)["']\s+(?:not\s+)?in\s+(?:os\.)?environ\b`) // if "DEBUG" in os.environ
	assigned  = regexp.MustCompile(`(?m)(?:^|[\s;&|])([A-Z][A-Z0-9_]*)=|\$\{([A-Z][A-Z0-9_]*):?=`)   // of a shell
)

func (f *Facts) readFile(path string) {
	content, err := os.ReadFile(path)
	if err != nil {
		return
	}
	text := string(content)
	f.addWords(text)
	isShell := strings.HasPrefix(text, "#!") && strings.Contains(text[:strings.IndexByte(text+"\n", '\n')], "sh")
	switch {
	case filepath.Ext(path) == ".sh" || isShell:
		f.see(assigned, text)
		if slices.ContainsFunc(shell.Commands(text), func(c shell.Command) bool { return slices.Contains(droppers, c.Program()) }) {
			f.Droppers[filepath.Base(path)] = true
		}
	case filepath.Ext(path) == ".py" && !isTest(path):
		f.readPython(path, text)
	}
}

// see notes the variables that a text gives a value.
func (f *Facts) see(pattern *regexp.Regexp, text string) {
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		f.Given[strings.Join(m[1:], "")] = true
	}
}

func (f *Facts) readPython(path, text string) {
	code := pythonCode(text)
	f.see(given, code)
	if strings.Contains(code, "Env(") {
		f.see(defaulted, code)
	}
	optional := map[string]bool{}
	for _, m := range checked.FindAllStringSubmatch(code, -1) {
		optional[m[1]] = true
	}
	lines := strings.Split(code, "\n")
	for number, line := range lines {
		if !strings.Contains(line, "env") && !strings.Contains(line, "config(") {
			continue
		}
		for _, m := range reads.FindAllStringSubmatch(line, -1) {
			if m[4] == "" { // os.environ["X"] = ... sets it
				needs := m[1] != "" && (m[3] == "]" || m[3] == ")") && !optional[m[2]] && !tried(lines, number)
				f.Reads = append(f.Reads, Read{Place{path, number + 1}, m[2], needs})
			}
		}
	}
}

// tried reports whether a line of Python stands in a try, whatever that catches.
func tried(lines []string, number int) bool {
	indent := indentation(lines[number])
	for number--; number >= 0 && indent > 0; number-- {
		if text := strings.TrimSpace(lines[number]); text != "" && indentation(lines[number]) < indent {
			indent = indentation(lines[number])
			if strings.HasPrefix(text, "try:") {
				return true
			}
		}
	}
	return false
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// pythonCode is a text of Python with its comments and its long strings, which are mostly documentation, left out. Its
// lines stay where they are.
func pythonCode(text string) string {
	var code strings.Builder
	for i := 0; i < len(text); {
		end := i + 1
		switch c := text[i]; {
		case c == '#':
			end = endOf(text, i, "\n")
		case strings.HasPrefix(text[i:], `"""`) || strings.HasPrefix(text[i:], "'''"):
			end = min(endOf(text, i+3, text[i:i+3])+3, len(text))
			code.WriteString(strings.Repeat("\n", strings.Count(text[i:end], "\n")))
		case c == '"' || c == '\'':
			end = min(endOf(text, i+1, text[i:i+1])+1, len(text))
			code.WriteString(text[i:end])
		default:
			code.WriteByte(c)
		}
		i = end
	}
	return code.String()
}

// endOf is where a text from i on is ended by end: a short string by its line, too.
func endOf(text string, i int, end string) int {
	for ; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], end) || len(end) == 1 && text[i] == '\n':
			return i
		case text[i] == '\\' && end != "\n":
			i++
		}
	}
	return len(text)
}

// addWords notes every identifier.
func (f *Facts) addWords(text string) {
	begin := -1
	for i := 0; i <= len(text); i++ {
		inside := i < len(text) && (text[i] == '_' || text[i] >= '0' && text[i] <= '9' || text[i]|32 >= 'a' && text[i]|32 <= 'z')
		switch {
		case inside && begin < 0:
			begin = i
		case !inside && begin >= 0:
			f.Words[strings.ToLower(text[begin:i])] = true
			begin = -1
		}
	}
}

func isTest(path string) bool {
	slashed, name := filepath.ToSlash(path), filepath.Base(path)
	return strings.Contains(slashed, "/tests/") || strings.Contains(slashed, "/test/") || strings.HasPrefix(name, "test_") || name == "conftest.py"
}

// siblings are the env files of the project, and those beside them that are named alike.
func (f *Facts) siblings() []EnvFile {
	all := slices.Clone(f.EnvFiles)
	for _, file := range f.EnvFiles {
		entries, _ := os.ReadDir(filepath.Dir(file.Path)) // a folder that cannot be read has no more
		for _, entry := range entries {
			path := filepath.Join(filepath.Dir(file.Path), entry.Name())
			known := slices.ContainsFunc(all, func(other EnvFile) bool { return other.Path == path })
			if !known && !entry.IsDir() && modeFile.MatchString(entry.Name()) && isSecretName(entry.Name()) {
				all = append(all, EnvFile{Path: path, Variables: project.EnvVariables(path)})
			}
		}
	}
	return all
}
