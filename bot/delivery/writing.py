"""Writes pieces: words and marks, lines and what is before them, blocks of code, rows of tables.

Whatever the readers of the source (`bot.delivery.blocks`, `bot.delivery.text`) meet is opened and closed here as
Discord wants it: spans, quotations, spoilers. So every piece knows what a page needs that begins or ends with it.
"""

from __future__ import annotations

import re

from bot.delivery.fences import Fence, opening_ticks, tamed, units
from bot.delivery.graphemes import parting, separate
from bot.delivery.inline import Kind, hushed, read
from bot.delivery.pieces import Piece, Rank
from bot.delivery.spans import SPOILER, Mark, Span, flatten
from bot.delivery.state import Limits, State
from bot.delivery.tables import Cell, Row, Table

_ADDED = re.compile(r"[*_~|]*(?:[^\W_]|[\[(`])")
"""What Discord would take for more of the address before it."""


class Writer:
    """Writes one pass's pieces, and keeps in the state what the next ones depend on."""

    def __init__(self, state: State, limits: Limits) -> None:
        self._state = state
        self._limits = limits
        self.pieces: list[Piece] = []
        self._slack = 0
        """Of the next piece."""
        self._half_code = (-1, 0)
        """Where code begins that is open, and by how many units its mark grows if it is none."""

    def _put(self, text: str, at: int) -> None:
        state = self._state
        if state.linked and not state.space and _ADDED.match(state.prefix + text):
            self._put_apart()
        state.linked = False
        rank = min(state.rank, Rank.SPAN) if state.spanned or state.doubted else state.rank
        if rank <= Rank.WORD and not text.isascii() and self._joined(text):
            rank = Rank.NONE
        if state.prefix:
            text, at = state.prefix + text, state.prefix_at
            state.prefix = ""
        if state.last == "`" and text[:1] == "`":
            text = f"\u200b{text}"
        veil = SPOILER if state.veiled else ""
        size = units(text)
        self.pieces.append(Piece(state.space, text, size, rank, at, state.head, state.tail + veil, None, self._slack))
        state.glued = size if rank >= Rank.POINT else state.glued + size
        state.space, state.rank, state.started, state.boxed = "", Rank.POINT, True, False
        state.spanned, state.last = len(state.inside) > state.deep, text[-1:]
        state.head = state.line_head + veil + "".join(state.inside)

    def _put_apart(self) -> None:
        self._state.space, self._state.rank, self._state.last = " ", Rank.WORD, " "

    def _joined(self, text: str) -> bool:
        """Whether it begins inside what people see as a character."""
        state = self._state
        return not state.prefix and not separate(state.last, text[0]) and self._glues(text)

    def _glues(self, text: str) -> bool:
        """Whether a page that has shown what is glued together has room for all of it."""
        return self._state.glued + units(text) <= self._limits.piece

    def _put_token(self, kind: Kind, text: str, at: int) -> None:
        text = self._unpaired(text)
        if kind not in (Kind.SPACE, Kind.BREAK) and text:
            self._veil(at)
        if kind is Kind.SPACE:
            self._space(text)
        elif kind is Kind.BREAK:
            marks = self._state.prefix if self._opened() else ""
            self._space("\n")
            self._state.prefix = self._state.prefix.removesuffix(marks)
            self._prefix(self._state.hang + text[1:] + marks, at)
        elif kind is Kind.WHOLE and text[:1] == "`" and units(text) > self._limits.piece:
            self._long_code(text, at)
        elif kind is Kind.WHOLE and text[:1] == "`" and (divided := self._divided(text)):
            self._put_outside(divided, text, at)
        elif text:
            text = hushed(text) if kind is Kind.WHOLE and self._limits.quiet else text
            if kind is Kind.GLUE and self._state.rank is Rank.POINT and not self._state.prefix and self._glues(text):
                self._state.rank = Rank.NONE
            self._put(text, at)
            self._state.linked = kind is Kind.WHOLE and text.startswith("http")

    def _space(self, text: str) -> None:
        state = self._state
        if state.prefix and not self._opened():
            state.prefix += "" if state.prefix[-1].isspace() or state.prefix.endswith(SPOILER) else " "
        elif state.started and "\n" not in state.space:
            state.space = text if text == "\n" or len(state.space + text) == 1 else " "
            state.rank = Rank.LINE if text == "\n" else Rank.WORD
            state.last = state.space

    def _opened(self) -> bool:
        """Whether nothing but marks goes before the next text."""
        return "".join(self._state.inside).endswith(self._state.prefix)

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
                self._put_token(Kind.GLUE, entry.text, entry.at)
                self._state.doubted = self._state.doubted or entry.mark.doubted
            elif entry.kind is Kind.OPEN:
                self._open(entry.mark, entry.at)
                if entry.mark.assumed:
                    self._slack += max(units(entry.text) - len(entry.mark.shown), 0)
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
        if state.prefix.endswith(shown):
            state.prefix = state.prefix.removesuffix(shown)
        elif state.prefix:
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

    def _divided(self, code: str) -> tuple[str, ...]:
        """The marks that are open, but for what hides the code, if Discord would take one in it for its other half."""
        inside = self._state.inside
        marks = inside[inside.index(SPOILER) + 1 :] if SPOILER in inside else inside
        return marks if any(len(mark) > 1 and mark in code for mark in marks) else ()

    def _put_outside(self, marks: tuple[str, ...], code: str, at: int) -> None:
        for mark in reversed(marks):
            self._close(mark, at)
        self._put(code, at)
        for mark in marks:
            self._open(Mark(mark, mark), at)

    def _long_code(self, text: str, at: int) -> None:
        ticks = opening_ticks(text)
        self._open(Mark(ticks, ticks), at)
        content, slack = text[len(ticks) : -len(ticks)], self._slack
        self._slack += self._half_code[1] if self._half_code[0] == at else 0
        while content:
            cut = self._parting(content)
            part, content = content[:cut], content[cut:]
            self._put(f"{part}\u200b" if part.rstrip()[-1:] == "`" else part, at)
            self._slack += sum(map(part.count, "*_~|"))
        self._slack = slack
        self._close(ticks, at)

    def _begin_line(self, *, quoted: bool, heading: int = 0, listed: bool = False) -> None:
        state = self._state
        apart = listed or heading > 0
        if apart or state.apart or quoted is not state.quoted:
            self._unveil(state.at)
        state.apart, state.paragraph, state.deep = apart, False, heading > 3
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
        # Discord leaves room below a heading by itself.
        below_title = state.heading and not state.deep
        state.space = ("\n" if below_title else "\n\n") if state.started else ""
        state.rank = Rank.LINE if state.heading else Rank.BLOCK

    def _parting(self, code: str) -> int:
        """Where the next piece of a line of code ends."""
        return parting(code, self._limits.word, self._limits.piece) if len(code) > self._limits.word else len(code)

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
            rank = Rank.WORD if state.last == " " else Rank.POINT
            self._append_code("", code, rank, at, head + mark)
        else:
            self._append_code("\n" * (1 + state.blank_code), mark + code, Rank.LINE, at, head)
        state.prefix, state.last, state.started, state.blank_code = "", code[-1:], True, 0

    def _begin_code(self, fence: Fence, quoted: bool) -> None:
        state = self._state
        self._begin_line(quoted=quoted)
        self._raise_rank()
        state.fence, state.formula = fence, ""
        state.prefix = state.line_head + fence.opening
        state.line_head, state.hang = "", ""
        if fence.code:
            self._put_first_line(fence, tamed(fence.code))

    def _put_first_line(self, fence: Fence, code: str) -> None:
        """What stands behind the block's mark."""
        state = self._state
        state.prefix_at = state.at
        while code:
            cut = self._parting(code)
            self._put_code(fence, code[:cut], state.at)
            code, state.in_code_line = code[cut:], True
        state.in_code_line = False

    def _append_code(self, space: str, text: str, rank: Rank, at: int, head: str) -> None:
        tail = ("\n> ```" if self._state.quoted else "\n```") + self._veil_line()[1]
        self.pieces.append(Piece(space, text, units(text), rank, at, head, tail, None))

    def _close_fence(self) -> None:
        """A block without a line is left out: Discord would show its language as code."""
        state = self._state
        if state.prefix:
            state.prefix = ""
        else:
            mark = "> ```" if state.quoted else "```"
            self.pieces.append(Piece("\n", mark, len(mark), Rank.NONE, state.at, "", self._veil_line()[1], None))
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
            self._begin_line(quoted=self._state.quoted)
            self._prefix("  " if line.startswith(" ") else "", self._state.at)
            for token in read(
                line, 0, len(line), whole=True, longest=0, word=self._limits.word, most=self._limits.piece
            ):
                self._put_token(Kind.GLUE if token.kind is Kind.RUN else token.kind, token.text, self._state.at)
            self._end_line()

    def _put_row(self, row: Row) -> None:
        state = self._state
        head, margin = self._veil_line()[0], "> " if state.quoted else ""
        above = [""] * state.quote_gap + [SPOILER] * (state.spoiler and not state.veiled)
        self._prefix("\n".join(margin + line for line in above), state.row_at)
        state.quote_gap, state.veiled = False, state.spoiler
        if state.prefix:
            self._put("", state.row_at)
            state.space, state.rank = "\n", Rank.NONE
        space, rank, at = ("\n", Rank.ROW, state.at) if state.begun else (state.space, state.rank, state.row_at)
        self.pieces.append(Piece(space, "", 0, rank, at, head, self._veil_line()[1], row))
        state.begun = state.started = state.rowed = True

    def _end_rows(self, table: Table) -> None:
        if not self._state.begun:
            return
        self.pieces.append(Piece("", "", 0, Rank.NONE, self._state.at, "", self._veil_line()[1], Row(table, None)))
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
