"""An answer as it comes: chunks of Chat Completions in, events out. Hidden reasoning is dropped on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.domain.run import FinishReason
from bot.domain.usage import Usage
from bot.llm.port import Event, Finished, RefusalDelta, TextDelta

_OPEN, _CLOSE = "<think>", "</think>"

_REASONS = {
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
    "error": FinishReason.BROKEN,
}


class Answer:
    """`visible_thinking`: the server may put reasoning between tags at the very start of the text.

    Takes chunks, and tells in `news` what they brought.
    """

    def __init__(self, *, visible_thinking: bool) -> None:
        self._thinking = ThinkingFilter() if visible_thinking else None
        self._usage: Usage | None = None
        self._model: str | None = None
        self._text, self._refusal = Halves(), Halves()
        self._refused = False
        self.reason: FinishReason | None = None
        self.deltas = 0
        """Pieces of text that were given out."""
        self.over = False
        """Whether the last event was."""

    @property
    def begun(self) -> bool:
        return self.deltas > 0

    def take(self, chunk: dict[str, Any]) -> None:
        if isinstance(model := chunk.get("model"), str):
            self._model = model
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = _usage(usage)
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._take_choice(choices[0])

    def news(self) -> Iterator[Event]:
        """What came since, text that came at one time as one event."""
        text = self._text.take()
        yield from self._say(self._thinking.take(text) if self._thinking else text)
        yield from self._refuse(self._refusal.take())

    def end(self) -> Iterator[Event]:
        """What was held back, and the last event: BROKEN if the server gave no reason."""
        text = self._text.end()
        yield from self._say(self._thinking.take(text) + self._thinking.end() if self._thinking else text)
        yield from self._refuse(self._refusal.end())
        reason = self.reason or FinishReason.BROKEN
        refused = self._refused and reason is not FinishReason.BROKEN
        self.over = True
        yield Finished(FinishReason.REFUSAL if refused else reason, self._usage, self._model)

    def _take_choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._text.add(_text(delta.get("content")))
            self._refusal.add(_text(delta.get("refusal")))
        if isinstance(reason := choice.get("finish_reason"), str):
            self.reason = _REASONS.get(reason, FinishReason.STOP)

    def _say(self, text: str) -> Iterator[TextDelta]:
        if text:
            self.deltas += 1
            yield TextDelta(text)

    def _refuse(self, text: str) -> Iterator[RefusalDelta]:
        if text:
            self._refused = True
            self.deltas += 1
            yield RefusalDelta(text)


class Halves:
    """Text that comes in pieces. A server that cuts by UTF-16 units cuts characters in two: they are put together
    again, and a half that stays alone becomes U+FFFD, since neither a file nor a database takes it.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        self._pieces.append(piece)

    def take(self) -> str:
        """What was added since, but for a first half at its end."""
        text = "".join(self._pieces)
        held = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        self._pieces = [held]
        return _joined(text.removesuffix(held))

    def end(self) -> str:
        return _joined("".join(self._pieces))


class ThinkingFilter:
    """Takes `<think>…</think>` and the white space around it off the start of a text that comes in pieces."""

    def __init__(self) -> None:
        self._held = ""
        self._inside = self._thought = self._past = False

    def take(self, piece: str) -> str:
        if self._past:
            return piece
        self._held += piece
        if self._inside:
            return self._leave()
        start = self._held.lstrip()
        if start.startswith(_OPEN):
            self._inside, self._held = True, start.removeprefix(_OPEN)
            return self._leave()
        return "" if _OPEN.startswith(start) else self._release()

    def end(self) -> str:
        """A text that ended inside its reasoning has nothing to show."""
        return "" if self._inside else self._release()

    def _leave(self) -> str:
        _, closed, after = self._held.partition(_CLOSE)
        if not closed:
            self._held = self._held[-len(_CLOSE) :]
            return ""
        self._inside, self._thought, self._held = False, True, ""
        return self.take(after)

    def _release(self) -> str:
        text = self._held.lstrip() if self._thought else self._held
        self._past, self._held = True, ""
        return text


def _joined(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _text(content: object) -> str:
    """Some servers send a list of parts, of which those of type `text` are said aloud."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part for part in content if isinstance(part, dict) and part.get("type") == "text")
    return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def _usage(usage: dict[str, Any]) -> Usage:
    return Usage(
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        cached_tokens=_count(usage.get("prompt_tokens_details"), "cached_tokens"),
        reasoning_tokens=_count(usage.get("completion_tokens_details"), "reasoning_tokens"),
    )


def _count(counts: object, name: str) -> int:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and value > 0 else 0
