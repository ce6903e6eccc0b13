"""`python -m playground`: the default world on a port of its own, for a bot of your choice.

`replay` plays a recorded session again before a bot, `transcript` prints one as Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from playground import page, scenario
from playground.listening import port_number
from playground.recording.files import Pen, Session, Unreadable, read
from playground.recording.replay import PATIENCE, Replay
from playground.recording.transcript import markdown
from playground.server import Playground, default_world

STATUSES = "Exit status: 0 when ended by an interrupt or SIGTERM, or where a replay finds no difference; 1 where it \
finds one, and where a port, a file or a bot cannot be had; 2 for wrong options."


def main(arguments: Sequence[str] | None = None) -> None:
    options = parsed(arguments)
    try:
        status = options.act(options)
    except (Unreadable, scenario.ScenarioError, OSError) as error:
        for line in str(error).splitlines():
            print(f"playground: {line}", file=sys.stderr)
        status = 1
    sys.exit(status)


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m playground", description=description, epilog=STATUSES)
    parser.set_defaults(act=lambda options: asyncio.run(_stoppable(_serve(options))))
    _add_server(parser)
    _add_name(parser, "Causerie", "%(default)s")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write down what happens, for replay and transcript"
    )
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="TOML of what happens when")
    acts = parser.add_subparsers(title="with a recording")
    replay = acts.add_parser("replay", help="do again what people did, and compare what the bot does")
    replay.add_argument("session", type=Path)
    _add_server(replay)
    _add_name(replay, None, "as recorded")
    replay.add_argument("--speed", type=_speed, default=1.0, help="2: in half the time (default: %(default)s)")
    help = "seconds to wait for the bot, at the start and at each step"
    replay.add_argument("--patience", type=float, default=PATIENCE, help=f"{help} (default: %(default)s)")
    replay.set_defaults(act=lambda options: asyncio.run(_stoppable(_replay(read(options.session), options))))
    transcript = acts.add_parser("transcript", help="print what happened, as Markdown")
    transcript.add_argument("session", type=Path)
    transcript.set_defaults(act=_transcribe)
    return parser.parse_args(arguments)


def _add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=port_number, default=0, help="port to listen on (default: any free one)")
    parser.add_argument(
        "--shards", type=_shards, default=1, help="shards recommended to the bot (default: %(default)s)"
    )


def _add_name(parser: argparse.ArgumentParser, default: str | None, told: str) -> None:
    parser.add_argument("--name", default=default, help=f"the bot's name (default: {told})")


def _shards(text: str) -> int:
    shards = int(text)
    if shards < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return shards


def _speed(text: str) -> float:
    speed = float(text)
    if speed <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return speed


def _playground(options: argparse.Namespace) -> Playground:
    return Playground(
        host=options.host, port=options.port, shards=options.shards, bot_name=options.name, mounts=[page.routes]
    )


async def _stoppable(act: Coroutine[Any, Any, int]) -> int:
    """What it returns; 0 where an interrupt or SIGTERM ends it. Once it is ending, further ones change nothing."""
    task = asyncio.ensure_future(act)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancelling() or task.cancel())
    try:
        return await task
    except asyncio.CancelledError:
        return 0


async def _serve(options: argparse.Namespace) -> int:
    playground = _playground(options)
    default_world(playground)
    course = scenario.load(options.scenario, playground) if options.scenario else None
    async with AsyncExitStack() as stack:
        pen = Pen(options.record) if options.record else None
        if pen is not None:
            stack.push_async_callback(pen.close)
            stack.callback(playground.recording.follow(pen.put))
        await stack.enter_async_context(playground)
        _introduce(playground)
        print(f"PAGE={playground.url}", flush=True)
        await _go_on(*_parts(playground, course, pen))
    return 0


def _parts(
    playground: Playground, course: scenario.Scenario | None, pen: Pen | None
) -> Iterator[Coroutine[Any, Any, None]]:
    if course is not None:
        yield scenario.play(course, playground, lambda line: print(line, flush=True))
    if pen is not None:
        yield pen.wait()


async def _go_on(*parts: Coroutine[Any, Any, None]) -> None:
    """Until it is cancelled, beyond the end of its parts. What one of them raises ends it."""
    going = [asyncio.create_task(each) for each in (*parts, asyncio.Event().wait())]
    try:
        await asyncio.gather(*going)
    finally:
        for each in going:
            each.cancel()
        await asyncio.gather(*going, return_exceptions=True)


async def _replay(session: Session, options: argparse.Namespace) -> int:
    """0 where the bot did as recorded."""
    options.name = options.name or session.header.get("bot") or "the bot"
    playground = _playground(options)
    replay = Replay(session, playground, speed=options.speed, patience=options.patience)
    async with playground:
        _introduce(playground)
        try:
            await playground.ready(options.patience)
        except TimeoutError:
            print(f"playground: no bot connected within {options.patience:g} s", file=sys.stderr)
            return 1
        report = await replay.run()
    print(report)
    return 1 if report.differences else 0


def _transcribe(options: argparse.Namespace) -> int:
    session = read(options.session)
    print(markdown(session.header, session.lines), end="")
    return 0


def _introduce(playground: Playground) -> None:
    print(f"DISCORD_API_URL={playground.api_url}")
    print(f"DISCORD_TOKEN={playground.token}", flush=True)


if __name__ == "__main__":
    main()
