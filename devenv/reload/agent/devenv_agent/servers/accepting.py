"""How an asyncio server stops accepting without dropping what it has just accepted."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def stop_accepting(server: Any) -> None:
    """Accepts no more from here on; the server is to be closed later, as its owner does anyway.

    asyncio accepts in one turn of its loop and makes the connection in a later one, which fails if the server was closed
    in between. So only its interest in the listener is taken away. uvloop accepts in one step and can be closed.
    """
    import asyncio

    if isinstance(server, asyncio.base_events.Server):
        for sock in server.sockets:
            asyncio.get_running_loop().remove_reader(sock.fileno())
    else:
        server.close()
