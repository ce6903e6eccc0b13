"""Which part of a conversation the model is sent.

The budget for history and question is what the window leaves beside the instructions and a reserve for the answer.
Providers charge a tenth or less for the part of a prompt that begins as an earlier one did, so the window slides in
jerks: turns are appended until the budget is passed, then whole turns leave together until those that stay take half
of it. Between two such cuts every prompt begins with the one before. The turn with which the window begins is
remembered by the caller and given back as `start`; what is before it never returns.

         budget ──────────────────────────────────────────
                              /│          /│          /│
                           /   │       /   │       /   │
      low water ────────/──────│────/──────│────/──────│──
                     /         │ /         │ /         │ /

The newest turn is always sent. If it is larger than the budget by itself, its longest parts are cut in the middle,
with a marker, until it fits. A turn larger than low water would be the first thing that the next cut removes, together
with all that can be asked about it; as history it is shown with its questions cut to half of low water instead. That
depends on the turn and the budget alone, so that it too is the same in every prompt.

Sizes are estimates, for the tokenizer of a newer model is not known and servers add what they like. But each answer
comes with the server's own count of its prompt. The last one in the window whose instructions and beginning were those
of now is exact up to and including that turn's questions; only what is newer is estimated, and in proportion: where
the server counted one and a half times the estimate, so does the rest. The proportion is never taken below 1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.context.prompt import Prompt, item_tokens
from bot.context.tokens import Counter
from bot.domain.conversation import Item, Turn

LOW_WATER = 0.5
"""Of the budget. In the simulation of `tests/context/test_window.py`, 400 turns with a budget of some 7,000 tokens,
93 % of what is sent is then cacheable, against 36 % where turns leave as soon as they must."""

LEAST_BUDGET = 500
"""Tokens that history and question get however small the window is and however long the instructions."""

LEAST_ANSWER = 250
"""Tokens that an answer gets however little of the window is left."""

LARGEST_RATIO = 4.0
"""What a server's count may be above the estimate: beyond it the count is of something else."""

_LEAST_QUESTION = 125
_LEAST_PART = 32
"""Tokens of a text or a file below which a cut leaves nothing to read."""

MARKER = "\n[… the middle of this is left out: it is too long …]\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    turns: tuple[Turn, ...]
    questions: tuple[Item, ...]
    start: int | None
    """Turns of runs before this one are out for good. None as long as nothing was said."""
    tokens: int
    """Of the whole prompt, counted by the server as far as it did."""
    answer_tokens: int
    """Most that the answer may take, so that the call keeps to the window."""
    dropped: int
    """Turns that left just now."""


