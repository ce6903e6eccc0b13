"""`python -m playground.demo`: the bot, a Discord to try it in and a model to answer, all on this machine.

It ends with an interrupt or SIGTERM, and everything it started ends with it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import socket
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from playground import page
from playground.display import Display
from playground.listening import cannot_listen, port_number
from playground.models.choice import Choice, Reports, Wish, chosen
from playground.models.recorder import Recorder
from playground.program import ROOT, Ended, Program
from playground.server import Playground, default_world

DIRECTORY = ROOT / ".cache" / "demo"
PORT = 8080
TRIED_PORTS = 100
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READY_SECONDS = 60.0
DRAIN_SECONDS = 3
"""For the bot's running answers when the demo ends."""
WITHHELD = ("DISCORD_", "OPENAI_", "DATABASE_URL", "HEALTH_PORT")
"""Variables of an operator's own environment that would lead the demo's bot elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    port: int | None
    """None: 8080, or the next one that is free."""
    browser: bool
    verbose: bool
    wish: Wish
    directory: Path
    """Holds a directory for each port, with the database and the bot's log."""


async def run(options: Options, display: Display) -> None:
    """Until it is cancelled. Raises CannotListen."""
    port = free_port(options.port)
    directory = prepared(options.directory / str(port))
    async with AsyncExitStack() as stack:
        choice = await _model(stack, options, display)
        display.say(f"Model: {choice.description}. {choice.advice}".rstrip())
        recorder = await stack.enter_async_context(Recorder(choice.base_url, adapt=choice.adapt))
        playground = Playground(port=port)
        default_world(playground)
        bot = Program(
            environment(os.environ, playground, port, choice, recorder, directory),
            directory / "bot.log",
            ended=partial(_tell, display),
            echo=display.quote if options.verbose else None,
        )
        page.routes(playground.app, recorder.url, bot)
        await stack.enter_async_context(playground)
        stack.push_async_callback(bot.stop)
        await _begin(bot, playground, display)
        if options.browser and _has_screen():
            await asyncio.to_thread(webbrowser.open, playground.url)
        await asyncio.Event().wait()


async def _model(stack: AsyncExitStack, options: Options, display: Display) -> Choice:
    with display.downloading("Fetching a small model, once") as meter:
        reports = Reports(say=display.say, download=meter)
        return await stack.enter_async_context(chosen(os.environ, reports, wish=options.wish))


async def _begin(bot: Program, playground: Playground, display: Display) -> None:
    display.say(f"Starting the bot; it writes to {_short(bot.log)}.")
    await bot.restart()
    online, ended = asyncio.create_task(playground.ready(READY_SECONDS)), asyncio.create_task(bot.wait())
    try:
        await asyncio.wait((online, ended), return_when=asyncio.FIRST_COMPLETED)
    finally:
        online.cancel()
        ended.cancel()
        await asyncio.gather(online, ended, return_exceptions=True)
    if bot.running and not playground.online:
        display.problem(f"The bot is not online after {READY_SECONDS:.0f} s.")
    display.box(f"Open  {playground.url}", "Ctrl-C ends everything.")


def environment(
    environ: Mapping[str, str], playground: Playground, port: int, choice: Choice, recorder: Recorder, directory: Path
) -> dict[str, str]:
    """What the bot is started with: all it is told about where it runs."""
    inherited = {name: value for name, value in environ.items() if not name.startswith(WITHHELD)}
    named = {"OPENAI_MODEL": choice.model} if choice.model else {}
    return {
        "LOG_FORMAT": "console",
        **inherited,
        **choice.settings,
        **named,
        "PYTHONUNBUFFERED": "1",
        "CAUSERIE_CACHE_DIR": str(directory.parent / "cache"),
        "CAUSERIE_DRAIN_SECONDS": str(DRAIN_SECONDS),
        "CAUSERIE_MESSAGE_CONTENT": "true",
        "DISCORD_TOKEN": playground.token,
        "DISCORD_API_URL": f"http://127.0.0.1:{port}/api/v10",
        "OPENAI_BASE_URL": recorder.base_url,
        "OPENAI_API_KEY": choice.api_key,
        "DATABASE_URL": f"sqlite:///{directory / 'causerie.db'}",
    }


def _tell(display: Display, ended: Ended) -> None:
    if ended.asked:
        display.say(f"The bot was killed ({ended.signal}), as it was asked. A button on the page starts it again.")
        return
    how = f"signal {ended.signal}" if ended.signal else f"status {ended.status}"
    display.problem(f"The bot ended with {how}. A button on the page starts it again. Its last lines:")
    for line in ended.lines:
        display.quote(line)


def free_port(wanted: int | None) -> int:
    """Raises CannotListen where the one that is wanted is taken, or all that are tried."""
    candidates = [wanted] if wanted is not None else range(PORT, PORT + TRIED_PORTS)
    for port in candidates:
        with socket.socket() as probe:
            # As the web server will bind it: connections of an earlier demo may still be closing.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if port == candidates[-1]:
                    raise cannot_listen("127.0.0.1", port, error) from None
            else:
                return int(probe.getsockname()[1])
    raise AssertionError("the last candidate raises or returns")


def prepared(directory: Path) -> Path:
    """Empty: every demo has a world of its own, of whose places an older database would know nothing."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _has_screen() -> bool:
    """Elsewhere a browser could only open in the terminal, over what the demo shows there."""
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def parsed(arguments: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m playground.demo", description="Try the bot on this machine.")
    parser.add_argument("--port", type=port_number, help=f"of the page; without it {PORT} or the next one that is free")
    parser.add_argument(
        "--model", choices=[wish.value for wish in Wish], default=Wish.AUTO.value, help="which model answers"
    )
    parser.add_argument("--directory", type=Path, default=DIRECTORY, help="for the database and the bot's log")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    parser.add_argument("--verbose", action="store_true", help="show what the bot writes")
    options = parser.parse_args(arguments)
    return Options(
        port=options.port,
        browser=not options.no_browser,
        verbose=options.verbose,
        wish=Wish(options.model),
        directory=options.directory.resolve(),
    )


async def _until_interrupted(options: Options, display: Display) -> int:
    task = asyncio.create_task(run(options, display))

    def end() -> None:
        # Once: a second interrupt must not break off the clearing up.
        for name in ENDING:
            asyncio.get_running_loop().add_signal_handler(name, lambda: None)
        display.say("Ending …")
        task.cancel()

    for name in ENDING:
        asyncio.get_running_loop().add_signal_handler(name, end)
    try:
        await task
    except asyncio.CancelledError:
        return 0
    except OSError as error:
        display.problem(f"The demo cannot start: {error.strerror or error}.")
    return 1


def main() -> None:
    sys.exit(asyncio.run(_until_interrupted(parsed(), Display())))


if __name__ == "__main__":
    main()
