"""Which runs of marks are bold, italic, struck out or hidden, as GitHub reads them, and which are only characters.

A run opens a span before a character and closes one behind a character; an underscore does neither inside a word.
GitHub asks more of a closing run beside punctuation, which fails in front of Korean particles (`**"인용"**은`): there
people mean what Discord does, which does not ask. So it is with opening ones, save behind a Latin letter (`file*.txt`),
and with underscores that end before a particle (`__강조__를`). Those that stay characters are escaped where Discord
could begin a span, which may end paragraphs later: `*args`, `MY__CONST__X`, and `snake_case` as well, as it only looks
at what stands behind an underscore.

Two pipes hide over the ends of lines and of paragraphs in Discord. So what they hide may go on behind the span they
begin, a *spoiler* that lasts until the next two pipes: better too much is hidden than the end of a story shown. Only
pipes that look like an operator's need another half in their paragraph; those between spaces are characters, as are all
that find none, and these are escaped, or Discord would pair them.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.delivery.inline import Kind, Token, hushed, read

MARKING = (Kind.RUN, Kind.OPEN, Kind.CLOSE)
LONGEST_RUN = 3
SPOILER = "||"
PATIENCE = 200
"""Characters for which a look at a growing text believes that a mark which is open will be closed."""
_ENDS_CLAUSE = frozenset(":.!?…—")
_OPERATOR_BEHIND = frozenset(")]}\"'`")
_OPERATOR_BEFORE = frozenset("=)]}.,;:!?")
"""Characters, besides Latin letters and digits, behind and before which two pipes are likelier an operator's."""
_JOINED = re.compile("[\u1100-\u11ff\u3005-\u3007\u3041-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7ff\uf900-\ufaff]")
"""Hangul, Kana and Han, which are written without a space behind the word that they go with."""
_BRACKETS = frozenset("([{<“‘「『《〈【（")
"""Behind which no span ends: `f(**kwargs)`."""
_LATIN = re.compile("[0-9A-Za-z_]")
"""What Discord takes for more of a word."""


@dataclass(slots=True)
class Mark:
    raw: str
    shown: str
    lasts: bool = False
    """It hides what follows even if it is not closed."""
    closed: bool = False
    doubted: bool = False
    at: int = 0
    """Where it was opened in the source."""
    length: int = 0
    """Of the run that opened it."""
    closes: bool = False
    """That run could have closed a span as well."""
    assumed: bool = False
    """It is only taken to be closed, for a look at what may follow."""


class Entry(NamedTuple):
    """A token in a span. `mark` is what it opens or closes; an OPEN that was never closed is its `text`."""

    kind: Kind
    text: str
    plain: str
    at: int
    mark: Mark | None = None


@dataclass(slots=True)
class Span:
    """Tokens from the first open mark on. `open` until every mark has found its other half, save the spoiler's."""

    spoiler: Mark | None = None
    """Has been open since before the span."""
    entries: list[Entry] = field(default_factory=list)
    stack: list[Mark] = field(default_factory=list)
    size: int = 0
    """Characters of the source."""

    @classmethod
    def within(cls, spoiler: bool) -> Span:
        mark = Mark(SPOILER, SPOILER, lasts=True) if spoiler else None
        return cls(mark, stack=[mark] if mark else [])

    @property
    def open(self) -> bool:
        return bool(self.stack) and self.stack[-1] is not self.spoiler

    @property
    def hides(self) -> bool:
        return any(mark.lasts for mark in self.stack)

    def add(self, token: Token, before: str, behind: str) -> None:
        """`before` and `behind` are the characters around the token; a newline where there is none."""
        self.size += token.end - token.start
        if token.kind is Kind.RUN:
            self._run(token, before, behind)
        elif token.kind is Kind.OPEN:
            self._push(Mark("", token.text), token.plain, token.start, escaped(token.plain))
        elif token.kind is Kind.CLOSE:
            self._end_tag(token, behind)
        else:
            self.entries.append(Entry(token.kind, token.text, token.plain, token.start))

    def _end_tag(self, token: Token, behind: str) -> None:
        if found := [mark for mark in self.stack if not mark.raw and mark.shown == token.text]:
            self._close(token.start, found[-1], behind)
        else:
            self.entries.append(Entry(Kind.GLUE, token.plain, token.plain, token.start))

    def _run(self, token: Token, before: str, behind: str) -> None:
        run, at = token.text, token.start
        opens, closes = _flanking(run, before, behind)
        if len(run) <= LONGEST_RUN:
            self._swap(run)
            while run and (found := self._other_half(run, len(token.text), opens, closes)):
                self._close(at, found, behind)
                run = run[len(found.raw) :]
        for raw in _marks(run) if opens and run else ():
            lasts = raw == SPOILER and _lasts(before, behind)
            mark = Mark(raw, "**" if raw == "__" else raw, lasts, length=len(token.text), closes=closes)
            self._push(mark, raw, at, _literal(raw, behind))
            run = run[len(raw) :]
        if run:
            self.entries.append(Entry(Kind.GLUE, _literal(run, behind), run, at))

    def _swap(self, run: str) -> None:
        """A run of three opens two spans, of which the one that ends first is the inner: `***a** b*`."""
        if len(self.stack) < 2:
            return
        outer, inner = self.stack[-2:]
        if outer.raw == run and outer.at == inner.at and run.startswith(inner.raw):
            self.stack[-2:] = inner, outer
            place = next(place for place, entry in enumerate(self.entries) if entry.mark is outer)
            self.entries[place : place + 2] = reversed(self.entries[place : place + 2])

    def _other_half(self, run: str, length: int, opens: bool, closes: bool) -> Mark | None:
        """The span that `run` ends, which is what is left of one of `length` characters.

        Where one of two runs could do both, GitHub pairs none whose lengths make up three: `**5*6**`.
        """
        for mark in reversed(self.stack):
            unlike = (opens or mark.closes) and (length + mark.length) % 3 == 0 and length % 3 > 0
            if (closes or mark.lasts) and mark.raw and run.startswith(mark.raw) and not unlike:
                return mark
        return None

    def _push(self, mark: Mark, source: str, at: int, literal: str) -> None:
        mark.at = at
        self.stack.append(mark)
        self.entries.append(Entry(Kind.OPEN, literal, source, at, mark))

    def _close(self, at: int, mark: Mark, behind: str) -> None:
        """Marks that were opened since, and have not been closed, are characters."""
        while (other := self.stack.pop()) is not mark:
            other.lasts = False
        mark.closed = True
        self._choose(mark, behind)
        self.entries.append(Entry(Kind.CLOSE, "", "", at, mark))

    def _choose(self, mark: Mark, behind: str) -> None:
        """Discord ends italics at the next of their marks, even one in code, and one star even if it is escaped."""
        if mark.shown not in ("*", "_"):
            return
        inside = itertools.takewhile(lambda entry: entry.mark is not mark, reversed(self.entries))
        text = "".join(entry.text for entry in inside if entry.mark is None or not entry.mark.closed)
        star = "*" not in text and behind != "*"
        line = "_" not in text.replace("\\_", "") and _LATIN.match(behind) is None
        if star is not line:
            mark.shown = "*" if star else "_"

    def close_all(self, end: int) -> tuple[Mark, ...]:
        """For a look at a span whose end has not come, read up to `end`. Marks with nothing behind them are left out.

        One that has been open for long is shown as what it will be if it is never closed: `*args` may be a name.
        Returns the others, from the inmost.
        """
        while self.entries and self.entries[-1].kind in (Kind.OPEN, Kind.SPACE):
            entry = self.entries.pop()
            if entry.mark is not None and entry.mark in self.stack:
                self.stack.remove(entry.mark)
        closed: list[Mark] = []
        while self.open:
            mark = self.stack.pop()
            mark.doubted = end - mark.at > PATIENCE and mark.raw not in ("", SPOILER)
            mark.closed = mark.assumed = not mark.doubted
            if mark.closed:
                self._choose(mark, "\n")
                self.entries.append(Entry(Kind.CLOSE, "", "", self.entries[-1].at, mark))
                closed.append(mark)
        return tuple(closed)


