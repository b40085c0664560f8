package live

import "runtime/debug"

// sessionGC is a garbage collection that keeps memory small: a command is over before memory matters, a session lasts
// the day.
const sessionGC = 50

// rest gives back what only the start of a session needed: the garbage of loading the project and of reading its files
// once, and the part of the program that has run for the last time.
func rest() {
	debug.SetGCPercent(sessionGC)
	debug.FreeOSMemory()
	forgetProgram()
}
