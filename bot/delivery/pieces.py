"""What a rendered text consists of. A piece never changes once it is written."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from bot.delivery.tables import Row


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
    slack: int = 0
    """Units by which what stands before it may grow yet: a mark that turns out to be none is escaped."""