def _marks(run: str) -> tuple[str, ...]:
    if run[0] in "~|":
        return (run,) if len(run) == 2 else ()
    return {1: (run,), 2: (run,), 3: (run[:2], run[0])}.get(len(run), ())


def _literal(run: str, behind: str) -> str:
    """A run that is no mark, so that Discord takes it for none either, nor for the other half of a later one."""
    return run if run == "*" and behind.isspace() else re.sub(r"[*_~|]", r"\\\g<0>", run)


def _flanking(run: str, before: str, behind: str) -> tuple[bool, bool]:
    """Whether a run may open, and whether it may close a span."""
    opens, closes = not behind.isspace(), not before.isspace()
    if run[0] == "_":
        return opens and not before.isalnum(), closes and (not behind.isalnum() or _JOINED.match(behind) is not None)
    if run[0] == "|":
        return opens or before == "\n" or behind == "\n", closes or behind == "\n"
    if before.isdigit() and behind.isdigit():  # 2**10
        return False, False
    inside = before.isascii() and before.isalnum() and not behind.isalnum()
    return opens and not inside, closes and before not in _BRACKETS


def around(token: Token, text: str) -> tuple[str, str]:
    """The characters around a token, a newline where there is none, and behind what two pipes can only begin."""
    before = text[token.start - 1] if token.start else "\n"
    behind = text[token.end : token.end + 1] or "\n"
    if token.text == SPOILER and before.isspace():
        line = text[text.rfind("\n", 0, token.start) + 1 : token.start].rstrip(" \t>*+-#")
        before = "\n" if not line or (behind == "\n" and line[-1] in _ENDS_CLAUSE) else before
    return before, behind


def _lasts(before: str, behind: str) -> bool:
    if before == "\n" and behind == "\n":
        return True
    operator = (before.isascii() and before.isalnum()) or before in _OPERATOR_BEHIND or behind in _OPERATOR_BEFORE
    return not behind.isspace() and not operator


def escaped(text: str) -> str:
    """Text with pipes that hide nothing in Discord."""
    return text.replace("|", "\\|") if SPOILER in text else text


def flatten(text: str, *, quiet: bool = False) -> tuple[str, str, bool]:
    """A table's cell in Discord's dialect, without any mark, and whether it has a link."""
    span, linked = Span(), False
    for token in read(text, 0, len(text), whole=True, longest=2 * len(text), word=len(text), most=2 * len(text)):
        linked = linked or (token.kind is Kind.WHOLE and "://" in token.text and token.text[0] != "`")
        span.add(token, *around(token, text))
    rich = "".join(hushed(_shown(entry)) if quiet else _shown(entry) for entry in span.entries)
    plain = "".join("" if entry.mark and entry.mark.closed else entry.plain for entry in span.entries)
    return rich.strip(), plain.strip(), linked


def _shown(entry: Entry) -> str:
    return entry.mark.shown if entry.mark is not None and entry.mark.closed else entry.text
