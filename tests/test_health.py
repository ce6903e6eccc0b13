from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.errors import HealthPortTaken
from bot.health import HealthServer, probe


async def asked(port: int, path: str) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.json()


async def test_alive_and_ready_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = ["not connected to Discord"]

    async def ready() -> list[str]:
        return problems

    async with HealthServer(0, ready=ready, host="127.0.0.1") as server:
        monkeypatch.setenv("HEALTH_PORT", str(server.port))
        assert await asked(server.port, "/livez") == (200, {"status": "ok"})
        assert await asked(server.port, "/readyz") == (503, {"status": "not ready", "problems": problems})
        assert await asyncio.to_thread(probe) == 1
        problems.clear()
        assert (await asked(server.port, "/readyz"))[0] == 200
        assert await asyncio.to_thread(probe) == 0
        with pytest.raises(HealthPortTaken):
            async with HealthServer(server.port, ready=ready, host="127.0.0.1"):
                pass
    assert await asyncio.to_thread(probe) == 1
