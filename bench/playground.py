"""What does the playground itself cost? So many new messages and as many edits a second, for a minute.

The playground runs as a process. One client hears everything over the gateway, as a bot does; one page follows over
its socket; a third connection writes, over the playground's own HTTP interface, so that no rate limit stands in the
way. Each second's calls are due at even distances, and a late one does not shift those after it. Printed are the
processor time and memory of the playground, and how long an event took from its call to the gateway and to the page.

`python -m bench.playground [--seconds 60] [--rate 50]`
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bench.harness import LOOK_SECONDS, cpu_seconds, peak_rss_mb, seen
from playground.program import Ended, Program

INTENTS = 1 << 0 | 1 << 9 | 1 << 15
"""Guilds, messages in them, their content."""
IDENTIFY, HEARTBEAT_DUE, HELLO = 2, 1, 10
MESSAGES_KEPT = 100
"""Messages that take turns in being edited."""
DRAIN_SECONDS = 10.0


@dataclass(slots=True)
class Listener:
    """What one connection has heard, by the text that the event is known by."""

    heard: dict[str, float] = field(default_factory=dict)

    def take(self, text: str | None) -> None:
        if text:
            self.heard.setdefault(text, time.monotonic())


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    seconds: float
    rate: float
    """New messages a second, and as many edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    calls: int
    lateness: float
    """Seconds by which the latest call missed its time."""
    cpu_seconds: float | None
    memory_mb: tuple[float | None, float | None]
    """The most until the beginning, and until the end."""
    delays: dict[str, list[float]]
    """By listener, in seconds: of each event it heard."""
    missing: dict[str, int]


async def measured(load: Load, directory: Path) -> Result:
    """Raises RuntimeError where the playground does not start."""
    async with AsyncExitStack() as stack:
        program, address = await _started(stack, directory)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        writer = await Writer.to(http, address["DISCORD_API_URL"].removesuffix("/api/v10"))
        bot, page = Listener(), Listener()
        gateway_url = f"{writer.url.replace('http', 'ws')}/gateway?v=10&encoding=json"
        gateway = await stack.enter_async_context(http.ws_connect(gateway_url))
        await gateway.send_json(_identify(address["DISCORD_TOKEN"]))
        feed_url = f"{writer.url}/playground/api/events?user_id={writer.person}"
        feed = await stack.enter_async_context(http.ws_connect(feed_url))
        hearing = [asyncio.create_task(_hear_gateway(gateway, bot)), asyncio.create_task(_hear_feed(feed, page))]
        cpu, memory = cpu_seconds(program.pid), peak_rss_mb(program.pid)
        lateness = await writer.write(load)
        await _drained(writer, (bot, page))
        after = cpu_seconds(program.pid)
        result = Result(
            calls=len(writer.called),
            lateness=lateness,
            cpu_seconds=None if cpu is None or after is None else after - cpu,
            memory_mb=(memory, peak_rss_mb(program.pid)),
            delays={name: _delays(writer, each) for name, each in (("gateway", bot), ("page", page))},
            missing={name: len(writer.called) - len(each.heard) for name, each in (("gateway", bot), ("page", page))},
        )
        for task in hearing:
            task.cancel()
        await asyncio.gather(*hearing, return_exceptions=True)
    return result


class Writer:
    """A person who writes and edits, over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, url: str, person: str, channel: str) -> None:
        self._http = http
        self.url = url
        self.person = person
        self._messages = f"{url}/playground/api/channels/{channel}/messages"
        self._ids: list[str] = []
        self.called: dict[str, float] = {}
        """Each event's text and when its call began."""

    @classmethod
    async def to(cls, http: aiohttp.ClientSession, url: str) -> Writer:
        async with http.get(f"{url}/playground/api/state") as response:
            state = await response.json()
        return cls(http, url, state["people"][0]["id"], state["guilds"][0]["channels"][0]["id"])

    async def write(self, load: Load) -> float:
        """By how many seconds the latest call missed its time."""
        began, lateness = time.monotonic(), 0.0
        calls: list[asyncio.Task[None]] = []
        for number in range(int(load.seconds * load.rate)):
            due = began + number / load.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            lateness = max(lateness, time.monotonic() - due)
            calls.append(asyncio.create_task(self._say(number)))
            if self._ids:
                calls.append(asyncio.create_task(self._edit(number)))
        await asyncio.gather(*calls)
        return lateness

    async def _say(self, number: int) -> None:
        answer = await self._call("POST", self._messages, f"message {number}")
        self._ids = [*self._ids[-MESSAGES_KEPT + 1 :], answer["id"]]

    async def _edit(self, number: int) -> None:
        id = self._ids[number % len(self._ids)]
        await self._call("PATCH", f"{self._messages}/{id}", f"edit {number} " + "of some length " * 20)

    async def _call(self, method: str, url: str, text: str) -> Any:
        self.called[text.strip()] = time.monotonic()
        given = {"user_id": self.person, "content": text.strip()}
        async with self._http.request(method, url, json=given, raise_for_status=True) as response:
            return await response.json()


