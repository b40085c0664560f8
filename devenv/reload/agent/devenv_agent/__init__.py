"""devenv's agent: the part of `devenv` that lives inside a container and replaces code without dropping a request.

How one save becomes the new answer:

    devenv --(relay, JSON lines)--> supervisor --(go)--> standby: imports the project, binds, accepts --> ready
                                        |                                                                   |
                                        +--(retire)--> the old child: stops accepting, hands its idle connections over,
                                                       finishes its requests, runs its shutdown, goes

    supervisor   the process that Python started: bare, no thread, no project code, no third-party code. It owns the
                 listening sockets, the control socket, signals, exit codes and zombies.          supervisor.py
    zygote       a fork of it that has imported the third-party modules that the first child turned out to need. It only
                 forks. It is thrown away and made anew when the packages change.                  zygote.py, preload.py
    standby      a fork of the zygote, made before it is needed, that waits to be told "go".       child.py
    child        a standby that was told to go: it returns from `import sitecustomize` and becomes the unchanged
                 program. A few functions of its server are replaced (servers/) to learn when it accepts, to switch
                 its own reloader off and to make it retire without dropping anything.

Which process is supervised is decided in program.py (what is it?) and ancestry.py (is it the service's own?).
The protocol with devenv stands in protocol.py; relay.py is its other end inside the container.

Standard library only, Python 3.9 to 3.14, Linux.
"""

VERSION = 1
