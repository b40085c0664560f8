"""The application for an ASGI server: `uvicorn chordify.asgi:application --lifespan on`."""

from django.core.asgi import get_asgi_application
from django.urls import get_resolver

django = get_asgi_application()


async def application(scope, receive, send):
    """Django answers HTTP and raises at anything else; a server with --lifespan on also tells when it starts and ends."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    else:
        await django(scope, receive, send)


async def lifespan(receive, send):
    await receive()  # lifespan.startup
    _ = get_resolver().url_patterns  # imports every view: a worker that cannot does not start, and no first request waits
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown: nothing is left to end, each request closes its connections
    await send({"type": "lifespan.shutdown.complete"})
