"""What a rendered text consists of, and the writing of it: a piece never changes once it is written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from bot.delivery.fences import INDENTED, Fence, parting, tamed, units
from bot.delivery.inline import Kind, hushed, read, separate
from bot.delivery.spans import SPOILER, Mark, Span, escaped, flatten
from bot.delivery.tables import Cell, Row, Table


class Rank(IntEnum):
    """How good it is to cut before a piece; the higher the better."""

    NONE = 0
    SPAN = 1
    """Inside bold text and the like, or inside inline code."""
    POINT = 2
    """Between what people see as characters."""
    WORD = 3
    LINE = 4
    ROW = 5
    BLOCK = 6


class Piece(NamedTuple):
    """Its `row` is laid out by the page; it has no text of its own then."""

    space: str
    """The white space before it, which goes to the page before if the piece begins one."""
    text: str
    units: int
    """Of the text."""
    rank: Rank
    at: int
    """Where it begins in the source."""
    head: str
    """Opens what is open before it."""
    tail: str
    """Closes what is open behind it. A newline at its beginning is left out behind one."""
    row: Row | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What follows from a page's size in UTF-16 units."""

    page: int
    whole: int
    """Characters of a link or a span that is kept whole: it fits in a page, whatever has to be opened before it."""
    piece: int
    """Units of inline code, or of a line of code, that is one piece."""
    word: int
    """Characters of a word that is one piece."""
    quiet: bool
    """Links are written so that Discord shows no previews of them."""

    @classmethod
    def of(cls, page: int, quiet: bool) -> Limits:
        piece = page // 4 - 8
        return cls(page, page - 60, piece, piece // 2, quiet)


@dataclass(slots=True)
class State:
    """All that reading on depends on. Its values are immutable, so that a copy is one, except for the span."""

    at: int = 0
    span: Span | None = None
    """The span that is open, read up to `span_at`."""
    span_at: int = 0
    new_line: bool = True
    fence: Fence | None = None
    in_code_line: bool = False
    blank_code: int = 0
    """Lines of indented code that are blank so far, and only count if more code follows."""
    table: Table | None = None
    row_at: int = 0
    """Where the table's next row begins, or its header if it is the first."""
    begun: bool = False
    """The last piece is a row of the table."""
    rowed: bool = False
    """The table has a row."""
    lists: tuple[int, ...] = ()
    """Columns of the marks of the lists that are open."""
    quoted: bool = False
    quote_gap: bool = False
    heading: bool = False
    after_heading: bool = False
    started: bool = False
    space: str = ""
    rank: Rank = Rank.BLOCK
    prefix: str = ""
    """Goes before the next text."""
    prefix_at: int = 0
    hang: str = ""
    """Goes before the text after a line break of the author's."""
    line_head: str = ""
    inside: tuple[str, ...] = ()
    """The spans that are open."""
    spoiler: bool = False
    """What follows is hidden, until a mark ends it."""
    veiled: bool = False
    """The spoiler's mark is open in what has been written."""
    boxed: bool = False
    """The last line ends a block of code, where no mark can stand."""
    apart: bool = False
    """The last line is one that Discord reads by itself, a list's or a heading: no spoiler goes over its edges."""
    head: str = ""
    tail: str = ""
    spanned: bool = False
    """The last piece left a span open."""
    last: str = "\n"
    """The last character."""


class Writer:
    def __init__(self, state: State, limits: Limits) -> None:
        self._state = state
        self._limits = limits
        self._pieces: list[Piece] = []

    def _put(self, text: str, at: int) -> None:
        state = self._state
        rank = min(state.rank, Rank.SPAN) if state.spanned else state.rank
        if rank is not Rank.NONE and rank <= Rank.WORD and not text.isascii() and not state.prefix:
            rank = rank if separate(state.last, text[0]) else Rank.NONE
        if state.prefix:
            text, at = state.prefix + text, state.prefix_at
            state.prefix = ""
        if state.last == "`" and text[:1] == "`":
            text = f"\u200b{text}"
        veil = SPOILER if state.veiled else ""
        self._pieces.append(Piece(state.space, text, units(text), rank, at, state.head, state.tail + veil, None))
        state.space, state.rank, state.started, state.boxed = "", Rank.POINT, True, False
        state.spanned, state.last = bool(state.inside), text[-1:]
        state.head = state.line_head + veil + "".join(state.inside)

    def _put_token(self, kind: Kind, text: str, at: int) -> None:
        text = self._unpaired(text)
        if kind not in (Kind.SPACE, Kind.BREAK) and text:
            self._veil(at)
        if kind is Kind.SPACE:
            self._space(text)
        elif kind is Kind.BREAK:
            self._space("\n")
            self._prefix(self._state.hang + text[1:], at)
        elif kind is Kind.WHOLE and text[0] == "`" and units(text) > self._limits.piece:
            self._long_code(text, at)
        elif text:
            text = hushed(text) if kind is Kind.WHOLE and self._limits.quiet else text
            if kind is Kind.GLUE and self._state.rank is Rank.POINT:
                self._state.rank = Rank.NONE
            self._put(text, at)

    def _space(self, text: str) -> None:
        state = self._state
        if state.prefix:
            state.prefix += "" if state.prefix[-1].isspace() or state.prefix.endswith(SPOILER) else " "
        elif state.started and "\n" not in state.space:
            state.space = text if text == "\n" or len(state.space + text) == 1 else " "
            state.rank = Rank.LINE if text == "\n" else Rank.WORD
            state.last = state.space

    def _prefix(self, text: str, at: int) -> None:
        if text and not self._state.prefix:
            self._state.prefix_at = at
        self._state.prefix += text

    def _flush(self, span: Span) -> None:
        for entry in span.entries:
            if entry.mark is None:
                self._put_token(entry.kind, entry.text, entry.at)
            elif not entry.mark.closed and entry.mark.lasts:
                self._state.spoiler = True
            elif not entry.mark.closed:
                self._put_token(Kind.GLUE, escaped(entry.text), entry.at)
            elif entry.kind is Kind.OPEN:
                self._open(entry.mark, entry.at)
            elif entry.mark is span.spoiler:
                self._state.spoiler = False
                self._unveil(entry.at)
            else:
                self._close(entry.mark.shown, entry.at)

    def _veil(self, at: int) -> None:
        """Hides what is written from here on, if it is to be."""
        if self._state.spoiler and not self._state.veiled:
            self._prefix(SPOILER, at)
            self._state.veiled = True

    def _unveil(self, at: int) -> None:
        state = self._state
        if not state.veiled:
            return
        mark = self._veil_line()[1] if state.boxed else SPOILER
        state.veiled = False
        if SPOILER in state.prefix:
            state.prefix = state.prefix.replace(SPOILER, "", 1)
        elif state.prefix:
            self._put(SPOILER, at)
        else:
            self._put_behind(mark, at)

    def _unpaired(self, text: str) -> str:
        """Two pipes end a spoiler in Discord even if they are code."""
        hidden = self._state.spoiler or SPOILER in self._state.inside
        return text.replace("|", "|\u200b") if hidden and SPOILER in text else text

    def _open(self, mark: Mark, at: int) -> None:
        """A span in one of its own kind would end it in Discord: it needs no marks."""
        state = self._state
        if mark.shown in state.inside:
            mark.shown = ""
        if mark.shown:
            self._veil(at)
            self._prefix(mark.shown, at)
            state.inside = (*state.inside, mark.shown)
            state.tail = mark.shown + state.tail

    def _close(self, shown: str, at: int) -> None:
        state = self._state
        if not shown:
            return
        state.inside = state.inside[:-1]
        state.tail = state.tail.removeprefix(shown)
        if state.prefix:
            state.prefix += shown
        else:
            self._put_behind(shown, at)

    def _put_behind(self, mark: str, at: int) -> None:
        """Without the white space that waits, which then follows the mark."""
        state = self._state
        space, rank, state.space, state.rank = state.space, state.rank, "", Rank.NONE
        self._put(mark, at)
        state.space = space
        state.rank = rank if space else Rank.POINT

    def _long_code(self, text: str, at: int) -> None:
        ticks = text[: len(text) - len(text.lstrip("`"))]
        self._open(Mark(ticks, ticks), at)
        content, longest = text[len(ticks) : -len(ticks)], self._limits.word
        while content:
            cut = parting(content, longest) if len(content) > longest else len(content)
            part, content = content[:cut], content[cut:]
            self._put(f"{part}\u200b" if part[-1] == "`" else part, at)
        self._close(ticks, at)

    def _begin_line(self, *, quoted: bool, heading: int = 0, listed: bool = False) -> None:
        state = self._state
        apart = listed or heading > 0
        if apart or state.apart or quoted is not state.quoted:
            self._unveil(state.at)
        state.apart = apart
        state.after_heading, state.heading = state.heading, heading > 0
        state.line_head = "> " if quoted else ""
        gap = "> \n" if quoted and state.quote_gap else ""
        state.quoted, state.quote_gap, state.hang = quoted, False, state.line_head
        self._prefix(gap + state.line_head, state.at)
        if heading:
            self._raise_rank()
            state.lists = ()
        if heading > 3:
            self._open(Mark("**", "**"), state.at)
        elif heading:
            self._prefix("#" * heading + " ", state.at)

    def _raise_rank(self) -> None:
        """Here a block begins. It is not torn from a heading above it."""
        if not self._state.after_heading:
            self._state.rank = Rank.BLOCK

    def _end_line(self) -> None:
        state = self._state
        if state.inside and state.prefix:
            state.veiled = state.veiled and SPOILER not in state.prefix
            state.prefix, state.inside, state.tail = "", (), ""
        while state.inside:
            self._close(state.inside[-1], state.at)
        if state.prefix.strip(" \n>"):
            state.prefix = state.prefix.rstrip()
            self._put("", state.at)
        state.prefix = state.hang = state.line_head = ""
        state.head = self._veil_line()[0] if state.quoted else SPOILER * state.veiled
        state.spanned, state.last, state.rank = False, "\n", Rank.LINE
        if state.started and state.space != "\n\n":
            state.space = "\n"

    def _veil_line(self) -> tuple[str, str]:
        """What opens again and what closes, before and behind a whole line, what hides it."""
        state = self._state
        mark = "> " if state.quoted else ""
        return (f"{mark}{SPOILER}\n", f"\n{mark}{SPOILER}") if state.veiled else ("", "")

    def _blank_line(self, quoted: bool) -> None:
        state = self._state
        self._end_table()
        if quoted and state.quoted:
            state.quote_gap = True
            return
        if state.quoted:
            self._unveil(state.at)
        state.quoted = state.quote_gap = False
        state.space = "\n\n" if state.started else ""
        state.rank = Rank.LINE if state.heading else Rank.BLOCK

    def _put_code(self, fence: Fence, code: str, at: int) -> None:
        state = self._state
        mark = "> " if state.quoted else ""
        before = self._veil_line()[0]
        state.veiled = state.spoiler
        veil, code = self._veil_line()[0], self._unpaired(code)
        head = veil + mark + fence.opening
        if state.prefix:
            opening = state.prefix if before else veil + state.prefix
            self._append_code(state.space, opening + mark + code, state.rank, state.prefix_at, before)
        elif state.in_code_line:
            self._append_code("", code, Rank.WORD if state.last == " " else Rank.POINT, at, head + mark)
        else:
            self._append_code("\n" * (1 + state.blank_code), mark + code, Rank.LINE, at, head)
        state.prefix, state.last, state.started, state.blank_code = "", code[-1:], True, 0

    def _put_first_line(self, code: str) -> None:
        """Of a block that has no other: what stands behind its mark."""
        state, longest, code = self._state, self._limits.word, tamed(code)
        state.prefix, state.prefix_at = f"{state.prefix.partition('```')[0]}```\n", state.at
        while code:
            cut = parting(code, longest) if len(code) > longest else len(code)
            self._put_code(INDENTED, code[:cut], state.at)
            code, state.in_code_line = code[cut:], True

    def _append_code(self, space: str, text: str, rank: Rank, at: int, head: str) -> None:
        tail = ("\n> ```" if self._state.quoted else "\n```") + self._veil_line()[1]
        self._pieces.append(Piece(space, text, units(text), rank, at, head, tail, None))

    def _close_fence(self) -> None:
        """A block without a line is left out: Discord would show its language as code."""
        state = self._state
        if state.prefix and state.fence is not None and state.fence.code:
            self._put_first_line(state.fence.code)
        if state.prefix:
            state.prefix = ""
        else:
            mark = "> ```" if state.quoted else "```"
            self._pieces.append(Piece("\n", mark, len(mark), Rank.NONE, state.at, "", self._veil_line()[1], None))
            state.space = ""
        state.fence, state.in_code_line = None, False
        self._end_line()
        state.rank, state.boxed = Rank.BLOCK, True

    def _cell(self, text: str) -> Cell:
        rich, plain, linked = flatten(text, quiet=self._limits.quiet)
        return Cell.of(self._unpaired(rich), self._unpaired(tamed(plain)), linked)

    def _put_lines(self, text: str) -> None:
        """A row too large for a page, cut where a text would be."""
        for line in text.split("\n"):
            self._prefix("  " if line.startswith(" ") else "", self._state.at)
            for token in read(line, 0, len(line), whole=True, longest=0, word=self._limits.word):
                self._put_token(Kind.GLUE if token.kind is Kind.RUN else token.kind, token.text, self._state.at)
            self._end_line()

    def _put_row(self, row: Row) -> None:
        state = self._state
        head = self._veil_line()[0]
        self._veil(state.row_at)
        if state.prefix:
            self._put("", state.row_at)
            state.space, state.rank = "\n", Rank.NONE
        space, rank, at = ("\n", Rank.ROW, state.at) if state.begun else (state.space, state.rank, state.row_at)
        self._pieces.append(Piece(space, "", 0, rank, at, head, self._veil_line()[1], row))
        state.begun = state.started = state.rowed = True

    def _end_rows(self, table: Table) -> None:
        if not self._state.begun:
            return
        self._pieces.append(Piece("", "", 0, Rank.NONE, self._state.at, "", self._veil_line()[1], Row(table, None)))
        self._state.begun, self._state.space = False, ""
        self._end_line()
        self._state.boxed = True

    def _end_table(self) -> None:
        """A table without rows is its header."""
        state = self._state
        if state.table is None:
            return
        if not state.rowed:
            self._put_row(Row(state.table, ()))
        self._end_rows(state.table)
        state.table, state.rank = None, Rank.BLOCK
