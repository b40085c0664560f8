// Package fault is how devenv says what went wrong: the thing and the cause in one line, the remedy apart
// from it as a hint, and the class that becomes the exit status.
//
// An Error is made where the cause is known and travels unchanged to the one printer, devenv/term. A message
// is lower case, without a period, and begins with the thing: a service, a file:line, a variable.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Class is the kind of a failure; its number is the exit status of the process.
type Class int

// The exit statuses of devenv. `exec` and `run` give the command's own status instead.
const (
	Failed      Class = 1   // what was asked for could not be done
	Usage       Class = 2   // wrong usage, or a configuration that cannot be used
	Engine      Class = 3   // the engine is not reachable
	Unhealthy   Class = 4   // a service did not become healthy, or exited at its start
	Interrupted Class = 130 // Ctrl-C or SIGTERM
)

// Error is one failure as the user reads it.
type Error struct {
	Class   Class
	Message string   // "thing: cause"; "" for an end that the user brought about and knows of
	Hint    string   // the remedy, or ""
	Detail  []string // lines of evidence that are shown under the message: a log's end, a failing step
	Err     error    // the underlying error for errors.Is and errors.As, or nil; it is not printed
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// New makes an Error of a class. As with fmt.Errorf, %w keeps the cause for errors.Is.
func New(class Class, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Class: class, Message: err.Error(), Err: errors.Unwrap(err)}
}

// WithHint returns e with the remedy added.
func (e *Error) WithHint(format string, args ...any) *Error {
	with := *e
	with.Hint = fmt.Sprintf(format, args...)
	return &with
}

// WithDetail returns e with lines of evidence added.
func (e *Error) WithDetail(lines ...string) *Error {
	with := *e
	with.Detail = append(append([]string(nil), e.Detail...), lines...)
	return &with
}

// ExitStatus is the process's exit status for err: 0 for nil, the class of the first Error in the chain,
// Interrupted for a cancelled context, else Failed.
func ExitStatus(err error) int {
	var known *Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &known):
		return int(known.Class)
	case errors.Is(err, context.Canceled):
		return int(Interrupted)
	default:
		return int(Failed)
	}
}

// All is every failure joined in err by errors.Join, in order, so that each can be shown with its own hint.
func All(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, part := range joined.Unwrap() {
		all = append(all, All(part)...)
	}
	return all
}
