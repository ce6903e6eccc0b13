"""Probes, asked over HTTP as an orchestrator asks them."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.errors import HealthPortTaken
from bot.health import HealthServer, probe


class Readiness:
    def __init__(self, *problems: str) -> None:
        self.problems = list(problems)

    async def __call__(self) -> list[str]:
        return self.problems


def server(ready: Readiness) -> HealthServer:
    return HealthServer(0, ready=ready, host="127.0.0.1")


async def asked(port: int, path: str) -> tuple[int, object]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.json()


async def test_readiness_changes_with_what_is_wrong() -> None:
    ready = Readiness("not connected to Discord", "database: locked")
    async with server(ready) as health:
        assert await asked(health.port, "/readyz") == (503, {"status": "not ready", "problems": ready.problems})
        assert await asked(health.port, "/livez") == (200, {"status": "ok"})
        ready.problems = []
        assert await asked(health.port, "/readyz") == (200, {"status": "ok", "problems": []})


async def test_what_cannot_be_asked_is_not_ready() -> None:
    async def broken() -> list[str]:
        raise OSError("no such disk")

    async with HealthServer(0, ready=broken, host="127.0.0.1") as health:
        with capture_logs() as logged:
            status, said = await asked(health.port, "/readyz")
        assert [event["event"] for event in logged] == ["readiness_unknown"]
        assert (status, said) == (503, {"status": "not ready", "problems": ["OSError"]})
        assert (await asked(health.port, "/livez"))[0] == 200


async def test_a_taken_port_is_named_and_the_server_closed() -> None:
    async with server(Readiness()) as health:
        with pytest.raises(HealthPortTaken) as raised:
            await HealthServer(health.port, ready=Readiness(), host="127.0.0.1").__aenter__()
        assert raised.value.port == health.port
        assert (await asked(health.port, "/livez"))[0] == 200


async def test_the_port_is_free_again_afterwards() -> None:
    async with server(Readiness()) as health:
        port = health.port
    async with HealthServer(port, ready=Readiness(), host="127.0.0.1"):
        assert (await asked(port, "/livez"))[0] == 200


async def test_a_containers_check_tells_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = Readiness("not connected to Discord")
    async with server(ready) as health:
        monkeypatch.setenv("HEALTH_PORT", str(health.port))
        assert await asyncio.to_thread(probe) == 1
        assert "not connected to Discord" in capsys.readouterr().err
        ready.problems = []
        assert await asyncio.to_thread(probe) == 0


async def test_a_containers_check_asks_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with server(Readiness()) as health:
        monkeypatch.setenv("HEALTH_PORT", f'"{health.port}"')
        assert await asyncio.to_thread(probe) == 0


def test_a_containers_check_of_a_bot_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HEALTH_PORT", str(closed.getsockname()[1]))
        assert probe() == 1
    for port in ("eighty", "0", "65536"):
        monkeypatch.setenv("HEALTH_PORT", port)
        assert probe() == 1
    refused, unreadable, *beyond = capsys.readouterr().err.splitlines()
    assert refused.startswith("not ready: nothing answers on port ") and refused.endswith(" (Connection refused)")
    assert unreadable == "not asked: HEALTH_PORT is no number: eighty"
    assert beyond == [f"not asked: HEALTH_PORT is out of range, 1 to 65535: {port}" for port in (0, 65536)]


async def test_a_containers_check_of_a_bot_that_is_stuck(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("HEALTH_PORT", str(port))
        monkeypatch.setattr("bot.health.PATIENCE", 0.1)
        assert await asyncio.to_thread(probe) == 1
    assert capsys.readouterr().err == f"not ready: no answer on port {port} within 0.1 s\n"


@pytest.mark.parametrize("given", [None, "", '""'])
def test_a_check_without_a_port_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str | None
) -> None:
    monkeypatch.delenv("HEALTH_PORT", raising=False)
    if given is not None:
        monkeypatch.setenv("HEALTH_PORT", given)
    assert probe() == 1
    assert capsys.readouterr().err.startswith("not asked: HEALTH_PORT is not set")


async def test_a_containers_check_of_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.example.org ESMTP\r\n")
        writer.close()

    other = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with other:
        monkeypatch.setenv("HEALTH_PORT", str(other.sockets[0].getsockname()[1]))
        assert await asyncio.to_thread(probe) == 1
