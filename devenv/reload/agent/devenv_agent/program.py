"""What is this process going to run? Read from its command line, before it runs.

Supported: the servers in SERVERS, `manage.py runserver`, and a script or a package of the project itself. Everything
else (alembic, pytest, pip, `python -c`, `manage.py migrate`) is none of the agent's business.
"""

from __future__ import annotations

import json
import os
import sys

SERVERS = ("uvicorn", "gunicorn", "hypercorn", "fastapi", "flask", "celery", "django", "django-admin")
TASKS = {  # what ends by itself, on the way to the program that stays: any call, or these subcommands
    "alembic": (),
    "compileall": (),
    "flask": ("db",),
    "pip": (),
    "pytest": (),
    **dict.fromkeys(
        ("manage.py", "django", "django-admin"),
        ("check", "collectstatic", "compilemessages", "createcachetable", "flush", "loaddata", "makemigrations", "migrate", "test"),
    ),
}
WITH_VALUE = ("--listen", "--connect", "--log-to", "--adapter-access-token", "--parent-session-pid")


class Program:
    """A Python command line, taken apart: `python FLAGS [-m] TARGET ARGUMENTS`."""

    def __init__(self, flags: list[str], module: bool, target: str, arguments: list[str]) -> None:
        self.flags = flags
        self.module = module
        self.target = target
        self.arguments = arguments
        self.name = "" if not target else target.split(".")[0] if module else os.path.basename(target)

    def command(self) -> list[str]:
        """The command line again, without the interpreter."""
        return [*self.flags, *(["-m"] if self.module else []), self.target, *self.arguments]

    def reloads_itself(self, name: str) -> bool:
        """Whether the user asked for a reloader, which waits for the next save whatever goes wrong."""
        words = self.arguments
        if name == "django":
            return "--noreload" not in words
        if name == "flask":
            return "--debug" in words or os.environ.get("FLASK_DEBUG") in ("1", "true")
        if name == "fastapi":
            return "dev" in words and "--no-reload" not in words
        return "--reload" in words


def command_line() -> list[str]:
    """This process's command line, complete before the program runs; sys.orig_argv is 3.10+."""
    known = getattr(sys, "orig_argv", None)
    if known:
        return list(known)
    with open("/proc/self/cmdline", "rb") as cmdline:
        return [os.fsdecode(part) for part in cmdline.read().split(b"\0")[:-1]]


def parse(argv: list[str]) -> Program | None:
    """The program of a Python command line; None for `-c`, standard input and the prompt."""
    at = 1
    while at < len(argv):
        word = argv[at]
        if word == "--check-hash-based-pycs":
            at += 2
        elif word.startswith("--"):
            at += 1
        elif word.startswith("-") and len(word) > 1:
            letter, rest = _last_letter(word)
            if letter == "c":
                return None
            if letter == "m":
                flags = argv[1:at] + ([word[: -len(rest) - 1]] if len(word) - len(rest) > 2 else [])
                target, after = (rest, at + 1) if rest else ((argv + ["", ""])[at + 1], at + 2)
                return Program(flags, True, target, argv[after:])
            at += 2 if letter in "WX" and letter and not rest else 1
        elif word == "-":
            return None
        else:
            return Program(argv[1:at], False, word, argv[at + 1 :])
    return None


def _last_letter(word: str) -> tuple[str, str]:
    """The letter of a cluster (`-um`) that takes the rest of it as its value, and that rest; "" where none does."""
    for position, letter in enumerate(word[1:], start=1):
        if letter in "cmWX":
            return letter, word[position + 1 :]
    return "", ""


def without_debugpy(program: Program) -> tuple[Program, dict[str, object]] | None:
    """The program that debugpy was asked to run, and how debugpy was asked to listen; None if it is not debugpy.

    devenv owns the debug port and makes the running child listen when a client comes, so the debugger in front of
    the program would only be in the way.
    """
    if program.name != "debugpy":
        return None
    asked: dict[str, object] = {"listen": "", "wait": False}
    words = list(program.arguments)
    while words:
        word = words.pop(0)
        if word == "-m" and words:
            return Program(program.flags, True, words[0], words[1:]), asked
        if word == "--listen" and words:
            asked["listen"] = words.pop(0)
        elif word == "--wait-for-client":
            asked["wait"] = True
        elif word in WITH_VALUE or word.startswith("--configure-"):
            words[:1] = []
        elif word in ("-c", "--pid"):
            return None
        elif not word.startswith("-"):
            return Program(program.flags, False, word, words), asked
    return None


def supported(program: Program, sources: list[str]) -> str:
    """The name under which the agent supports this program, or "" where it leaves it alone."""
    arguments = program.arguments
    if program.name in SERVERS and _is_server(program.name, arguments):
        return "django" if program.name.startswith("django") else program.name
    if not program.module and program.name == "manage.py":
        return "django" if _subcommand(arguments) == "runserver" else ""
    if program.name in SERVERS:
        return ""
    if program.module:
        return "package" if _module_in(program.target, sources) else ""
    return "script" if _project_file(program.target, sources) else ""


def ends(argv: list[str]) -> bool:
    """Whether a Python command line is that of a task, such as a migration, which is to run to its end."""
    program = parse(argv)
    if program is None or program.name not in TASKS:
        return False
    tasks = TASKS[program.name]
    return not tasks or _subcommand(program.arguments) in tasks


def _is_server(name: str, arguments: list[str]) -> bool:
    if any(word in ("--help", "-h", "--version") for word in arguments):
        return False
    if name == "fastapi":
        return _subcommand(arguments) in ("dev", "run")
    if name in ("django", "django-admin"):
        return _subcommand(arguments) == "runserver"
    if name == "flask":
        return "run" in arguments
    if name == "celery":
        return "worker" in arguments or "beat" in arguments
    return True


def _subcommand(arguments: list[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "")


def _project_file(path: str, sources: list[str]) -> bool:
    from .project import Project

    return path.endswith(".py") and os.path.exists(path) and Project(sources).owns(os.path.realpath(path))


def _module_in(name: str, sources: list[str]) -> bool:
    """Whether `python -m name` would run project code: looked for in files, because importing would run it."""
    from .project import Project

    relative = name.replace(".", "/")
    for root in [os.getcwd(), *sys.path]:
        for tail in (".py", "/__main__.py"):
            path = os.path.realpath(os.path.join(root, relative + tail))
            if os.path.exists(path):
                return Project(sources).owns(path)
    return False


def debug_note(asked: dict[str, object]) -> str:
    """How debugpy was asked to listen, as text that survives an exec."""
    return json.dumps(asked)
