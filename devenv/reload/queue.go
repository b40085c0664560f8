package reload

import "slices"

// Queue holds actions between their decision and their execution. What is decided while others are under way is kept
// and merged; what has failed is kept too, and tried again with the next action that something changed for: at once it
// would fail again. It belongs to one goroutine; the zero value is empty.
type Queue struct {
	waiting []Action
	failed  []Action
	running bool
}

// Add takes in what was decided.
func (q *Queue) Add(actions []Action) { q.waiting = Merge(append(q.waiting, actions...)...) }

// Next gives what is to be done now, in order, until Done is called. It is empty while something is under way, and
// when nothing waits.
func (q *Queue) Next() []Action {
	if q.running || len(q.waiting) == 0 {
		return nil
	}
	next := q.waiting
	if slices.ContainsFunc(next, func(a Action) bool { return a.Verb != Nothing }) {
		next, q.failed = Merge(append(q.failed, next...)...), nil
	}
	q.waiting, q.running = nil, true
	return next
}

// Done ends what Next gave. failed are those of it that did not succeed.
func (q *Queue) Done(failed []Action) {
	q.running = false
	q.failed = Merge(append(q.failed, failed...)...)
}

// Empty says that nothing waits, is under way or has failed.
func (q *Queue) Empty() bool { return len(q.waiting)+len(q.failed) == 0 && !q.running }

// Retry has what failed done again without waiting for a change.
func (q *Queue) Retry() { q.waiting, q.failed = Merge(append(q.failed, q.waiting...)...), nil }
