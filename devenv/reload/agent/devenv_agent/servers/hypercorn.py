"""hypercorn: runs in the child itself instead of in processes that it spawns, its reloader switched off.

When it starts to wait for its shutdown, it accepts. Its workers on trio cannot be watched that way: they are stopped
before the next one starts.
"""

from __future__ import annotations

import signal

from ..hooks import when_imported
from .accepting import stop_accepting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..child import Child

GRACE = 0.5  # seconds for a connection that was accepted last to send its request, before hypercorn closes idle ones


def install(child: Child) -> None:
    """Waits for hypercorn's modules."""
    when_imported("hypercorn.run", lambda module: _run(child, module))
    when_imported("hypercorn.asyncio.run", lambda module: _serve(child, module))


def _run(child: Child, module: Any) -> None:
    run = module.run

    def run_here(config: Any) -> Any:
        config.use_reloader = False
        config.workers = 0
        if config.worker_class not in ("asyncio", "uvloop"):
            child.take_turn()
        return run(config)

    module.run = run_here


def _serve(child: Child, module: Any) -> None:
    import asyncio

    serve = module.worker_serve

    async def worker_serve(app: Any, config: Any, *, sockets: Any = None, shutdown_trigger: Any = None) -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        child.mark("imported")
        if shutdown_trigger is None:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, over.set)

        opened: list[Any] = []
        create = loop.create_server

        async def create_server(*args: Any, **kwargs: Any) -> Any:
            opened.append(await create(*args, **kwargs))
            return opened[-1]

        loop.create_server = create_server  # type: ignore[method-assign]

        def retire(how: dict[str, Any], _: list[int]) -> None:
            loop.remove_reader(child.channel.fileno())
            config.graceful_timeout = min(config.graceful_timeout, how["seconds"])
            for server in opened:
                stop_accepting(server)
            child.channel.send({"retired": {}})
            child.tell_modules()
            loop.call_later(GRACE, over.set)

        async def accepting() -> None:
            for sock in [*sockets.secure_sockets, *sockets.insecure_sockets] if sockets else []:
                sock.listen(config.backlog)  # the loop did, perhaps unseen; now the supervisor knows
            child.handlers["retire"] = retire
            loop.add_reader(child.channel.fileno(), child.pump)
            child.ready(serves=True, retire="message")
            if shutdown_trigger is None:
                await over.wait()
                return
            waits = [asyncio.ensure_future(over.wait()), asyncio.ensure_future(shutdown_trigger())]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

        await serve(app, config, sockets=sockets, shutdown_trigger=accepting)

    module.worker_serve = worker_serve
