package watch

import "iter"

// entries are what is known of the names in one folder. Most folders have a few names, which a slice holds in a third
// of the memory of a map, and finds as fast.
type entries struct {
	few  []entry
	many map[string]stamp // instead of few, once there were more than fewMost
}

type entry struct {
	name string
	stamp
}

const fewMost = 16

// newEntries has room for as many names as a folder is seen to have.
func newEntries(names int) *entries {
	if names > fewMost {
		return &entries{many: make(map[string]stamp, names)}
	}
	return &entries{few: make([]entry, 0, names)}
}

// get is absent for a name that is not known; the entries of a folder that is not known are nil.
func (e *entries) get(name string) stamp {
	if e == nil {
		return stamp{}
	}
	if i := e.index(name); i >= 0 {
		return e.few[i].stamp
	}
	return e.many[name]
}

func (e *entries) index(name string) int {
	for i := range e.few {
		if e.few[i].name == name {
			return i
		}
	}
	return -1
}

func (e *entries) set(name string, now stamp) {
	i := e.index(name)
	switch {
	case i >= 0:
		e.few[i].stamp = now
	case e.many != nil:
		e.many[name] = now
	case len(e.few) < fewMost:
		e.few = append(e.few, entry{name, now})
	default:
		e.grow()
		e.many[name] = now
	}
}

func (e *entries) grow() {
	e.many = make(map[string]stamp, 2*fewMost)
	for _, known := range e.few {
		e.many[known.name] = known.stamp
	}
	e.few = nil
}

func (e *entries) remove(name string) {
	if e == nil {
		return
	}
	if i := e.index(name); i >= 0 {
		last := len(e.few) - 1
		e.few[i] = e.few[last]
		e.few[last] = entry{}
		e.few = e.few[:last]
	}
	delete(e.many, name)
}

// all goes through a folder in no order. A name may be set anew meanwhile.
func (e *entries) all() iter.Seq2[string, stamp] {
	return func(yield func(string, stamp) bool) {
		if e == nil {
			return
		}
		for i := range e.few {
			if !yield(e.few[i].name, e.few[i].stamp) {
				return
			}
		}
		for name, known := range e.many {
			if !yield(name, known) {
				return
			}
		}
	}
}
