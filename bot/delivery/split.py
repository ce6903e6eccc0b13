"""Cuts an answer into pages that Discord takes, so that what a page has shown stays in that page.

An answer grows while it is shown. Its settled pieces (`bot.delivery.render`) are laid into the open page one by one. A
piece that does not fit ends the page, and where it is cut then depends on the pieces up to that one alone: not on what
comes behind it, and not on the chunks in which the text arrived. The pages that have ended are never looked at again.

A page has room for whatever begins in its first three quarters, so all of that may be shown at once. Behind that it is
nearly full: the best place for a cut so far is remembered, and only what stands before it is shown. The best place only
ever moves on: a better one or an equally good one takes its place. So the cut can never fall before what was shown.

Of what is not settled, text that only grows stays where it begins, and is shown. The rest is shown in the first half of
a page alone. A span, or a table's header with its first row, that begins there fits when it comes to its end, and one
that begins later may still have to move to the next page as a whole.

White space at a cut belongs to the page before, where Discord drops it. A table's columns are aligned over the rows of
its page: a row that fits no more goes to the next page, under the header's repetition, and leaves no trace in this one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from bot.delivery.fences import tamed, units
from bot.delivery.grammar import lined
from bot.delivery.pieces import Piece, Rank
from bot.delivery.render import Reader
from bot.delivery.tables import Cell, Columns, Row, Table, lay_out

LIMIT = 2000
"""UTF-16 units of a message's content (Discord's documentation, Message; whether it counts units or code points is not
said: units are the stricter)."""
MIN_LIMIT = 100
"""Below it a page might hold nothing but what reopens and closes a code block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """`body` is the page's share of the answer; `head` and `tail` reopen and close what a cut divides. The first one's
    head is the lead."""

    head: str
    body: str
    tail: str

    @property
    def text(self) -> str:
        """What is sent: without the white space around it, which Discord would drop too; no mark closes behind one."""
        body = self.body if "```" in self.tail else self.body.rstrip()
        return (self.head + body + self.tail).strip()


def split(text: str, *, limit: int = LIMIT, lead: str = "") -> tuple[PageText, ...]:
    """The pages of a text that has ended, each at most `limit` UTF-16 units; none for blank text.

    Raises ValueError for a limit under MIN_LIMIT.
    """
    return Splitter(limit=limit, lead=lead).feed(text, final=True)


def with_remark(answer: str, remark: str | None) -> str:
    """`answer` with a remark in small print below it, outside code, spans and spoilers; alone without an answer."""
    if remark is None or not answer.strip():
        return answer if remark is None else remark
    return f"{Reader(LIMIT).broken_off(lined(answer).rstrip())}\n{small_print(remark)}"


def small_print(text: str) -> str:
    return "\n".join(f"-# {line}" for line in text.splitlines() if line.strip())


