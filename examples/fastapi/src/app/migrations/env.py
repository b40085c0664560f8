"""How Alembic reaches the database: with the application's own engine and tables."""

import asyncio
from logging.config import fileConfig

from alembic import context
from sqlalchemy import Connection, text

from app.database import engine
from app.models import Base

fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        # Containers that start at the same time take turns; the lock ends with the transaction.
        connection.execute(text("SELECT pg_advisory_xact_lock(20240501)"))
        context.run_migrations()


async def online() -> None:
    async with engine().connect() as connection:
        await connection.run_sync(migrate)
    await engine().dispose()


asyncio.run(online())
