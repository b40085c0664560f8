package uv

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// usual is the version of uv for a project that asks for none. It reads every uv.lock of version 1, whatever its revision.
const usual = "0.8.17"

// wanted is a clause of tool.uv.required-version that a version satisfies by being the one in it.
var wanted = regexp.MustCompile(`^\s*(==|>=|~=)?\s*([0-9]+(?:\.[0-9]+)*)\s*$`)

// UV is the version of uv that a project is to be changed with, where nothing else says: the one of its
// tool.uv.required-version, the usual one where that is a lower bound which it satisfies.
func (f Files) UV() string {
	var project project
	_ = toml.Unmarshal(f[projectFile], &project) // uv says what is wrong with it
	for _, clause := range strings.Split(project.Tool.UV.RequiredVersion, ",") {
		match := wanted.FindStringSubmatch(clause)
		if match == nil || match[1] == ">=" && !older(usual, match[2]) {
			continue
		}
		return match[2]
	}
	return usual
}

// older compares versions of numbers.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range b {
		var left int
		if i < len(a) {
			left, _ = strconv.Atoi(a[i])
		}
		if right, _ := strconv.Atoi(b[i]); left != right {
			return left < right
		}
	}
	return false
}
