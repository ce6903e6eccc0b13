"""The composition root: builds every part, starts them in order, and ends them in the reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import discord
import structlog

from bot import config, logging
from bot.channels.departures import Departures
from bot.channels.personas import Personas
from bot.channels.preferences import Preferences
from bot.channels.resets import Resets
from bot.client import Causerie, DiscordMessages, Services, use_api
from bot.clock import Clock, SystemClock
from bot.config import Config
from bot.context.tokens import TokenCounter
from bot.delivery.calls import Calls, trace_config
from bot.delivery.scheduler import Scheduler
from bot.domain.settings import ANSWER_TOKENS, WINDOW_TOKENS
from bot.errors import (
    DiscordUnreachable,
    IntentsRefused,
    KeyRefused,
    ModelError,
    ModelKeyRefused,
    ModelNotFound,
    ModelUnknown,
    StartupError,
    TokenRefused,
)
from bot.health import HealthServer
from bot.llm.openai import OpenAIModel
from bot.llm.port import Model
from bot.runs.briefing import Briefing
from bot.runs.inbox import Inbox
from bot.runs.recovery import Recovery
from bot.runs.signs import WaitingSigns
from bot.runs.turn import Studio
from bot.runs.worker import Worker
from bot.storage import Storage, open_storage
from bot.words import load as load_words
from bot.words import words
from bot.words.explain import explain

log = structlog.get_logger(__name__)

MODEL_PATIENCE = 3.0
"""Seconds that a start waits for the model's server to refuse key or model."""
JANITOR = 60.0
"""Seconds between two rounds: runs that another process left, resets that can no longer be undone."""


class App:
    """The parts of a running bot. `open` yields it connected, with its worker at work."""

    def __init__(self, config: Config, storage: Storage, model: Model, clock: Clock) -> None:
        self.config = config
        self.storage = storage
        self.model = model
        self.clock = clock
        self.counter = TokenCounter(config.openai_model, cache_dir=config.cache_dir)
        self.scheduler = Scheduler(clock, global_rate=config.global_rate)
        self.calls = Calls()
        self.client = Causerie(
            message_content=config.message_content,
            calls=self.calls,
            trace=trace_config(self.scheduler.learn, self.scheduler.leave),
        )
        self.signs = WaitingSigns(DiscordMessages(self.client))
        work_waits = asyncio.Event()
        preferences = Preferences(storage, clock, operator_settings(config))
        personas = Personas(storage, clock, preferences)
        self.resets = Resets(storage, clock, preferences, personas)
        self.worker = Worker(
            self._studio(personas, preferences), work_waits, concurrency=config.concurrent_runs, shared=storage.shared
        )
        self.client.services = Services(
            clock=clock,
            inbox=Inbox(storage, clock, self.counter, work_waits),
            signs=self.signs,
            personas=personas,
            preferences=preferences,
            resets=self.resets,
            departures=Departures(storage),
            worker=self.worker,
        )
        self.recovery = Recovery(
            storage=storage,
            posted=DiscordMessages(self.client),
            counter=self.counter,
            signs=self.signs,
            clock=clock,
            in_hand=lambda: self.worker.in_hand,
        )

    def _studio(self, personas: Personas, preferences: Preferences) -> Studio:
        briefing = Briefing(
            self.storage,
            personas,
            preferences,
            self.counter,
            model=self.config.openai_model,
            salt=self.config.discord_token.get_secret_value(),
        )
        return Studio(
            storage=self.storage,
            briefing=briefing,
            model=self.model,
            counter=self.counter,
            scheduler=self.scheduler,
            targets=self.client.target,
            notices=self.client.notice,
            signs=self.signs,
            clock=self.clock,
            rng=random.Random(),
        )


def operator_settings(config: Config) -> dict[str, str]:
    """Those that the operator has set: of the others people are told that the default holds."""
    values = {WINDOW_TOKENS.key: config.window_tokens, ANSWER_TOKENS.key: config.answer_tokens}
    return {key: str(value) for key, value in values.items() if key in config.model_fields_set}


