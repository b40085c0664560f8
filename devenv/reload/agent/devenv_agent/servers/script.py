"""A script or package of the project itself (`python worker.py`, `python -m package`).

Nobody knows when it is ready, and two of it at once could do work twice. So the imports at its top are run first; if
they fail, the old one goes on. Then the old one is stopped, and then the new one runs. A script that turns out to be
one of the servers is treated as that server from then on.
"""

from __future__ import annotations

import os
import sys

from .. import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from ..child import Child


def begin(child: Child) -> None:
    """Returns when the script may run."""
    if child.go["serves"]:
        return
    try:
        for file, package, root in _files(child):
            _import_top(file, package, root)
    except Exception as error:
        error.__traceback__ = _without_us(error)
        child.failed(failure.describe(error, child.project))
        sys.__excepthook__(type(error), error, error.__traceback__)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(1)
    child.take_turn()


def _files(child: Child) -> list[tuple[str, str, str]]:
    """The files that run as the program, each with its package and the folder that Python will search first."""
    target = child.go["target"]
    if not child.go["module"]:
        return [(target, "", os.path.dirname(os.path.realpath(target)))]
    relative = target.replace(".", "/")
    for root in [os.getcwd(), *sys.path]:
        main = os.path.join(root, relative, "__main__.py")
        if os.path.exists(main):
            return [(main, target, os.getcwd())]
        if os.path.exists(os.path.join(root, relative + ".py")):
            return [(os.path.join(root, relative + ".py"), target.rpartition(".")[0], os.getcwd())]
    return []


def _import_top(path: str, package: str, root: str) -> None:
    """Runs the imports with which a file begins, in the order and the surroundings that they will have."""
    import ast

    with open(path, "rb") as stream:
        tree = ast.parse(stream.read(), path)
    compile(tree, path, "exec", dont_inherit=True)  # what ast accepts is not always right (return outside function)
    top = []
    for statement in tree.body:
        documents = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not documents and not isinstance(statement, (ast.Import, ast.ImportFrom)):
            break
        top.append(statement)
    sys.path.insert(0, root)
    try:
        space = {"__name__": "__main__", "__package__": package, "__file__": path}
        exec(compile(ast.Module(top, []), path, "exec", dont_inherit=True), space)
    finally:
        sys.path.remove(root)


def _without_us(error: BaseException) -> TracebackType | None:
    """The traceback from the script on."""
    trace = error.__traceback__
    while trace is not None and "/devenv_agent/" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    return trace
