"""A playground, a recorded model and the echo bot, for tests that cannot wait themselves because a browser does."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import openai

from playground import page
from playground.entities import TEXT, Channel
from playground.models.recorder import Recorder
from playground.models.scripted import ScriptedServer
from playground.people import Person
from playground.server import Playground, default_world
from playground.waiting import PATIENCE

T = TypeVar("T")

ECHO_BOT = Path(__file__).with_name("echo_bot.py")
SECONDS = 20.0
FORUM = 15


class Stage:
    """Runs in a thread of its own. `playground` is to be changed there only, by `run`."""

    playground: Playground
    recorder: Recorder

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._running: Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return self.playground.url

    def __enter__(self) -> Stage:
        started: Future[None] = Future()
        self._running = self._thread.submit(asyncio.run, self._run(started))
        self._running.add_done_callback(partial(_failed, started))
        started.result(SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None and self._ending is not None and self._running is not None
        self._loop.call_soon_threadsafe(self._ending.set)
        self._running.result(SECONDS)
        self._thread.shutdown()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SECONDS)

    def person(self, name: str) -> Person:
        user = next(each for each in self.playground.world.users.values() if each.name == name and not each.bot)
        return self.playground.people.person(user.id)

    def channel(self, name: str) -> Channel:
        """That channel of the default server; made where there is none."""
        world = self.playground.world
        found = next((each for each in world.channels.values() if each.name == name), None)
        return found or self.run(self._add_channel(name))

    async def _add_channel(self, name: str, type: int = TEXT) -> Channel:
        world = self.playground.world
        return world.add_channel(next(iter(world.guilds.values())), name, type=type)

    def forum(self, name: str) -> Channel:
        return self.run(self._add_channel(name, FORUM))

    def clear_faults(self) -> None:
        async def clear() -> None:
            self.playground.faults.clear()

        self.run(clear())

    def bot(self, method: str, path: str, body: Any = None) -> Any:
        """What Discord's API answers the bot; a refusal too."""
        request = urllib.request.Request(
            f"{self.playground.api_url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bot {self.playground.token}",
                "User-Agent": "DiscordBot (tests, 1)",
                **({} if body is None else {"Content-Type": "application/json"}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as refusal:
            with refusal:
                return json.loads(refusal.read())

    def ask_model(self, *contents: str) -> str:
        """As a bot would, through the recorder; the answer."""
        messages = [{"role": "system", "content": "Be brief."}]
        messages += [{"role": "user", "content": content} for content in contents]
        with openai.OpenAI(base_url=self.recorder.base_url, api_key="any") as client:
            answer = client.chat.completions.create(model="scripted", messages=messages, temperature=0.25)  # type: ignore[arg-type]
        return answer.choices[0].message.content or ""

    async def _run(self, started: Future[None]) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        async with ScriptedServer(rate=1_000, first_token=0.0) as model, Recorder(model.base_url) as self.recorder:
            self.playground = Playground(
                mounts=[partial(page.routes, recorder_url=self.recorder.url)], answer_seconds=PATIENCE
            )
            default_world(self.playground)
            async with self.playground:
                started.set_result(None)
                await self._ending.wait()


def _failed(started: Future[None], ended: Future[None]) -> None:
    if not started.done():
        started.set_exception(ended.exception())


@contextmanager
def echo_bot(stage: Stage) -> Iterator[None]:
    environment = {
        **os.environ,
        "DISCORD_API_URL": stage.playground.api_url,
        "DISCORD_TOKEN": stage.playground.token,
    }
    process = subprocess.Popen([sys.executable, str(ECHO_BOT)], env=environment)
    try:
        stage.run(stage.playground.registered("persona use"))
        yield
    finally:
        process.terminate()
        process.wait(10)