class Splitter:
    """Follows one answer as it grows; each step reads what is new."""

    def __init__(self, *, limit: int = LIMIT, quiet: bool = False, lead: str = "") -> None:
        """`quiet` writes links so that Discord shows no previews of them. `lead` is a quoted line as Discord has it,
        which stands above the text on its first page, and takes a third of that at the most.

        Raises ValueError as `split` does.
        """
        if limit < MIN_LIMIT:
            raise ValueError(f"a page of {limit} units is too small")
        self._limit = limit
        self._quiet = quiet
        self._lead = lead
        self._begin()

    def _begin(self) -> None:
        self._reader = Reader(self._limit, quiet=self._quiet)
        self._closed: list[PageText] = []
        self._page = _Page(self._limit, lead=self._lead)
        self._read = ""
        self._open_at = 0

    @property
    def open_at(self) -> int:
        """Where the open page begins in the text, in which each newline is one character."""
        return self._open_at

    def feed(self, text: str, *, final: bool = False) -> tuple[PageText, ...]:
        """Pages of the whole text so far, the last one open. One that does not continue the earlier starts anew.

        The open page shows what will stay in it whatever follows, or, if the text is `final`, everything.
        """
        text = lined(text, final=final)
        if not text.startswith(self._read):
            self._begin()
        self._take(self._reader.feed(text))
        self._read = text[: self._reader.read]
        if final:
            return self._end(text)
        tail = self._reader.tail(text) if self._page.early or self._reader.certain else []
        return self._with(self._page.shown(tail))

    def _end(self, text: str) -> tuple[PageText, ...]:
        """The text may still turn out to go on: a call that was cancelled may be made again with another one."""
        closed, page, open_at = list(self._closed), self._page.copy(), self._open_at
        self._take(self._reader.end(text))
        pages = self._with(self._page.ending(len(self._page.pieces)))
        self._closed, self._page, self._open_at = closed, page, open_at
        return pages or self._as_it_is(text)

    def _as_it_is(self, text: str) -> tuple[PageText, ...]:
        """For a text of which nothing is left in Discord's dialect, such as a comment: better than no answer at all."""
        body = tamed(text.strip()[: self._limit // 4])
        return (PageText(head=_above(self._lead, body), body=body, tail=""),) if body else ()

    def _with(self, page: PageText) -> tuple[PageText, ...]:
        """The lead is nothing by itself."""
        nothing = "" if self._closed else self._lead
        return tuple(self._closed) if page.text == nothing else (*self._closed, page)

    def _take(self, pieces: list[Piece]) -> None:
        waiting = deque(pieces)
        while waiting:
            piece = waiting.popleft()
            if not self._page.add(piece):
                waiting.appendleft(piece)
                waiting.extendleft(reversed(self._turn(piece)))

    def _turn(self, piece: Piece) -> list[Piece]:
        """Ends the page, and returns its pieces behind the cut."""
        page, cut = self._page, self._page.cut()
        rest = page.pieces[cut:]
        first = rest[0] if rest else piece
        self._closed.append(page.ending(cut, first))
        self._page = _Page(self._limit, head=first.head)
        self._open_at = first.at
        return rest


def _above(lead: str, body: str) -> str:
    """A quotation right below the lead would be more of it."""
    return f"{lead}\n\n" if lead and body.startswith(">") else f"{lead}\n" if lead else ""


class _Page:
    """One page in the making."""

    def __init__(self, limit: int, head: str = "", lead: str = "") -> None:
        self.pieces: list[Piece] = []
        self._limit = limit
        self._nearly_full = limit - limit // 4
        self._head = head
        self._lead = lead
        self._used = units(head + _above(lead, ">"))
        self._ends: list[int] = []
        """Units of the page up to the end of each piece."""
        self._room = 0
        """How many pieces begin before the page is nearly full."""
        self._best: int | None = None
        """The best place for a cut since it is."""
        self._best_rank = Rank.NONE
        self._last = 0
        """The last place of all that divides none."""
        self._group: _Group | None = None
        self._written = _Written()
        self._last_shown: tuple[int, PageText] | None = None

    @property
    def early(self) -> bool:
        return self._used * 2 <= self._limit

    def copy(self) -> _Page:
        page = _Page(self._limit, self._head, self._lead)
        for piece in self.pieces:
            page.add(piece)
        return page

    def add(self, piece: Piece) -> bool:
        """Whether the piece fits. The first does, unless below a lead; white space before it is the page before's."""
        place = len(self.pieces)
        self._weigh(piece.rank, place)
        space = len(piece.space) if place else 0
        if piece.row is not None:
            group = (self._group or _Group.of(piece.row.table, self._used + space)).with_row(piece.row)
            used = group.start + group.size
        else:
            group, used = None, self._used + space + piece.units
        if used + len(piece.tail) > self._limit and (place or self._lead):
            return False
        if self._used < self._nearly_full:
            self._room = place + 1
        self._group = None if piece.row is None or piece.row.cells is None else group
        self.pieces.append(piece)
        self._ends.append(used)
        self._used = used
        return True

    def _weigh(self, rank: Rank, place: int) -> None:
        if rank < Rank.POINT:
            return
        self._last = place
        if place and self._used >= self._nearly_full and rank >= self._best_rank:
            self._best, self._best_rank = place, rank

    def cut(self) -> int:
        """Where the page ends, now that the next piece does not fit. A span that began in the first half is divided."""
        if self._best is not None:
            return self._best
        if self._last and self._ends[self._last - 1] * 2 > self._limit:
            return self._last
        return len(self.pieces)

    def shown(self, tail: list[Piece]) -> PageText:
        """What will stay in the page whatever follows; `tail` is what is not settled yet."""
        place = self._room if self._best is None else self._best
        settled, used = len(self.pieces), self._used
        if not tail or place < settled:
            return self._settled_up_to(place)
        for piece in tail:
            begins, used = used + piece.slack, used + len(piece.space) + piece.units
            if begins >= self._nearly_full or used + len(piece.tail) > self._limit or self._may_move(piece, begins):
                break
            self.pieces.append(piece)
            place += 1
        page = self.ending(place, keep=settled)
        del self.pieces[settled:]
        return page

    def _may_move(self, piece: Piece, begins: int) -> bool:
        """Whether it begins a span, or inline code, that may become too large for the rest of the page."""
        if begins * 2 <= self._limit or piece.rank < Rank.POINT or "```" in piece.tail:
            return False
        return bool(piece.tail) or piece.text[-1:] == "`"

    def _settled_up_to(self, place: int) -> PageText:
        if self._last_shown is None or self._last_shown[0] != place:
            self._last_shown = place, self.ending(place)
        return self._last_shown[1]

    def ending(self, place: int, behind: Piece | None = None, *, keep: int | None = None) -> PageText:
        """The page if it ends at `place`, before the piece `behind`. The first `keep` pieces stay as they are."""
        opening, body, closing = self._written_out(place, place if keep is None else keep)
        closing += self.pieces[place - 1].tail if place else ""
        body += behind.space if behind else ""
        if body.endswith("\n"):
            closing = closing.removeprefix("\n")
        return PageText(head=_above(self._lead, body) + self._head + opening, body=body, tail=closing)

    def _written_out(self, place: int, keep: int) -> tuple[str, str, str]:
        """The body up to `place`, what opens the table that it begins in, and what closes the one that it ends in."""
        written = self._written if self._written.place <= place else _Written()
        closing = ""
        while written.place < place:
            written, closing = self._next_written(written, place)
            row = self.pieces[written.place - 1].row
            if written.place <= keep and (row is None or row.cells is None):
                self._written = written
        return written.opening, written.text, closing

    def _next_written(self, written: _Written, place: int) -> tuple[_Written, str]:
        at, opening = written.place, written.opening
        piece = self.pieces[at]
        text = written.text + piece.space if at else written.text
        if piece.row is None:
            return _Written(at + 1, opening, text + piece.text), ""
        rows = [piece.row for piece in self.pieces[at:place] if piece.row is not None]
        ended = next((end for end, row in enumerate(rows, 1) if row.cells is None), 0)
        layout = lay_out(piece.row.table, [row.cells for row in rows[: ended or None] if row.cells is not None])
        if at == 0 and piece.rank is Rank.ROW:
            opening = layout.opening
        else:
            text += layout.opening
        end = at + (ended or len(rows))
        return _Written(
            end, opening, text + layout.body + (layout.closing if ended else "")
        ), "" if ended else layout.closing


class _Written(NamedTuple):
    """The first pieces of a page, written out."""

    place: int = 0
    opening: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of one table that stand on a page."""

    table: Table
    start: int
    """Units of the page before it."""
    columns: Columns
    rows: tuple[tuple[Cell, ...], ...] = ()
    size: int = 0
    """Units of the rows, laid out."""

    @classmethod
    def of(cls, table: Table, start: int) -> _Group:
        return cls(table, start, Columns.of(table))

    def with_row(self, row: Row) -> _Group:
        """Most rows move no column: then it is enough to lay out the new one."""
        if row.cells is None:
            return self
        rows, columns = (*self.rows, row.cells), self.columns.over(row.cells)
        if self.rows and columns.aligned == self.columns.aligned:
            size = self.size + 1 + units(columns.line(self.table, row.cells))
        else:
            layout = lay_out(self.table, rows)
            size = units(layout.opening) + units(layout.body) + units(layout.closing)
        return _Group(self.table, self.start, columns, rows, size)
