"""What the reading of an answer's next line depends on: how large things may be, and what the lines before left open.

Reading may stop behind any settled piece and go on from the state alone: nothing else is kept of what has been read.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from bot.delivery.fences import Fence
from bot.delivery.pieces import Rank
from bot.delivery.spans import Span
from bot.delivery.tables import Table


@dataclass(frozen=True, slots=True)
class Limits:
    """What follows from a page's size in UTF-16 units."""

    page: int
    whole: int
    """Characters of a link or a span that is kept whole: it fits in a page, whatever has to be opened before it."""
    piece: int
    """Units of what may be shown before its end is known: it fits in a page in whose first three quarters it begins."""
    word: int
    """Units with which a word or a line of code is long enough to be parted."""
    quiet: bool
    """Links are written so that Discord shows no previews of them."""

    @classmethod
    def of(cls, page: int, quiet: bool) -> Limits:
        piece = page // 4 - 8
        return cls(page, page - 60, piece, max(page // 40, 8), quiet)


class Level(NamedTuple):
    """A list in which another one may stand."""

    column: int
    """Of its marks."""
    mark: str
    """The last character of each: another one begins another list."""
    quoted: bool
    inset: int = 2
    """Columns before its texts, as shown. Discord strips a mark's width from what stands below it: no less nests."""


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
    """Lines of indented code that are blank so far, and only count if more code follows; past some, they are one."""
    formula: str = ""
    """What ends the formula that is open."""
    table: Table | None = None
    row_at: int = 0
    """Where the table's next row begins, or its header if it is the first."""
    begun: bool = False
    """The last piece is a row of the table."""
    rowed: bool = False
    """The table has a row."""
    lists: tuple[Level, ...] = ()
    """The lists that are open, from the outermost."""
    quoted: bool = False
    quote_gap: bool = False
    deep: bool = False
    """The last line is a heading that Discord knows as text alone."""
    paragraph: bool = False
    """The last line is one of a paragraph."""
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
    doubted: bool = False
    """In a look alone: a mark that is shown as a character may yet begin a span, which goes on here."""
    linked: bool = False
    """The last piece is an address, to which Discord takes what follows without a space."""
    last: str = "\n"
    """The last character."""
    glued: int = 0
    """Units since the last place where a page may be cut."""

    def unspanned(self) -> State:
        """A copy without the span, which alone would change with it."""
        copy = State(*_values(self))
        copy.span = None
        return copy


_values = attrgetter(*State.__slots__)
