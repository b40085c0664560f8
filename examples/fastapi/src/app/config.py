"""The settings, read from the environment (containers/api/api.env and the Dockerfile's ENV)."""

from functools import lru_cache

from pydantic import PostgresDsn
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    environment: str = "local"
    database_url: PostgresDsn
    database_pool_size: int = 5


@lru_cache
def settings() -> Settings:
    return Settings()
