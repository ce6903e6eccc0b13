"""What is measured: so many answers at once, of so many words, at such a pace."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from playground.models.recital import Messages, text_of


class Via(Enum):
    MENTION = "mention"
    ASK = "/ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Every stream has a channel and a person of its own: answers of one conversation follow each other."""

    name: str
    streams: int = 1
    words: int
    pace: float
    """Words, which are the scripted model's tokens, a second."""
    via: Via = Via.MENTION

    @property
    def channels(self) -> int:
        return self.streams

    @property
    def seconds(self) -> float:
        """From the first token of an answer to its last."""
        return (self.words - 1) / self.pace

    def shortened(self) -> Scenario:
        """For a look at whether the bench itself works: at most five streams of 1.5 s."""
        return replace(self, streams=min(self.streams, 5), words=min(self.words, int(self.pace * 1.5)))


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="one", words=300, pace=50.0),
        Scenario(name="short", words=8, pace=50.0),
        Scenario(name="long", words=3_000, pace=150.0),
        Scenario(name="ask", words=301, pace=50.0, via=Via.ASK),
        Scenario(name="ten", streams=10, words=300, pace=50.0),
        Scenario(name="fifty", streams=50, words=300, pace=50.0),
        Scenario(name="two-hundred", streams=200, words=200, pace=40.0),
    )
}

SHORT = ("one", "short", "ask")
"""What the short form runs."""


def answer_to(messages: Messages, words: int) -> str:
    """Words of its own for every question, so that no text can be mistaken for another's."""
    rng = random.Random(text_of(messages[-1]))
    return " ".join(_word(rng) for _ in range(words))


def chosen(names: Iterable[str], *, short: bool) -> list[Scenario]:
    """Those named, else all, or those of the short form. Raises KeyError for an unknown name."""
    wanted = tuple(names) or (SHORT if short else tuple(SCENARIOS))
    found = [SCENARIOS[name] for name in wanted]
    return [scenario.shortened() for scenario in found] if short else found


def _word(rng: random.Random) -> str:
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 8)))
