"""One engine for the process and one session for each request."""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from app.config import settings


@lru_cache
def engine() -> AsyncEngine:
    return create_async_engine(
        str(settings().database_url),
        pool_size=settings().database_pool_size,
        pool_pre_ping=True,
    )


async def session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine(), expire_on_commit=False) as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]
