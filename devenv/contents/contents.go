// Package contents is what is in an image: its configuration, its layers and its files, without starting a container.
// It answers what others ask of an image (which programs, which packages, who may write where) and knows no engine:
// whoever has one reads the image's archive into it. What an image holds never changes, so it is read once and kept.
package contents

import "time"

// Image is one image.
type Image struct {
	ID          string            `json:"id"`
	Size        int64             `json:"size"` // bytes
	Created     time.Time         `json:"created"`
	Layers      []Layer           `json:"layers"` // from the base up
	User        string            `json:"user,omitempty"`
	Workdir     string            `json:"workdir,omitempty"`
	Env         map[string]string `json:"env"`
	Entrypoint  []string          `json:"entrypoint,omitempty"`
	Cmd         []string          `json:"cmd,omitempty"`
	Ports       []string          `json:"ports,omitempty"`
	Healthcheck []string          `json:"healthcheck,omitempty"` // as in a compose file: CMD or CMD-SHELL first
	Files       []File            `json:"files"`                 // by path; nil where only the configuration is known
}

// Layer is one instruction of the build and what it added.
type Layer struct {
	Instruction string `json:"instruction"`
	Size        int64  `json:"size"` // bytes
}

// File is a file, a folder or a link of an image.
type File struct {
	Path string `json:"p"` // absolute, slashed
	Mode uint32 `json:"m"` // an fs.FileMode, its type too
	UID  int    `json:"u,omitempty"`
	GID  int    `json:"g,omitempty"`
	Size int64  `json:"s,omitempty"` // bytes
	Sum  uint32 `json:"c,omitempty"` // CRC-32C of the content: equal for equal files
	Link string `json:"l,omitempty"` // what a symbolic link points to
}
