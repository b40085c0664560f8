"""What can be told without a database: `pytest` in the api container."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.main import app

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as opened:
        yield opened


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_root_names_the_service(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.json()["service"] == "shop"


async def test_a_price_below_zero_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/items", json={"title": "cup", "price": "-1"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "price"]
