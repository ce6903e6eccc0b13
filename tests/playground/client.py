"""Plain HTTP requests, as the bot or as a program of the playground's own API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from playground.server import Playground
from tests.contract.exchange import CARELESS


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> int:
        """Discord's error code."""
        code: int = self.body["code"]
        return code


class Client:
    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers={CARELESS: "yes"})
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._session.close()

    async def bot(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        headers = {"Authorization": f"Bot {self._playground.token}"}
        return await self.fetch(method, f"{self._playground.api_url}{path}", json=body, headers=headers, **options)

    async def people(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        return await self.fetch(method, f"{self._playground.url}/playground/api{path}", json=body, **options)

    async def fetch(self, method: str, url: str, **options: Any) -> Reply:
        async with self._session.request(method, url, **options) as response:
            is_json = response.headers.get("Content-Type") == "application/json"
            body = await (response.json() if is_json else response.read())
            return Reply(response.status, body, dict(response.headers))

    async def events(self, user_id: int, **asked: int) -> aiohttp.ClientWebSocketResponse:
        address = f"{self._playground.url}/playground/api/events"
        return await self._session.ws_connect(address, params={"user_id": user_id, **asked})
