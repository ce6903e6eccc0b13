"""How fresh is what people see while an answer is being written?

The unchanged bot runs as a process of its own against the playground, with Discord's rate limits, and a scripted model
whose tokens leave at exact times: 300 words at 50 a second. One stream runs alone, then several at once, each in a
channel of its own. For every token two moments are known: when the model sent it, and when a version of the bot's
message that holds it could first be read.

- first text: from the first token's sending to the first readable text.
- age of visible text: the mean over all tokens of (moment readable - moment sent). A bot that showed each token at
  once would have 0, one that edits every second about 0.5, one that waits for the end about 3.
- final text: from the last token's sending to the whole answer being readable.
- 429s and calls: what the playground's limits counted, whatever the bot's library retried.
- CPU: user and system time of the bot's process, from before the first question to after the last answer.
- peak RSS: of the bot's process up to then, where the system tells (Linux).

`python -m bench.streaming [--streams 1 10]` prints the table and writes bench/results/streaming.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from playground.entities import Channel
from playground.models.recital import Messages, text_of
from playground.models.scripted import MODEL, ScriptedServer, Stream
from playground.people import Person
from playground.program import Ended, Program
from playground.server import Playground

WORDS = 300
WORDS_A_SECOND = 50.0
FIRST_TOKEN_SECONDS = 0.3
PATIENCE = 120.0
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Of one stream, in seconds."""

    first_text: float
    mean_age: float
    worst_age: float
    final_text: float
    edits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Of so many streams at once: means over them, and the worst."""

    streams: int
    first_text: float
    worst_first_text: float
    mean_age: float
    worst_mean_age: float
    final_text: float
    worst_final_text: float
    edits: int
    """Versions of all pages, the first ones included."""
    refused: int
    calls: int
    cpu_seconds: float | None
    peak_rss_mb: float | None


def answer_to(messages: Messages) -> str:
    """Words of its own for every question, so that no text can be mistaken for another's."""
    rng = random.Random(text_of(messages[-1]))
    return " ".join("".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 8))) for _ in range(WORDS))


def readable(channel: Channel, bot_id: int) -> list[tuple[float, str]]:
    """Every state of what the bot has written in a channel, with the monotonic moment from which it could be read."""
    pages = [message for message in channel.messages if message.author.id == bot_id]
    changes = sorted((version.elapsed, page.id, version.content) for page in pages for version in page.versions)
    shown: dict[int, str] = {}
    states = []
    for moment, page_id, content in changes:
        shown[page_id] = content
        states.append((moment, "".join(shown[page.id] for page in pages if page.id in shown)))
    return states


def freshness(stream: Stream, states: Sequence[tuple[float, str]]) -> Freshness:
    """Raises ValueError where the whole answer never became readable."""
    moments = _moments(stream, states)
    ages = [seen - sent for (_, sent), seen in zip(stream.sent, moments, strict=True)]
    return Freshness(
        first_text=ages[0],
        mean_age=statistics.fmean(ages),
        worst_age=max(ages),
        final_text=ages[-1],
        edits=len(states),
    )


def _moments(stream: Stream, states: Sequence[tuple[float, str]]) -> list[float]:
    """When each token could first be read."""
    moments: list[float] = []
    end = 0
    pending = iter(states)
    moment, shown = 0.0, 0
    for token, _ in stream.sent:
        end += len(token)
        while shown < end:
            moment, text = next(pending, (0.0, None))
            if text is None:
                raise ValueError(f"{len(moments)} of {len(stream.sent)} tokens became readable")
            shown = max(shown, len(os.path.commonprefix([text, stream.text])))  # noqa: RUF071 - of texts, not paths
        moments.append(moment)
    return moments


@dataclass(frozen=True, slots=True)
class Bench:
    playground: Playground
    model: ScriptedServer
    bot: Program

    async def measure(self, streams: int) -> Result:
        places = [self._place(f"{streams}-streams-{number}") for number in range(streams)]
        calls, refused = self._counted()
        cpu = cpu_seconds(self.bot.pid)
        await asyncio.gather(*(person.say(channel, question) for person, channel, question in places))
        fresh = await asyncio.gather(*(self._fresh(channel, question) for _, channel, question in places))
        calls_after, refused_after = self._counted()
        cpu_after = cpu_seconds(self.bot.pid)
        return Result(
            streams=streams,
            **_summary(fresh),
            refused=refused_after - refused,
            calls=calls_after - calls,
            cpu_seconds=None if cpu is None or cpu_after is None else cpu_after - cpu,
            peak_rss_mb=peak_rss_mb(self.bot.pid),
        )

    def _place(self, name: str) -> tuple[Person, Channel, str]:
        guild = next(iter(self.playground.world.guilds.values()))
        person = self.playground.add_person(f"Person of {name}")
        self.playground.join(person, guild)
        return person, self.playground.add_channel(guild, name), f"{self.playground.bot_mention} question of {name}"

    async def _fresh(self, channel: Channel, question: str) -> Freshness:
        asked = question.removeprefix(self.playground.bot_mention).strip()
        bot_id = self.playground.bot_user_id

        def complete() -> Stream | None:
            stream = next((each for each in self.model.streams if asked in text_of(each.messages[-1])), None)
            states = readable(channel, bot_id) if stream else []
            return stream if stream and states and states[-1][1].strip() == stream.text else None

        stream = await self.playground.wait_for(complete, PATIENCE)
        assert stream is not None
        return freshness(stream, readable(channel, bot_id))

    def _counted(self) -> tuple[int, int]:
        counters = self.playground.limits.counters
        return counters.calls.total(), counters.refused.total()