def budget(window_tokens: int, answer_tokens: int, prefix_tokens: int) -> int:
    """Tokens for history and question. An answer longer than what is left takes at most half of it in advance."""
    left = window_tokens - prefix_tokens
    return max(LEAST_BUDGET, left - min(answer_tokens, left // 2))


def fit(
    history: Sequence[Turn],
    questions: Sequence[Item],
    *,
    counter: Counter,
    window_tokens: int,
    answer_tokens: int,
    prompt: Prompt,
    start: int | None,
) -> Window:
    """`history` oldest first, by rising run ids; `start` as an earlier window gave it."""
    prefix = prompt.tokens(counter)
    room = budget(window_tokens, answer_tokens, prefix)
    inside = [turn for turn in history if start is None or turn.run_id >= start]
    shown = [_shown(turn, int(room * LOW_WATER), counter) for turn in inside]
    scale = _scale(inside, shown, start, prefix, prompt.prefix_hash)
    asked = _cut(questions, max(_LEAST_QUESTION, int((prefix + room) / scale.ratio) - prefix), counter)
    kept = tuple(shown)
    size = scale.size(kept, asked)
    if size > prefix + room:
        kept = _newest(shown, scale, room, asked)
        size = scale.estimate(prefix, (*_items(kept), *asked))
    return Window(
        turns=kept,
        questions=asked,
        start=_start(history, kept, start),
        tokens=size,
        answer_tokens=min(answer_tokens, max(LEAST_ANSWER, window_tokens - size)),
        dropped=len(shown) - len(kept),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Sizes by the server's last count: `counted` tokens for the prefix, the turns before `turn`, and its questions."""

    prefix: int
    counted: int
    turn: int
    """Index of the turn whose questions were the last that the server counted; -1 if it counted nothing."""
    ratio: float

    def estimate(self, tokens: int, items: Iterable[Item]) -> int:
        return round(self.ratio * (tokens + sum(item.tokens for item in items)))

    def size(self, turns: Sequence[Turn], asked: Sequence[Item]) -> int:
        if self.turn < 0:
            return self.estimate(self.prefix, (*_items(turns), *asked))
        answer = turns[self.turn].answer
        newer = (*((answer,) if answer else ()), *_items(turns[self.turn + 1 :]), *asked)
        return self.counted + self.estimate(0, newer)


def _scale(inside: Sequence[Turn], shown: Sequence[Turn], start: int | None, prefix: int, prefix_hash: str) -> _Scale:
    for index in range(len(inside) - 1, -1, -1):
        turn = inside[index]
        if turn.prompt_tokens and turn.prefix_hash == prefix_hash and _same_beginning(inside, turn, start):
            estimate = prefix + sum(item.tokens for item in (*_items(shown[:index]), *turn.questions))
            ratio = min(LARGEST_RATIO, max(1.0, turn.prompt_tokens / estimate))
            whole = shown[index] is turn  # if not, it was counted whole and is now shown cut
            return _Scale(prefix, turn.prompt_tokens, index if whole else -1, ratio)
    return _Scale(prefix, 0, -1, 1.0)


def _same_beginning(inside: Sequence[Turn], turn: Turn, start: int | None) -> bool:
    """Whether the window began for `turn` where it begins now."""
    if turn.window_start is None:
        return turn is inside[0]
    return turn.window_start in (start, inside[0].run_id)


def _newest(turns: Sequence[Turn], scale: _Scale, room: int, asked: Sequence[Item]) -> tuple[Turn, ...]:
    """Those that stay after a cut: half the budget of them, less if the question takes more than the other half."""
    left = min(int(room * LOW_WATER), scale.prefix + room - scale.estimate(scale.prefix, asked))
    first = len(turns)
    while first and (left := left - scale.estimate(0, turns[first - 1].items)) >= 0:
        first -= 1
    return tuple(turns[first:])


def _start(history: Sequence[Turn], kept: Sequence[Turn], start: int | None) -> int | None:
    if kept:
        return kept[0].run_id
    return max(start or 0, history[-1].run_id + 1) if history else start


def _items(turns: Iterable[Turn]) -> Iterable[Item]:
    return (item for turn in turns for item in turn.items)


def _shown(turn: Turn, low_water: int, counter: Counter) -> Turn:
    """The same turn, or a large one as it is shown when it is history."""
    if turn.tokens <= low_water:
        return turn
    answer = turn.answer.tokens if turn.answer else 0
    return dataclasses.replace(
        turn, questions=_cut(turn.questions, max(low_water // 2 - answer, low_water // 4), counter)
    )


def _cut(items: Sequence[Item], limit: int, counter: Counter) -> tuple[Item, ...]:
    """`items` with the longest of their texts and files cut until they have at most `limit` tokens together.

    Where that is not enough, because there are very many of them, the oldest are left out; the newest stays.
    """
    if sum(item.tokens for item in items) <= limit:
        return tuple(items)
    sizes = [_part_sizes(item, counter) for item in items]
    least = [_least(item, parts) for item, parts in zip(items, sizes, strict=True)]
    first = 0
    while first < len(items) - 1 and sum(least[first:]) > limit:
        first += 1
    return _cut_parts(items[first:], sizes[first:], limit, counter)


def _cut_parts(items: Sequence[Item], sizes: Sequence[Sequence[int]], limit: int, counter: Counter) -> tuple[Item, ...]:
    parts = [size for each in sizes for size in each]
    cap = _cap(parts, limit - (sum(item.tokens for item in items) - sum(parts)))
    while True:
        cut = tuple(_cut_item(item, cap, counter) for item in items)
        over = sum(item.tokens for item in cut) - limit
        if over <= 0:
            return cut
        if cap > _LEAST_PART:
            cap = max(_LEAST_PART, min(cap - 1, cap - over // len(parts)))
        elif len(items) > 1:
            return _cut(items[1:], limit, counter)
        else:
            return (_cut_bare(items[0], limit, counter),)


def _part_sizes(item: Item, counter: Counter) -> list[int]:
    return [counter.count(text) for text in (item.text, *(file.text for file in item.files))]


def _least(item: Item, parts: Sequence[int]) -> int:
    """What is left of an item if all of its parts are cut as far as it makes sense."""
    return item.tokens - sum(max(0, size - _LEAST_PART) for size in parts)


def _cap(sizes: Sequence[int], room: int) -> int:
    """The size to which the larger of `sizes` come down together so that all of them fit into `room`."""
    left = room
    for index, size in enumerate(rising := sorted(sizes)):
        share = left // (len(rising) - index)
        if size > share:
            return max(_LEAST_PART, share)
        left -= size
    return max(sizes)


def _cut_item(item: Item, cap: int, counter: Counter) -> Item:
    def part(text: str) -> str:
        return counter.middle_cut(text, cap, MARKER)

    files = tuple(dataclasses.replace(file, data=part(file.text).encode()) for file in item.files)
    return _sized(dataclasses.replace(item, text=part(item.text), files=files), counter)


def _cut_bare(item: Item, limit: int, counter: Counter) -> Item:
    """Without quotation and files, which may be long by their names alone."""
    bare = dataclasses.replace(item, quote=None, files=())
    room = limit - _sized(dataclasses.replace(bare, text=""), counter).tokens
    while True:
        cut = _sized(dataclasses.replace(bare, text=counter.middle_cut(item.text, room, MARKER)), counter)
        if cut.tokens <= limit or room <= 0:
            return cut
        room -= cut.tokens - limit


def _sized(item: Item, counter: Counter) -> Item:
    return dataclasses.replace(item, tokens=item_tokens(counter, item))