async def connect(app: App) -> None:
    """Holds the connection to Discord until it is closed. Raises StartupError while it cannot be made at all."""
    config = app.config
    try:
        await app.client.start(config.discord_token.get_secret_value())
    except discord.LoginFailure as error:
        raise TokenRefused from error
    except discord.PrivilegedIntentsRequired as error:
        raise IntentsRefused from error
    except (discord.GatewayNotFound, discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise DiscordUnreachable(config.discord_api_url, str(error) or type(error).__name__) from error
    except (TypeError, KeyError, ValueError) as error:  # what discord.py makes of a page that is not Discord's
        if app.client.connected.is_set():
            raise
        raise DiscordUnreachable(config.discord_api_url, "what is there does not answer as Discord does") from error


async def check_model(app: App) -> None:
    """Raises ModelKeyRefused or ModelUnknown. A server that is silent is only a warning: it may start later."""
    config = app.config
    try:
        await app.model.check(config.openai_model)
    except KeyRefused as error:
        raise ModelKeyRefused(config.openai_base_url) from error
    except ModelNotFound as error:
        raise ModelUnknown(config.openai_model, config.openai_base_url) from error
    except ModelError as error:
        log.warning("model_not_checked", base_url=config.openai_base_url, error=str(error) or type(error).__name__)


async def keep_house(app: App) -> None:
    """What has to be done now and then, for as long as the program runs."""
    while True:
        try:
            purged = await app.resets.purge()
            if purged:
                log.info("resets_purged", turns=purged)
            if app.storage.shared:
                await app.recovery.recover()
            expired = await app.recovery.expire()
            if expired:
                log.info("runs_expired", runs=expired)
        except Exception:  # the edge of a background task: the next round tries again
            log.exception("housekeeping_failed")
        await app.clock.sleep(JANITOR)


async def serve(config: Config, *, started: float) -> None:
    """Runs until SIGTERM or SIGINT. `started` is when the program did, in `time.monotonic` seconds."""
    stop = _stop_on_signals()
    use_api(config.discord_api_url)
    async with AsyncExitStack() as parts:
        app = await _open(config, parts)
        connection = await _watched(parts, connect(app))
        model_check = await _watched(parts, check_model(app))
        await _until(_startable(app, model_check), stop.wait(), watched={connection, model_check})
        if stop.is_set():
            return
        await _work(app, parts)
        ranks = await _watched(parts, app.counter.load())
        log.info("ready", seconds=round(time.monotonic() - started, 2), guilds=len(app.client.guilds))
        await _until(stop.wait(), watched={connection, model_check, ranks})
        log.info("draining", seconds=config.drain_seconds)


async def _open(config: Config, parts: AsyncExitStack) -> App:
    storage = await open_storage(config.database_url, alone=True)
    parts.push_async_callback(storage.close)
    model = OpenAIModel(
        base_url=config.openai_base_url,
        api_key=config.openai_api_key.get_secret_value() if config.openai_api_key else "",
        silence=config.model_timeout,
        openai=None if config.dialect == "auto" else config.dialect == "openai",
    )
    parts.push_async_callback(model.close)
    app = App(config, storage, model, SystemClock())
    if config.health_port is not None:
        await parts.enter_async_context(_health(app, config.health_port))
    parts.push_async_callback(app.calls.close)
    parts.push_async_callback(app.client.close)
    parts.push_async_callback(app.scheduler.close)
    parts.push_async_callback(app.signs.close)
    return app


async def _work(app: App, parts: AsyncExitStack) -> None:
    await app.recovery.recover(alone=not app.storage.shared)
    await app.recovery.expire()
    # What is there now stays: a full collection would look through all of it, for a tenth of a second and more.
    gc.freeze()
    app.worker.start()
    parts.push_async_callback(app.worker.drain, app.config.drain_seconds)
    await _watched(parts, keep_house(app))


@asynccontextmanager
async def _health(app: App, port: int) -> AsyncIterator[None]:
    async def ready() -> list[str]:
        problems = [] if app.client.online else ["not connected to Discord"]
        problems += [] if app.worker.alive else ["the worker is not running"]
        return problems + [f"database: {problem}" for problem in await app.storage.problems()]

    async with HealthServer(port, ready=ready):
        yield


async def _watched(parts: AsyncExitStack, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
    """Starts `work` and ends it with the program."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    parts.push_async_callback(end)
    return task


async def _startable(app: App, model_check: asyncio.Task[None]) -> None:
    """Connected, and the model's server has had its say, unless it is silent."""
    await app.client.connected.wait()
    await asyncio.wait({model_check}, timeout=MODEL_PATIENCE)


async def _until(*events: Coroutine[object, object, object], watched: set[asyncio.Task[None]]) -> None:
    """Returns with the first of `events`; raises what a watched task raises before."""
    waits = {asyncio.ensure_future(event) for event in events}
    pending = set(watched)
    try:
        while not any(wait.done() for wait in waits):
            done, _pending = await asyncio.wait(waits | pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done & pending:
                task.result()
            pending -= done
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


def _stop_on_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; a second one ends the program at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            loop.add_signal_handler(number, _stop, stop, number)
    return stop


def _stop(stop: asyncio.Event, number: signal.Signals) -> None:
    if stop.is_set():
        # An exception would wait for the same drain. The next start ends what was running, as after a crash.
        os._exit(128 + number)
    stop.set()


def main() -> int:
    """Runs the bot; returns the exit status of `bot.errors`."""
    started = time.monotonic()
    try:
        settings = config.load()
        logging.configure(settings)
        load_words()
        asyncio.run(serve(settings, started=started))
    except StartupError as error:
        print(explain(error, words(None)), file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0