async def _started(stack: AsyncExitStack, directory: Path) -> tuple[Program, dict[str, str]]:
    told: dict[str, str] = {}
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hear(line: str) -> None:
        name, _, value = line.partition("=")
        told[name] = value
        if name == "DISCORD_TOKEN" and not ready.done():
            ready.set_result(None)

    def ended(how: Ended) -> None:
        if not ready.done():
            ready.set_exception(RuntimeError("\n".join(("the playground ended:", *how.lines))))

    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = (sys.executable, "-m", "playground")
    program = Program(environment, directory / "playground.log", ended=ended, echo=hear, command=command)
    stack.push_async_callback(program.stop)
    await program.restart()
    await ready
    return program, told


def _identify(token: str) -> dict[str, Any]:
    properties = {"os": "bench", "browser": "bench", "device": "bench"}
    return {"op": IDENTIFY, "d": {"token": token, "intents": INTENTS, "properties": properties}}


async def _hear_gateway(socket: aiohttp.ClientWebSocketResponse, listener: Listener) -> None:
    async with asyncio.TaskGroup() as group:
        async for frame in socket:
            event = json.loads(frame.data)
            if event["op"] == HELLO:
                group.create_task(_beat(socket, event["d"]["heartbeat_interval"] / 1000))
            elif event.get("t") in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
                listener.take(event["d"]["content"])


async def _beat(socket: aiohttp.ClientWebSocketResponse, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await socket.send_json({"op": HEARTBEAT_DUE, "d": None})


async def _hear_feed(socket: aiohttp.ClientWebSocketResponse, listener: Listener) -> None:
    async for frame in socket:
        listener.take(json.loads(frame.data).get("message", {}).get("content"))


async def _drained(writer: Writer, listeners: Sequence[Listener]) -> None:
    """Until everything was heard, or nothing more comes."""

    async def all_heard() -> bool:
        return all(len(each.heard) >= len(writer.called) for each in listeners)

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await seen(all_heard, LOOK_SECONDS)


def _delays(writer: Writer, listener: Listener) -> list[float]:
    return [listener.heard[text] - called for text, called in writer.called.items() if text in listener.heard]


def told(load: Load, result: Result) -> str:
    heading = f"{load.rate:g} messages and {load.rate:g} edits a second for {load.seconds:g} s: {result.calls} calls"
    rows = [heading, f"latest call       {result.lateness * 1000:.0f} ms after its time"]
    if result.cpu_seconds is not None:
        share = result.cpu_seconds / load.seconds
        each = result.cpu_seconds / result.calls
        rows.append(f"processor time    {result.cpu_seconds:.2f} s, {share:.1%} of a core, {each * 1000:.2f} ms a call")
    if None not in result.memory_mb:
        rows.append("memory            {:.0f} MB before, {:.0f} MB at the most".format(*result.memory_mb))
    for name, delays in result.delays.items():
        times = f"{statistics.median(delays) * 1000:.1f} ms, at worst {max(delays) * 1000:.0f} ms" if delays else "-"
        rows.append(f"to the {name:<10} {times}; {result.missing[name]} not heard")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.playground", description="What the playground costs.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it is written (%(default)g)")
    parser.add_argument(
        "--rate", type=float, default=50.0, help="new messages a second, and as many edits (%(default)g)"
    )
    options = parser.parse_args()
    load = Load(seconds=options.seconds, rate=options.rate)
    with tempfile.TemporaryDirectory() as directory:
        result = asyncio.run(measured(load, Path(directory)))
    print(told(load, result))


if __name__ == "__main__":
    main()
