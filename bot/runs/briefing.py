"""What a run is sent to the model with: persona, settings, and the part of the history that fits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.channels.personas import Personas
from bot.channels.preferences import Preferences
from bot.context.prompt import Prompt, instructions
from bot.context.tokens import TokenCounter
from bot.context.window import Window, fit
from bot.domain.conversation import Item
from bot.domain.persona import Persona
from bot.domain.run import Run
from bot.domain.settings import (
    ANSWER_MESSAGES,
    ANSWER_TOKENS,
    LINK_PREVIEWS,
    NOTICE,
    UPDATES,
    WINDOW_TOKENS,
    Layer,
    resolve,
)
from bot.llm.port import Request
from bot.storage import Storage, Work
from bot.storage.conversations import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """How the answer reaches its readers."""

    live: bool
    """While it is written, not only when it is finished."""
    notice: bool
    """Its asker is told when it is done, should it have taken long."""
    messages: int
    """After as many, the answer is a file."""
    previews: bool
    """Discord may show what the answer's links lead to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    request: Request
    questions: tuple[Item, ...]
    window: Window
    prefix_hash: str
    showing: Showing


@dataclass(frozen=True, slots=True)
class _Sources:
    """Read in one transaction, so that a change of persona falls before a run or after it."""

    persona: Persona
    said: Transcript
    window_tokens: int
    answer_tokens: int
    showing: Showing


class Briefing:
    """`salt` keeps the hashed ids of people from being looked up in a list of all ids."""

    def __init__(
        self,
        storage: Storage,
        personas: Personas,
        preferences: Preferences,
        counter: TokenCounter,
        *,
        model: str,
        salt: str,
    ) -> None:
        self._storage = storage
        self._personas = personas
        self._preferences = preferences
        self._counter = counter
        self._model = model
        self._salt = salt

    async def prepare(self, run: Run) -> Brief:
        await self._counter.load()
        async with self._storage.read() as work:
            sources = await self._read(work, run)
        model = sources.persona.model or self._model
        prompt = Prompt(model=model, instructions=instructions(sources.persona))
        window = self._window(sources, prompt)
        return Brief(
            request=self._request(run, sources.persona, prompt, window),
            questions=sources.said.questions,
            window=window,
            prefix_hash=prompt.prefix_hash,
            showing=sources.showing,
        )

    async def _read(self, work: Work, run: Run) -> _Sources:
        layers = await self._preferences.layers(work, run.place, run.asker.user_id)
        said = await _said(work, run)
        # Each of several people may write in a language of their own; the instructions stay what they were.
        locale = said.history[0].locale if said.history else run.locale
        return _Sources(
            persona=await self._personas.in_use(work, run.place, run.asker.user_id, locale, layers),
            said=said,
            window_tokens=resolve(WINDOW_TOKENS, layers).value,
            answer_tokens=resolve(ANSWER_TOKENS, layers).value,
            showing=_showing(layers),
        )

    def _window(self, sources: _Sources, prompt: Prompt) -> Window:
        return fit(
            sources.said.history,
            sources.said.questions,
            counter=self._counter,
            window_tokens=sources.window_tokens,
            answer_tokens=sources.answer_tokens,
            prompt=prompt,
            start=sources.said.start,
        )

    def _request(self, run: Run, persona: Persona, prompt: Prompt, window: Window) -> Request:
        return Request(
            model=prompt.model,
            messages=prompt.messages(window),
            max_tokens=window.answer_tokens,
            temperature=persona.temperature,
            top_p=persona.top_p,
            reasoning_effort=persona.reasoning_effort,
            cache_key=f"channel-{run.place.channel_id}",
            safety_identifier=self._safety_identifier(run.asker.user_id),
        )

    def _safety_identifier(self, user_id: int) -> str:
        return hashlib.sha256(f"{self._salt}:{user_id}".encode()).hexdigest()


async def _said(work: Work, run: Run) -> Transcript:
    if run.private:
        return Transcript(questions=await work.conversations.questions(run.run_id))
    return await work.conversations.transcript(run.place.channel_id, run_id=run.run_id)


def _showing(layers: Sequence[Layer]) -> Showing:
    return Showing(
        live=resolve(UPDATES, layers).value == "live",
        notice=resolve(NOTICE, layers).value == "on",
        messages=resolve(ANSWER_MESSAGES, layers).value,
        previews=resolve(LINK_PREVIEWS, layers).value == "on",
    )
