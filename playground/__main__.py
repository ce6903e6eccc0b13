"""`python -m playground`: the default world on a port of its own, for a bot of your choice."""

from __future__ import annotations

import argparse
import asyncio
import signal

from playground.server import Playground, default_world


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m playground", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--shards", type=int, default=1, help="shards recommended to the bot (default: %(default)s)")
    parser.add_argument("--name", default="Causerie", help="the bot's name (default: %(default)s)")
    options = parser.parse_args()
    asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    playground = Playground(host=options.host, port=options.port, shards=options.shards, bot_name=options.name)
    default_world(playground)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with playground:
        print(f"DISCORD_API_URL={playground.api_url}")
        print(f"DISCORD_TOKEN={playground.token}", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    main()
