"""The application: `uvicorn app.main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.database import engine
from app.routers import health, items, orders, users


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine().dispose()


app = FastAPI(title="Shop", version="0.1.0", lifespan=lifespan)
app.include_router(health.router)
app.include_router(users.router)
app.include_router(items.router)
app.include_router(orders.router)


@app.get("/")
async def root() -> dict[str, str]:
    return {"service": "shop", "environment": settings().environment}
