"""Bot and playground as processes, the scripted model and the people in this one.

The bot is Causerie or another program that takes its environment (`bench.naive`), started by `bench.blocks`.

Each scenario has fresh processes, so that none pays for another. Moments are compared between processes: Python's
monotonic clock is one for the whole machine on Linux, macOS and Windows. People act over the playground's own HTTP
interface; nothing is asked of it while answers are being written, since asking would be measured as well.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from bench import blocks
from bench.scenarios import Scenario, Via, answer_to
from bench.scoring import Freshness, Sent, State, complete, freshness, readable
from playground.models.recital import text_of
from playground.models.scripted import MODEL, ScriptedServer, Stream
from playground.program import Ended, Program

T = TypeVar("T")

FIRST_TOKEN_SECONDS = 0.3
START_SECONDS = 60.0
PATIENCE = 60.0
"""Seconds from an answer's last token until it is given up."""
LOOK_SECONDS = 0.1
"""Between two looks at what is not complete yet, after the last token."""
CAUSERIE, NAIVE = "bot", "bench.naive"
"""Modules that run as the bot."""
CONCURRENT_RUNS = 256
"""More than any scenario has streams; the bot's own default would let some wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one process, during the scenario; None where the system does not tell."""

    cpu_seconds: float | None
    peak_rss_mb: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One answer: what the model sent, and every state of what could be read."""

    sent: Sent
    states: Sequence[State]
    fresh: Freshness


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    scenario: Scenario
    program: str
    """The module that ran as the bot."""
    answers: tuple[Written, ...]
    """Those that became whole."""
    lost: int
    """Answers that never did."""
    calls: int
    refused: int
    """429s, whatever the bot's library repeated."""
    seconds: float
    """From the first question to the last whole answer."""
    model_lateness: float
    """Seconds by which the model's latest token missed its time: how far the machine kept up."""
    longest_block: float | None
    """Seconds for which the bot's event loop was busy without a look at what had come; None where not known."""
    bot: Cost
    playground: Cost


