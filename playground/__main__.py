"""`python -m playground`: the default world on a port of its own, for a bot of your choice."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from playground import scenario
from playground.server import Playground, default_world


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m playground", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--shards", type=int, default=1, help="shards recommended to the bot (default: %(default)s)")
    parser.add_argument("--name", default="Causerie", help="the bot's name (default: %(default)s)")
    parser.add_argument("--scenario", type=Path, help="a TOML file of what happens when (docs/playground.md)")
    options = parser.parse_args()
    try:
        asyncio.run(_serve(options, scenario.load(options.scenario) if options.scenario else None))
    except scenario.ScenarioError as error:
        sys.exit(f"playground: {error}")


async def _serve(options: argparse.Namespace, course: scenario.Scenario | None) -> None:
    playground = Playground(host=options.host, port=options.port, shards=options.shards, bot_name=options.name)
    default_world(playground)
    if course is not None:
        scenario.check(course, playground)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with playground:
        print(f"DISCORD_API_URL={playground.api_url}")
        print(f"DISCORD_TOKEN={playground.token}", flush=True)
        await _until(stopped, playground, course)


async def _until(stopped: asyncio.Event, playground: Playground, course: scenario.Scenario | None) -> None:
    """A scenario that breaks ends the playground; one that is over does not."""
    stopping = asyncio.create_task(stopped.wait())
    playing = asyncio.create_task(_play(course, playground))
    try:
        await asyncio.wait((stopping, playing), return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            playing.result()
            await stopping
    finally:
        stopping.cancel()
        playing.cancel()
        await asyncio.gather(stopping, playing, return_exceptions=True)


async def _play(course: scenario.Scenario | None, playground: Playground) -> None:
    if course is not None:
        await scenario.play(course, playground, lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
