package image

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

const (
	dirMode  = fs.ModeDir | 0o755
	linkMode = fs.ModeSymlink
)

// enginePath is the PATH that a container has whose image sets none (the engine's default on Linux).
const enginePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Path are the folders in which programs are looked for.
func (i Image) Path() []string {
	value, _ := i.Config.Lookup("PATH")
	return strings.Split(cmp.Or(value, enginePath), ":")
}

// Has says whether the image's user can run a program: a name for the PATH, or a path.
func (i Image) Has(program string) bool { _, err := i.Which(program); return err == nil }

// Which is the file that runs as program for the image's user, links followed, or why there is none: it is not there, it
// may not be executed, a folder on the way is closed, or the interpreter that a script names is not there. A name is
// looked for in the PATH, anything with a slash from the working folder.
func (i Image) Which(program string) (File, error) {
	candidates := []string{path.Join("/", i.Config.WorkingDir, program)}
	switch {
	case path.IsAbs(program):
		candidates = []string{program}
	case !strings.Contains(program, "/"):
		candidates = nil
		for _, folder := range i.Path() {
			candidates = append(candidates, path.Join("/", folder, program))
		}
	}
	why := fmt.Errorf("%s is not in the image", program)
	who := i.User()
	for _, candidate := range candidates {
		way, there := i.files.walk(candidate)
		if !there || way[len(way)-1].Mode.IsDir() {
			continue
		}
		if err := who.mayRun(way); err != nil {
			why = err
			continue
		}
		found := way[len(way)-1].File
		return found, i.interpreted(found)
	}
	return File{}, why
}

// ErrLineEnds is why a script cannot run whose first line ends as on Windows: to the kernel the carriage return is part of
// the interpreter's name or argument.
var ErrLineEnds = errors.New("its lines end as on Windows")

// interpreted fails for a script whose interpreter cannot run.
func (i Image) interpreted(script File) error {
	words := strings.Fields(script.Interpreter)
	if len(words) == 0 {
		return nil
	}
	if strings.HasSuffix(script.Interpreter, "\r") {
		return fmt.Errorf("%s cannot run: %w", script.Path, ErrLineEnds)
	}
	program := words[0]
	if _, there := i.File(program); !there {
		return fmt.Errorf("%s needs %s, which is not in the image", script.Path, program)
	}
	if path.Base(program) == "env" && len(words) > 1 {
		program = words[len(words)-1] // env NAME, env -S NAME
		if words[1] == "-S" && len(words) > 2 {
			program = words[2]
		}
		if !i.Has(program) {
			return fmt.Errorf("%s needs %s, which is not in the image", script.Path, program)
		}
	}
	return nil
}

// User is who the image's processes run as.
type User struct {
	Name     string // as the image has it, or "root"
	UID      int
	Groups   []int
	Resolved bool // false for a name that the image's /etc/passwd does not have
}

// Root reports whether the user may do all.
func (u User) Root() bool { return u.Resolved && u.UID == 0 }

// User reads USER with the image's own /etc/passwd and /etc/group.
func (i Image) User() User {
	name, group, _ := strings.Cut(cmp.Or(i.Config.User, "root"), ":")
	user := User{Name: name}
	if number, err := strconv.Atoi(name); err == nil {
		user.UID, user.Resolved = number, true
	} else if name == "root" {
		user.Resolved = true
	}
	primary := 0
	for _, fields := range i.account("/etc/passwd") {
		if len(fields) > 3 && (fields[0] == name || fields[2] == name) {
			user.UID, _ = strconv.Atoi(fields[2])
			primary, _ = strconv.Atoi(fields[3])
			user.Resolved, user.Name = true, fields[0]
			break
		}
	}
	if group == "" {
		user.Groups = append(i.member(user.Name), primary)
		return user
	}
	if number, err := strconv.Atoi(group); err == nil {
		user.Groups = []int{number}
	}
	for _, fields := range i.account("/etc/group") {
		if number, err := strconv.Atoi(fields[min(2, len(fields)-1)]); err == nil && fields[0] == group {
			user.Groups = []int{number}
		}
	}
	return user
}

// member are the groups that /etc/group counts a user to.
func (i Image) member(user string) []int {
	var all []int
	for _, fields := range i.account("/etc/group") {
		if len(fields) < 4 {
			continue
		}
		for _, name := range strings.Split(fields[3], ",") {
			if number, err := strconv.Atoi(fields[2]); err == nil && name == user {
				all = append(all, number)
			}
		}
	}
	return all
}

// account are the lines of /etc/passwd or /etc/group, split into their fields.
func (i Image) account(name string) [][]string {
	way, there := i.files.walk(name)
	if !there {
		return nil
	}
	var all [][]string
	for _, line := range strings.Split(string(way[len(way)-1].Content), "\n") {
		if line != "" {
			all = append(all, strings.Split(line, ":"))
		}
	}
	return all
}

// Permissions, as the bits of a mode for others have them.
const (
	mayWrite   = 0o2
	mayExecute = 0o1
)

func (u User) may(file File, permission fs.FileMode) bool {
	switch {
	case u.Root():
		return permission != mayExecute || file.Mode.IsDir() || file.Mode&0o111 != 0
	case u.UID == file.UID && u.Resolved:
		return file.Mode&(permission<<6) != 0
	}
	for _, group := range u.Groups {
		if group == file.GID {
			return file.Mode&(permission<<3) != 0
		}
	}
	return file.Mode&permission != 0
}

// mayRun fails where a folder on the way is closed to the user or the file at its end is not executable for it.
func (u User) mayRun(way []*node) error {
	for _, at := range way {
		if !u.may(at.File, mayExecute) {
			return fmt.Errorf("%s may not execute %s (%s)", u.Name, at.Path, at.Mode)
		}
	}
	return nil
}

// MayWrite says whether the image's user may write a file or folder that is there: for a folder, make files in it.
func (i Image) MayWrite(name string) bool {
	way, there := i.files.walk(name)
	if !there {
		return false
	}
	who := i.User()
	for _, at := range way[:len(way)-1] {
		if !who.may(at.File, mayExecute) {
			return false
		}
	}
	return who.may(way[len(way)-1].File, mayWrite)
}
