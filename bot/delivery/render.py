"""GitHub's Markdown, which models write, as Discord's, while it is still coming.

The text is read once from front to back and becomes a row of *pieces*: a word with the space before it, a link, a line
of code, a row of a table. A piece is settled when nothing that may follow can change it, so the pieces of a text are
always the first ones of every text that continues it. All that a page decides, it decides by settled pieces alone, and
that is why it cannot matter in which chunks an answer came.

What is not settled is short: the word that is being written, a span whose end has not come, a line that may turn out to
be a table's header. It can be looked at all the same (`Reader.tail`): marks that are open are then closed for the look,
and half links are held back.

Each piece carries what a page needs that ends before or after it: `head` opens again what is open before it, `tail`
closes what is open behind it, and `rank` says how good a place for a cut its front is.
"""

from __future__ import annotations

import re

from bot.delivery.blocks import Reading
from bot.delivery.fences import INDENTED
from bot.delivery.pieces import Piece
from bot.delivery.spans import SPOILER
from bot.delivery.state import Limits, State
from bot.delivery.text import Look

_PARTS = re.compile(r"\A|\n[ \t]*\n|^[ \t>]*(?:`{3}|~{3}).*$", re.MULTILINE)
"""What no mark goes over: a blank line, and one that begins or ends code."""
_HALVES = (
    re.compile(r"(?:^|(?<=\s))(?:\*{1,3}|_{1,3}|~~|\|\|)()\Z"),
    re.compile(r"(?<![^\s(*_])!?\[(?![ \t]*(?:[#>~+=|$\\-]|\*[ \t]|\d+[.)]))([^\[\]`\n]*)(?:\]\([^()\s]*)?\Z"),
    re.compile(r"^[ \t>]*(?:\#{1,6}|[-+*])[ \t]*()\Z", re.MULTILINE),
)
"""At an end: a mark with nothing behind it, a link as far as it has come, and a line that only begins. A link's words
that would begin a block without their bracket keep it."""
_BEGINS = re.compile(r"(?<![^\s*_~|\"'“‘「『])(?:[*_]{1,3}\w|[*_~|]{2,3})")
"""A mark that likely is one, by what is around it: `f(**kwargs)` and `"*"` are none."""


class Reader:
    """Reads one answer. `limit` is a page's size in UTF-16 units, from which follows what can be kept whole."""

    def __init__(self, limit: int, *, quiet: bool = False) -> None:
        self._limits = Limits.of(limit, quiet)
        self._state = State()

    @property
    def read(self) -> int:
        """How much of the source will not be looked at again."""
        return self._state.span_at if self._state.span else self._state.at

    @property
    def certain(self) -> bool:
        """Whether the rest is text that only grows: it will stay where it begins. Else it may be anything yet."""
        return self._state.span is None and (self._state.fence is not None or not self._state.new_line)

    def feed(self, text: str) -> list[Piece]:
        """What has been settled since the last call; `text` continues the text of that."""
        return Reading(text, self._state, self._limits, Look.SETTLED).run()

    def tail(self, text: str) -> list[Piece]:
        """What may be shown of the rest, as long as nothing follows."""
        return Reading(text, self._state.unspanned(), self._limits, Look.TAIL).run()

    def end(self, text: str) -> list[Piece]:
        """The rest of a text that has ended."""
        return Reading(text, self._state.unspanned(), self._limits, Look.FINAL).run()

    def broken_off(self, text: str) -> str:
        """`text`, which ends here unforeseen, with an end for all that it leaves open: the next line is outside."""
        state = self._state.unspanned()
        reading = self._read(text, Look.FINAL, state)
        fence = reading.open_fence
        if fence is None:
            text = text if reading.ends_code else self._marked(text)
            self._read(text, Look.FINAL, state := self._state.unspanned())
        elif fence is not INDENTED and not state.quoted:
            text += fence.closing(text.rpartition("\n")[2])
        if state.formula:
            text += "\n"
        if SPOILER in text:
            self._read(text, Look.FINAL, state := self._state.unspanned())
            text += f"\n{SPOILER}" if state.spoiler else ""
        return text

    def _marked(self, text: str) -> str:
        """With the other halves of marks that were shown as such while it came, if they read the same then."""
        *_, last = _PARTS.finditer(text)
        part = text[last.end() :]
        for half in _HALVES:
            part = half.sub(r"\1", part).rstrip()
        tail = self._read(f"{part} ", Look.TAIL)
        halves = (mark.raw for mark in tail.closed if not mark.lasts)
        closed = part + tail.ticks + "".join(halves)
        marks = all(_BEGINS.match(part, mark.at) for mark in tail.closed if mark.raw)
        if marks and _bare(self._read(closed, Look.FINAL)) == _bare(tail):
            part = closed
        return (text[: last.end()] + part).rstrip()

    def _read(self, text: str, look: Look, state: State | None = None) -> Reading:
        reading = Reading(text, state or self._state.unspanned(), self._limits, look)
        reading.run()
        return reading


def _bare(reading: Reading) -> str:
    """What it shows, without white space."""
    return "".join("".join(piece.text for piece in reading.pieces).split())
