package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// choice is a flag that takes one of some words.
type choice struct {
	value *string
	words []string
}

func (c choice) String() string { return *c.value }
func (c choice) Type() string   { return strings.Join(c.words, "|") }

func (c choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		return fmt.Errorf("one of: %s", strings.Join(c.words, ", "))
	}
	*c.value = word
	return nil
}

// addFormat gives a command --format with some formats, the default first.
func addFormat(cmd *cobra.Command, format *string, formats ...string) {
	*format = formats[0]
	cmd.Flags().Var(choice{format, formats}, "format", "how to print it")
}