class Stage:
    """As a context manager, runs the three. Raises RuntimeError, with the last lines, where a process ends."""

    def __init__(self, directory: Path, program: str = CAUSERIE, profile: Path | None = None) -> None:
        self._directory = directory
        self._program = program
        self._blocks = directory / "blocks"
        self._profile = profile
        self._stack = AsyncExitStack()
        self._ended: asyncio.Future[tuple[str, Ended]] = asyncio.get_running_loop().create_future()
        self._told: dict[str, str] = {}
        self._online = asyncio.Event()

    async def __aenter__(self) -> Stage:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        self.model = await self._stack.enter_async_context(ScriptedServer(first_token=FIRST_TOKEN_SECONDS))
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession())
        command = (sys.executable, "-m", "playground")
        self.playground = await self._run("playground", _kept(os.environ), command, echo=self._hear)
        await self._unless_ended(self._introduced())
        self.bot = await self._run("bot", self._environment(), self._bot_command())
        await self._unless_ended(self._until_online())

    async def measure(self, scenario: Scenario) -> Outcome:
        """Raises TimeoutError where no answer becomes whole, RuntimeError where a process ends meanwhile."""
        # Not measured: the first answer of a process pays for imports, connections and caches.
        await self._unless_ended(self._asked(Scenario(name="warm", words=8, pace=50.0)))
        self.model.streams.clear()
        cpu = [cpu_seconds(each.pid) for each in (self.bot, self.playground)]
        before, began = await self._counted(), time.monotonic()
        answers = await self._unless_ended(self._asked(scenario))
        seconds, after = time.monotonic() - began, await self._counted()
        return Outcome(
            scenario=scenario,
            program=self._program,
            answers=tuple(answers),
            lost=scenario.streams - len(answers),
            calls=after[0] - before[0],
            refused=after[1] - before[1],
            seconds=seconds,
            model_lateness=max(stream.lateness for stream in self.model.streams),
            longest_block=blocks.longest(self._blocks, began, began + seconds),
            bot=_cost(self.bot.pid, cpu[0]),
            playground=_cost(self.playground.pid, cpu[1]),
        )

    async def _asked(self, scenario: Scenario) -> list[Written]:
        self.model.script, self.model.rate = partial(answer_to, words=scenario.words), scenario.pace
        places = [await self._place(f"{scenario.name}-{number}") for number in range(scenario.streams)]
        asking = (self._ask(scenario.via, *place, f"question of {scenario.name}-{n}") for n, place in enumerate(places))
        await asyncio.gather(*asking)
        questions = (f"question of {scenario.name}-{number}" for number in range(scenario.streams))
        written = await asyncio.gather(
            *(self._written(scenario, *place, question) for place, question in zip(places, questions, strict=True)),
            return_exceptions=True,
        )
        for each in written:
            if isinstance(each, BaseException) and not isinstance(each, TimeoutError):
                raise each
        whole = [each for each in written if isinstance(each, Written)]
        if not whole:
            raise TimeoutError("no answer became whole in time")
        return whole

    async def _place(self, name: str) -> tuple[str, str]:
        """A person and a channel."""
        channel = await self._post(f"/guilds/{self._guild}/channels", name=name)
        person = await self._post("/people", name=f"Person of {name}", guild_ids=[self._guild])
        return person["id"], channel["id"]

    async def _ask(self, via: Via, person: str, channel: str, question: str) -> None:
        if via is Via.ASK:
            options = {"prompt": question}
            await self._post(f"/channels/{channel}/commands", user_id=person, name="ask", options=options)
        else:
            content = f"<@{self._bot_id}> {question}"
            await self._post(f"/channels/{channel}/messages", user_id=person, content=content)

    async def _written(self, scenario: Scenario, person: str, channel: str, question: str) -> Written:
        async with asyncio.timeout(FIRST_TOKEN_SECONDS + scenario.seconds + PATIENCE):
            stream = await seen(partial(self._sent, question, scenario.words), LOOK_SECONDS)
            pause = LOOK_SECONDS * max(1, scenario.streams / 10)
            states = await seen(partial(self._whole, stream, person, channel), pause)
        return Written(sent=stream.sent, states=states, fresh=freshness(stream.sent, states))

    async def _sent(self, question: str, words: int) -> Stream | None:
        """The model's answer, once its last token has left."""
        # Of question-1 and question-10, one is the beginning of the other.
        asked = (stream for stream in self.model.streams if text_of(stream.messages[-1]).endswith(question))
        return next((stream for stream in asked if len(stream.sent) == words), None)

    async def _whole(self, stream: Stream, person: str, channel: str) -> list[State] | None:
        """What could be read, once all can be."""
        messages = await self._get(f"/channels/{channel}/messages?user_id={person}&versions=1")
        states = readable(messages["messages"], self._bot_id)
        return states if complete(stream.sent, states) else None

    async def _counted(self) -> tuple[int, int]:
        counted = await self._get("/limits")
        return counted["total_calls"], counted["total_refused"]

    # Processes

    async def _run(self, name: str, environment: Mapping[str, str], command: Sequence[str], **options: Any) -> Program:
        ended = partial(self._take_end, name)
        program = Program(environment, self._directory / f"{name}.log", ended=ended, command=command, **options)
        self._stack.push_async_callback(program.stop)
        await program.restart()
        return program

    def _take_end(self, name: str, ended: Ended) -> None:
        if not self._ended.done():
            self._ended.set_result((name, ended))

    def _hear(self, line: str) -> None:
        name, _, value = line.partition("=")
        self._told[name] = value
        if name == "DISCORD_TOKEN":
            self._online.set()

    async def _introduced(self) -> None:
        await self._online.wait()
        self._api = self._told["DISCORD_API_URL"].removesuffix("/api/v10") + "/playground/api"
        state = await self._get("/state")
        self._guild, self._bot_id = state["guilds"][0]["id"], state["bot"]["id"]
        self._anybody, self._channel = state["people"][0]["id"], state["guilds"][0]["channels"][0]["id"]

    async def _until_online(self) -> None:
        """Connected, and its commands registered."""
        async with asyncio.timeout(START_SECONDS):
            await seen(self._is_online, LOOK_SECONDS)

    async def _is_online(self) -> bool:
        state = await self._get("/state")
        offered = await self._get(f"/commands?channel_id={self._channel}&user_id={self._anybody}")
        return bool(state["bot"]["online"]) and any(command["name"] == "ask" for command in offered["commands"])

    async def _unless_ended(self, work: Any) -> Any:
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait((task, self._ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._ended.done():
            name, ended = self._ended.result()
            raise RuntimeError("\n".join((f"the {name} ended with status {ended.status}:", *ended.lines)))
        return task.result()

    def _bot_command(self) -> Sequence[str]:
        profiled = ("-m", "cProfile", "-o", str(self._profile)) if self._profile else ()
        return (sys.executable, *profiled, "-m", "bench.blocks", str(self._blocks), self._program)

    def _environment(self) -> dict[str, str]:
        return {
            **_kept(os.environ),
            "DISCORD_TOKEN": self._told["DISCORD_TOKEN"],
            "DISCORD_API_URL": self._told["DISCORD_API_URL"],
            "OPENAI_BASE_URL": self.model.base_url,
            "OPENAI_API_KEY": "none",
            "OPENAI_MODEL": MODEL,
            "DATABASE_URL": f"sqlite:///{self._directory / 'bench.db'}",
            "CAUSERIE_CACHE_DIR": str(self._directory / "cache"),
            "CAUSERIE_CONCURRENT_RUNS": str(CONCURRENT_RUNS),
        }

    # The playground's own interface

    async def _get(self, path: str) -> Any:
        async with self._http.get(self._api + path, raise_for_status=True) as response:
            return await response.json()

    async def _post(self, path: str, **body: Any) -> Any:
        async with self._http.post(self._api + path, json=body, raise_for_status=True) as response:
            return await response.json()


async def seen(look: Callable[[], Awaitable[T | None]], pause: float) -> T:
    """What a look returns once it is true."""
    while True:
        found = await look()
        if found:
            return found
        await asyncio.sleep(pause)


def _kept(environ: Mapping[str, str]) -> dict[str, str]:
    """Not what an operator has set for the bot."""
    kept = {name: environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT") if name in environ}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def about_the_machine() -> dict[str, Any]:
    return {"python": platform.python_version(), "processors": os.cpu_count(), "system": platform.system()}


def _cost(pid: int | None, before: float | None) -> Cost:
    now = cpu_seconds(pid)
    spent = None if before is None or now is None else now - before
    return Cost(cpu_seconds=spent, peak_rss_mb=peak_rss_mb(pid))


def cpu_seconds(pid: int | None) -> float | None:
    """User and system time of a process, by its own clock; None where the system has none (Linux has).

    /proc tells the same in hundredths of a second, of which a short answer takes one or two.
    """
    if pid is None or not sys.platform.startswith("linux"):
        return None
    try:
        return time.clock_gettime(~pid << 3 | 2)  # what clock_getcpuclockid(3) makes of a process's id
    except OSError:
        return None


def peak_rss_mb(pid: int | None) -> float | None:
    """The most memory it ever held."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)
