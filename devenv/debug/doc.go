// Package debug is the debug port of one service: an editor attaches to it once, and its session lives as long as the service, while the process
// behind it is replaced at every save, after a crash, and with its container.
//
// Proxy stands between the editor and the debug adapter inside the running process, and speaks the Debug Adapter Protocol with both. It dials
// nothing until an editor has introduced itself. It remembers what the editor configured, and when the process is replaced it tells all of it
// to the next one; the editor sees threads end and begin, breakpoints that it knows, and never a disconnect. When the editor goes, in whatever
// way, the process is told to go on without a debugger.
//
//	editor <-TCP-> link -> owner -> conversation.step: message -> what to do -> owner -> link <-> debugpy or Delve
//
// conversation decides and does no I/O; owner and link do, and decide nothing. What survives a process: see memory (the configuration),
// breakpoints (their ids) and space (all other ids). Messages are kept as JSON, so that fields which go-dap does not know pass unchanged.
//
// # What an adapter does, and what that asks of who makes it listen
//
// debugpy 1.8, `debugpy.listen(("127.0.0.1", 0), in_process_debug_adapter=True)`, as read in its source and tried in testdata/forker.py:
//
//   - The listener stays open for as long as the process lives, and each connection replaces the one before. A second listen() in one process is
//     an error, so whoever makes the process listen asks for the port again, or undoes everything: see listen and release in forker.py. Before
//     1.8.22 listen() does not return the port (microsoft/debugpy#1656).
//   - To import it takes 200 ms, to listen 25 (10 on 3.13). A parent that imports debugpy.server.api and pydevd once a debugger has come makes the
//     children that it forks from then on listen at once; the import starts no thread.
//   - disconnect removes the breakpoints and lets stopped threads run. It leaves the trace functions in place (3.11: a request that takes 1 ms takes
//     3 ms afterwards as before), which is why Options has Release: `pydevd.stoptrace()`, then a trace function for the threads that removes
//     itself, then `debugpy.server.api.listen.called = False`. A thread on its way out of a breakpoint turns its tracing on again, so wait for it.
//   - A closed socket without disconnect leaves the breakpoints: a later request would stop for nobody. The proxy says disconnect for the editor.
//   - It writes an answer in two pieces, and without TCP_NODELAY the second waits 40 ms for an acknowledgement. The option is inherited from
//     the listening socket: setting it there makes a step 100 times as fast.
//   - A breakpoint stops all threads that pydevd knows, the agent's own too: theirs need `pydev_do_not_trace` and `is_pydev_daemon_thread`.
//   - All ids (threads, frames, variables) count from 1 in each process, breakpoints from 0, so those of two processes always collide.
//   - The attach request is answered at once; with the adapter of `debugpy --listen`, after configurationDone. Both are followed.
//   - subProcess has no effect in process: children of the process are not debugged (microsoft/debugpy#532). With the adapter process they are
//     announced by a debugpyAttach event, which passes.
//   - justMyCode, redirectOutput, pathMappings and all the rest are arguments of attach: remembered, repeated, never looked at. redirectOutput
//     shows the process's output in the editor from attach to disconnect.
//   - A forked child has nothing of its parent's debugger but the import: it must listen itself. A parent that listens would have to undo that.
//   - stoptrace() closes the listening socket under its accept(), which goes on to take one more connection: shut it down as well.
//   - exited and terminated mean a process, not the service: the editor does not see them. Its terminate and terminateDebuggee end the
//     session alone, and are not offered to it: the life of the service is devenv's.
//
// Delve 1.27, `dlv exec --headless --accept-multiclient --continue`, attach with "mode": "remote", as tried by hand: disconnect leaves breakpoints and
// a stopped process as they are, so the proxy clears and continues before it. Breakpoints that are set while the program runs halt it for a
// moment, so those that were set meanwhile are told before configurationDone. --continue is a client of Delve's own, which comes after it has
// begun to serve: whoever attached before finds its configurationDone refused with "debuggee is running", or a stop taken by the other. So Options.Dial
// waits until the program has begun, and a process that refuses what it is told again counts as not told.
package debug
