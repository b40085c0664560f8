package live

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// forgetProgram unmaps the pages of the program's own file. Its start has touched nearly all of them (the system maps
// 64 kB around every one that is used), and a session uses less than half. They stay in the system's cache, so that one
// that is needed again costs a microsecond; those that are not no longer count as this process's memory, and are the
// first that the system can use for something else.
func forgetProgram() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return // nothing is lost but memory
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer func() { _ = maps.Close() }() // it was only read
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if begin, end, ok := readOnly(lines.Text(), program); ok {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, begin, end-begin, syscall.MADV_DONTNEED)
		}
	}
}

// readOnly is where a line of /proc/self/maps (proc_pid_maps(5)) has a part of a file mapped that no one can write to.
func readOnly(line, file string) (begin, end uintptr, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 6 || fields[5] != file || fields[1] != "r-xp" && fields[1] != "r--p" {
		return 0, 0, false
	}
	from, to, _ := strings.Cut(fields[0], "-")
	low, errLow := strconv.ParseUint(from, 16, 64)
	high, errHigh := strconv.ParseUint(to, 16, 64)
	return uintptr(low), uintptr(high), errLow == nil && errHigh == nil
}
