"""From what the model sent when and what could be read when, how fresh the visible text was.

Two series of moments on one monotonic clock are compared: each token's sending, and each state of the bot's messages
with the moment from which it could be read. At any moment the *age* of the visible text is how long ago its newest
token was sent; while nothing can be read yet, how long ago the first was. Between two states it grows with time, at a
state it falls: a saw. Its mean over the time from the first token's sending to the last's is the age of a stream. A
bot that showed each token at once would have the time between two tokens at most, one that edits every second half a
second, one that waits for the end half of the stream.

The *delay* is the other view of the same: of each token, the time from its sending until it could be read. Its mean
differs from the age where tokens do not come evenly.

White space does not count: where one message ends and the next begins there is none. Nor does a quotation at the
beginning, with which the bot repeats the question of a command.
"""

from __future__ import annotations

import itertools
import os
import re
import statistics
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Sent = Sequence[tuple[str, float]]
"""Each token of an answer and when it was sent."""

State = tuple[float, str]
"""A text and the moment from which it could be read."""

_QUOTATION = re.compile(r"\A(?:> .*(?:\n|\Z))+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Of one stream, in seconds."""

    first_text: float
    """From the first token's sending until any of the answer could be read."""
    mean_age: float
    worst_age: float
    mean_delay: float
    final_text: float
    """From the last token's sending until all could be read."""
    states: int
    """Versions of all pages, the first ones included."""


@dataclass(frozen=True, slots=True)
class Sight:
    """From `moment` on, the newest visible token was the one sent at `sent`."""

    moment: float
    sent: float


def readable(messages: Iterable[Mapping[str, Any]], bot_id: str) -> list[State]:
    """Every state of what the bot wrote in a channel, all its pages together, from messages with their versions."""
    pages = [message for message in messages if message["author"]["id"] == bot_id]
    changes = sorted(
        (version["elapsed"], number, version["content"])
        for number, page in enumerate(pages)
        for version in page["versions"]
    )
    shown: dict[int, str] = {}
    states = []
    for moment, number, content in changes:
        shown[number] = content
        states.append((moment, _QUOTATION.sub("", "".join(shown[page] for page in sorted(shown)))))
    return states


def complete(sent: Sent, states: Sequence[State]) -> bool:
    return bool(states) and _bare("".join(token for token, _ in sent)) == _bare(states[-1][1])


def freshness(sent: Sent, states: Sequence[State]) -> Freshness:
    """Raises ValueError where the whole answer never became readable."""
    moments = _moments(sent, states)
    seen = sights(sent, states)
    begin, end = sent[0][1], sent[-1][1]
    return Freshness(
        first_text=moments[0] - begin,
        mean_age=_mean_age(seen, begin, end),
        worst_age=max((age for _, age in saw(seen, begin, end)), default=0.0),
        mean_delay=statistics.fmean(moment - at for (_, at), moment in zip(sent, moments, strict=True)),
        final_text=moments[-1] - end,
        states=len(states),
    )


def sights(sent: Sent, states: Sequence[State]) -> list[Sight]:
    """Each moment at which newer tokens became visible."""
    whole = _bare("".join(token for token, _ in sent))
    ends = _ends(sent)
    newest, seen = 0, []
    for moment, text in states:
        visible = bisect_right(ends, len(os.path.commonprefix([_bare(text), whole])))  # noqa: RUF071 - of texts
        if visible > newest:
            newest = visible
            seen.append(Sight(moment, sent[newest - 1][1]))
    return seen


def saw(seen: Sequence[Sight], begin: float, end: float) -> list[tuple[float, float]]:
    """Corners of the age as a line over time, from `begin` to `end`: (moment, age), two at each sight."""
    corners = [(begin, 0.0)]
    newest = begin
    for sight in seen:
        if sight.moment >= end:
            break
        corners += [(sight.moment, sight.moment - newest), (sight.moment, sight.moment - sight.sent)]
        newest = sight.sent
    return [*corners, (end, end - newest)]


def age_at(seen: Sequence[Sight], begin: float, moment: float) -> float:
    past = bisect_right(seen, moment, key=lambda sight: sight.moment)
    return moment - (seen[past - 1].sent if past else begin)


def _mean_age(seen: Sequence[Sight], begin: float, end: float) -> float:
    """The area under the saw by its width."""
    if end <= begin:
        return 0.0
    corners = saw(seen, begin, end)
    pairs = itertools.pairwise(corners)
    return sum((later - at) * (age + older) / 2 for (at, age), (later, older) in pairs) / (end - begin)


def _moments(sent: Sent, states: Sequence[State]) -> list[float]:
    """When each token could first be read."""
    seen = sights(sent, states)
    newest = [sight.sent for sight in seen]
    if not seen or newest[-1] < sent[-1][1]:
        shown = sum(bool(newest) and at <= newest[-1] for _, at in sent)
        raise ValueError(f"{shown} of {len(sent)} tokens became readable")
    return [next(sight.moment for sight in seen if sight.sent >= at) for _, at in sent]


def _ends(sent: Sent) -> list[int]:
    """Where each token ends in the whole text without its white space."""
    ends, end = [], 0
    for token, _ in sent:
        end += len(_bare(token))
        ends.append(end)
    return ends


def _bare(text: str) -> str:
    return "".join(text.split())
