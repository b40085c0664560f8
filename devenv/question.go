package devenv

import (
	"bufio"
	"context"
	"io"
	"slices"
	"strings"
)

// answers are lines that somebody is asked for on the terminal, one after the other.
type answers <-chan string

// next is the next line without the blanks around it; after the end of the input it is empty. Where ctx ends first, nothing
// was answered, and the error says so.
func (a answers) next(ctx context.Context) (string, error) {
	select {
	case line := <-a:
		return strings.TrimSpace(line), nil
	case <-ctx.Done():
		return "", interrupted()
	}
}

// yes waits for an answer and says whether it agrees.
func (a answers) yes(ctx context.Context) (bool, error) {
	answer, err := a.next(ctx)
	return slices.Contains([]string{"y", "yes"}, strings.ToLower(answer)), err
}

// answersFrom are what is typed, line by line. Goroutine: it stays in its read until somebody types or the process ends, and
// in its send until the line is wanted.
func answersFrom(in io.Reader) answers {
	typed := make(chan string)
	go func() {
		defer close(typed)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			typed <- scanner.Text()
		}
	}()
	return typed
}