def _summary(fresh: Sequence[Freshness]) -> dict[str, Any]:
    return {
        "first_text": statistics.fmean(each.first_text for each in fresh),
        "worst_first_text": max(each.first_text for each in fresh),
        "mean_age": statistics.fmean(each.mean_age for each in fresh),
        "worst_mean_age": max(each.mean_age for each in fresh),
        "final_text": statistics.fmean(each.final_text for each in fresh),
        "worst_final_text": max(each.final_text for each in fresh),
        "edits": sum(each.edits for each in fresh),
    }


def cpu_seconds(pid: int | None) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_rss_mb(pid: int | None) -> float | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)


async def run(counts: Sequence[int], directory: Path) -> list[Result]:
    """Raises RuntimeError, with its last lines, where the bot ends meanwhile."""
    ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
    playground = Playground()
    playground.add_guild("Bench")
    model = ScriptedServer(answer_to, rate=WORDS_A_SECOND, first_token=FIRST_TOKEN_SECONDS)
    async with model, playground:
        bot = Program(_environment(playground, model, directory), directory / "bot.log", ended=ended.set_result)
        await bot.restart()
        try:
            return await _unless(ended, _measured(Bench(playground, model, bot), counts))
        finally:
            await bot.stop()


async def _measured(bench: Bench, counts: Sequence[int]) -> list[Result]:
    await bench.playground.ready()
    # Not measured: the first answer of a process pays for imports, connections and caches.
    await bench.measure(1)
    bench.model.streams.clear()
    return [await bench.measure(count) for count in counts]


async def _unless(ended: asyncio.Future[Ended], work: Coroutine[Any, Any, list[Result]]) -> list[Result]:
    task = asyncio.create_task(work)
    await asyncio.wait((task, ended), return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise RuntimeError("\n".join(("the bot ended:", *ended.result().lines)))
    return task.result()


def _environment(playground: Playground, model: ScriptedServer, directory: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "DISCORD_TOKEN": playground.token,
        "DISCORD_API_URL": playground.api_url,
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": "none",
        "OPENAI_MODEL": MODEL,
        "DATABASE_URL": f"sqlite:///{directory / 'bench.db'}",
        "CAUSERIE_CACHE_DIR": str(directory / "cache"),
    }


def table(results: Sequence[Result]) -> Table:
    columns = ("streams", "first text", "worst", "age", "worst", "final text", "worst", "edits", "calls", "429s", "CPU")
    shown = Table(
        *columns,
        "RSS",
        title=f"Answers of {WORDS} words at {WORDS_A_SECOND:.0f} a second; times in seconds",
        title_justify="left",
    )
    for each in results:
        times = (
            *(each.first_text, each.worst_first_text, each.mean_age, each.worst_mean_age),
            *(each.final_text, each.worst_final_text),
        )
        shown.add_row(
            str(each.streams),
            *(f"{seconds:.3f}" for seconds in times),
            *(str(count) for count in (each.edits, each.calls, each.refused)),
            "-" if each.cpu_seconds is None else f"{each.cpu_seconds:.2f}",
            "-" if each.peak_rss_mb is None else f"{each.peak_rss_mb:.0f} MB",
        )
    return shown


def saved(results: Sequence[Result]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "words": WORDS,
        "words_a_second": WORDS_A_SECOND,
    }
    path = RESULTS / "streaming.json"
    path.write_text(json.dumps({**about, "results": [asdict(each) for each in results]}, indent=2) + "\n")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.streaming", description="Freshness of streamed answers.")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 10], help="how many at once, one run for each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        results = asyncio.run(run(options.streams, Path(directory)))
    console = Console()
    console = console if console.is_terminal else Console(width=120)
    console.print(table(results))
    console.print(f"Age: mean over all tokens of (moment readable - moment sent). Written to {saved(results)}.")


if __name__ == "__main__":
    main()
