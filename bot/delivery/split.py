"""Cuts an answer into pages that Discord takes, so that pages which are already shown never change.

An answer grows while it is shown, and a page that was cut must stay as it is whatever comes after it. So a page ends
with the *first prefix of the rest that does not fit*, and where it is cut depends on that prefix alone: not on the text
behind it, and not on the pieces in which the text arrived. `split(whole)` and a `Splitter` that was fed every token
agree by construction.

What fits is measured as it will be shown. Discord drops the white space around a message, so it costs nothing there: a
run of newlines at a cut belongs to the page before it, however long, and no page is blank. A code block that is open at
the cut costs its closing line on this page and its opening line on the next.

Every prefix that is shorter than the first which does not fit, fits; so each place in it is a lawful cut, and the best
kind that lies in the page's second half is taken: between blocks, then between lines, between words, between what
people see as characters, and, inside a single character longer than a page, between code points.
"""

from __future__ import annotations

from dataclasses import dataclass

from wcwidth import grapheme_boundary_before

from bot.delivery.fences import MAX_CLOSING, Fence, after, close, closing, lines, opened_by, units

LIMIT = 2000
"""UTF-16 units of a message's content (Discord's documentation, Message; whether it counts units or code points is not
said: units are the stricter)."""
MIN_LIMIT = 100
"""Below it a page might hold nothing but the lines that reopen and close a code block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """`body` is the page's share of the answer; `head` and `tail` reopen and close a code block that a cut divides."""

    head: str
    body: str
    tail: str

    @property
    def text(self) -> str:
        """What is sent: without the white space around it, which Discord would drop too."""
        return (self.head + self.body + self.tail).strip()


def split(text: str, *, limit: int = LIMIT) -> tuple[PageText, ...]:
    """Pages whose bodies together are `text`, each at most `limit` UTF-16 units; none for blank text.

    Raises ValueError for a limit under MIN_LIMIT.
    """
    return Splitter(limit=limit).feed(text)


def with_remark(answer: str, remark: str | None) -> str:
    """`answer` with a remark in small print below it, outside any code block; the remark alone without an answer."""
    if remark is None or not answer.strip():
        return answer if remark is None else remark
    small = "\n".join(f"-# {line}" for line in remark.splitlines() if line.strip())
    return f"{close(answer.rstrip())}\n{small}"


class Splitter:
    """Follows one answer as it grows; each step reads the open page alone."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        if limit < MIN_LIMIT:
            raise ValueError(f"a page of {limit} units is too small")
        self._limit = limit
        self._closed: list[PageText] = []
        self._closed_text = ""
        self._fence: Fence | None = None

    @property
    def open_at(self) -> int:
        """Where the open page begins in the text."""
        return len(self._closed_text)

    def feed(self, text: str) -> tuple[PageText, ...]:
        """Pages of the whole text so far, the last one open. One that does not continue the earlier starts anew."""
        if not text.startswith(self._closed_text):
            self._closed, self._closed_text, self._fence = [], "", None
        start = self.open_at
        while (page := _Page(text, start, self._fence, self._limit)).full is not None:
            end = page.cut()
            self._fence = page.fence_at(end)
            self._closed.append(page.ending(end))
            start = end
        self._closed_text = text[:start]
        return (*self._closed, page.ending(len(text))) if page.visible else tuple(self._closed)


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    fence: Fence | None
    """Open before the line."""
    used: int
    """Units of the page before the line, its head included."""


class _Page:
    """One page in the making. `full` ends the first prefix that does not fit; None while everything does."""

    def __init__(self, text: str, start: int, fence: Fence | None, limit: int) -> None:
        self._text = text
        self._start = start
        self._fence = fence
        self._limit = limit
        self._first = start if fence else _after_space(text, start)
        self._lines: list[_Line] = []
        self.full = self._measure()

    @property
    def visible(self) -> bool:
        return self._first < len(self._text)

    def ending(self, end: int) -> PageText:
        line = self._line_at(end)
        tail = closing(line.fence, self._text[line.start : end])
        head = self._fence.opening if self._fence else ""
        return PageText(head=head, body=self._text[self._start : end], tail=tail)

    def fence_at(self, end: int) -> Fence | None:
        line = self._line_at(end)
        return after(line.fence, self._text[line.start : end].removesuffix("\n")) if end > line.start else line.fence

    def cut(self) -> int:
        """Where a full page ends."""
        blocks = (line.start for line in self._cuttable() if self._begins_block(line))
        rows = (line.start for line in self._cuttable())
        for places in (blocks, rows):
            if (place := max(places, default=None)) is not None:
                return self._with_space(place)
        return self._word_cut() or self._character_cut()

    def _measure(self) -> int | None:
        fence, used = self._fence, units(self._fence.opening) if self._fence else 0
        for start, end in lines(self._text, self._first):
            line = self._text[start:end]
            self._lines.append(_Line(start, fence, used))
            longest = used + units(line)
            if longest + MAX_CLOSING > self._limit and (full := self._full_in(self._lines[-1], line)) is not None:
                return full
            fence, used = after(fence, line.removesuffix("\n")), longest
        return None

    def _full_in(self, line: _Line, text: str) -> int | None:
        used = line.used
        for length, character in enumerate(text, 1):
            used += 1 if character <= "\uffff" else 2
            if used + MAX_CLOSING > self._limit and self._size(line, text[:length], used) > self._limit:
                return line.start + length
        return None

    @staticmethod
    def _size(line: _Line, prefix: str, used: int) -> int:
        """Units of the page if it ended with `prefix` of `line`; 0 if that adds nothing to what people see."""
        tail = closing(line.fence, prefix)
        return 0 if not tail and prefix[-1].isspace() else used + len(tail)

    def _line_at(self, place: int) -> _Line:
        return next((line for line in reversed(self._lines) if line.start <= place), self._lines[0])

    def _cuttable(self) -> list[_Line]:
        return [line for line in self._lines[1:] if line.used * 2 >= self._limit]

    def _begins_block(self, line: _Line) -> bool:
        if line.fence is not None:
            return False
        before = self._line_at(line.start - 1)
        row, _, _ = self._text[line.start : self._bound].partition("\n")
        return (
            before.fence is not None or not self._text[before.start : line.start].strip() or opened_by(row) is not None
        )

    @property
    def _bound(self) -> int:
        assert self.full is not None
        return self.full

    def _word_cut(self) -> int | None:
        for place in range(self._bound - 1, max(self._first, self._bound - self._limit // 2), -1):
            if self._text[place - 1].isspace() and self._separates(place):
                return self._with_space(place)
        return None

    def _character_cut(self) -> int:
        prefix = self._text[self._first : self._bound]
        place = self._first + grapheme_boundary_before(prefix, len(prefix))
        return place if place > self._first else self._bound - 1

    def _separates(self, place: int) -> bool:
        """Whether characters end before `place`; a space may carry a combining mark."""
        prefix = self._text[self._first : place + 1]
        return self._first + grapheme_boundary_before(prefix, len(prefix)) == place

    def _with_space(self, place: int) -> int:
        if self.fence_at(place) is not None:
            return place
        end = min(_after_space(self._text, place), self._bound - 1)
        while end > place and not self._separates(end):
            end -= 1
        return end


def _after_space(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start
