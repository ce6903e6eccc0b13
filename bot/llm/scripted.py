"""A model that says what it was told to say: the double for whatever stands above the port."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from types import TracebackType

from bot.clock import Clock, SystemClock
from bot.domain.run import FinishReason
from bot.domain.usage import Usage
from bot.errors import ModelError
from bot.llm.port import Event, Finished, RefusalDelta, Request, TextDelta


class ScriptError(AssertionError):
    """More calls than scripts, or fewer."""


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


Step = Event | Pause | ModelError


@dataclass(frozen=True, slots=True)
class Script:
    """One call, step by step: an event is given out, a pause slept, an error raised."""

    steps: tuple[Step, ...]


def says(
    text: str,
    *,
    piece: int = 4,
    every: float = 0.0,
    reason: FinishReason = FinishReason.STOP,
    usage: Usage | None = None,
    model: str | None = None,
) -> Script:
    """`text` in pieces of `piece` characters, one every `every` seconds."""
    pause = (Pause(every),) if every else ()
    kind = RefusalDelta if reason is FinishReason.REFUSAL else TextDelta
    pieces = [kind(text[start : start + piece]) for start in range(0, len(text), piece)]
    return Script((*(step for each in pieces for step in (*pause, each)), Finished(reason, usage, model)))


def fails(error: ModelError, *, after: float = 0.0) -> Script:
    return Script((Pause(after), error) if after else (error,))


class ScriptedModel:
    """Plays `scripts` in order, one a call. As a context manager it ends with `assert_played`.

    A call too many raises ScriptError where it happens, and again in `assert_played`: the first may be swallowed by
    what is tested. `refusals` are what `check` raises, by model.
    """

    def __init__(
        self,
        *scripts: Script | str,
        clock: Clock | None = None,
        refusals: dict[str, ModelError] | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._scripts: deque[Script] = deque()
        self._refusals = refusals or {}
        self._unexpected: list[Request] = []
        self.requests: list[Request] = []
        self.abandoned = 0
        """Calls that were closed or cancelled before their last event."""
        self.closed = False
        self.enqueue(*scripts)

    def enqueue(self, *scripts: Script | str) -> None:
        self._scripts.extend(says(script) if isinstance(script, str) else script for script in scripts)

    @property
    def left(self) -> int:
        return len(self._scripts)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        self.requests.append(request)
        steps = self._next(request).steps
        played = False
        try:
            for step in steps:
                played = step is steps[-1]
                if isinstance(step, Pause):
                    await self._clock.sleep(step.seconds)
                elif isinstance(step, ModelError):
                    played = True
                    raise step
                else:
                    yield step
        finally:
            self.abandoned += not played

    async def check(self, model: str) -> None:
        if error := self._refusals.get(model):
            raise error

    async def close(self) -> None:
        self.closed = True

    def assert_played(self) -> None:
        """Raises ScriptError unless every script was played and no call came without one."""
        problems = [f"{self.left} scripts were not played"] if self._scripts else []
        problems += [f"unexpected call: {_last_words(request.messages)}" for request in self._unexpected]
        if problems:
            raise ScriptError("; ".join(problems))

    def __enter__(self) -> ScriptedModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.assert_played()

    def _next(self, request: Request) -> Script:
        if not self._scripts:
            self._unexpected.append(request)
            raise ScriptError(f"unexpected call: {_last_words(request.messages)}")
        return self._scripts.popleft()


def _last_words(messages: Sequence[object]) -> str:
    return repr(messages[-1]) if messages else "no messages"
