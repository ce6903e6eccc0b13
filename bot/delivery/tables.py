"""Tables, which Discord does not have: columns aligned in a code block, or, where that is too wide, a list of each row.

A table is laid out anew from the rows that stand on one page, so that a row which begins the next page leaves nothing
behind. Widths are columns of a fixed-width font, in which Hangul and most emoji take two.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wcwidth import width as columns_of

MAX_WIDTH = 60
"""Columns of an aligned table; a code block in Discord's desktop window shows more, its telephones about half of it."""
EMPTY = "–"
"""An empty cell behind its header, in a list."""
HEADER_LOOK = 60
"""Characters in which the first pipe of a table's header is looked for."""

_DELIMITER = re.compile(r"[ \t]*+\|?[ \t]*+:?-+:?[ \t]*+(?:\|[ \t]*+:?-+:?[ \t]*+)*+\|?[ \t]*+")
_HALF_DELIMITER = re.compile(r"[ \t]*[|:-]?[-:| \t]*")
_EDGE = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
_PIPE = re.compile(r"(?<![\\|])\|(?!\|)")


@dataclass(frozen=True, slots=True)
class Cell:
    rich: str
    """As it is shown where Discord's marks work."""
    linked: bool
    """It has a link, which a code block would not open."""
    lines: tuple[tuple[str, int], ...]
    """As it is shown in a code block: each line with its width."""
    width: int

    @classmethod
    def of(cls, rich: str, plain: str, linked: bool) -> Cell:
        lines = tuple((line, _columns(line)) for line in plain.split("\n"))
        return cls(rich, linked, lines, max(width for _, width in lines))


@dataclass(frozen=True, slots=True)
class Table:
    headers: tuple[Cell, ...]
    aligns: str
    """For each column one of `<`, `^` and `>`, as in a format specification."""
    margin: str = ""
    """What each of its lines begins with: a quotation's mark."""


class Row(NamedTuple):
    """`cells` is None for the table's end."""

    table: Table
    cells: tuple[Cell, ...] | None


@dataclass(frozen=True, slots=True)
class Layout:
    """`opening` is repeated on every page that the table runs over, `closing` ends it on each."""

    opening: str
    body: str
    closing: str


def begins(line: str) -> bool:
    """Whether `line` may be a table's header: a pipe between cells, not a spoiler's."""
    return _PIPE.search(line) is not None


def before_pipe(line: str) -> str:
    return _PIPE.split(line, 1)[0]


def may_delimit(line: str) -> bool:
    """Whether `line`, which is still coming, may become a delimiter row."""
    return _HALF_DELIMITER.fullmatch(line) is not None


def alignment(header: str, line: str) -> str | None:
    """A delimiter row's alignments, if `line` is one for `header`."""
    if _DELIMITER.fullmatch(line) is None:
        return None
    marks = split_row(line)
    if len(marks) != len(split_row(header)):
        return None
    return "".join(_ALIGN[mark.startswith(":"), mark.endswith(":")] for mark in marks)


_ALIGN = {(False, False): "<", (True, False): "<", (False, True): ">", (True, True): "^"}


def split_row(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    cells = _EDGE.split(inner)
    if len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return [cell.strip().replace("\\|", "|") for cell in cells]


def fitted(line: str, columns: int) -> list[str]:
    """As many cells as the table has columns. A pipe that is too much was not escaped: in code, or in the last cell."""
    cells = split_row(line)
    if len(cells) > columns:
        whole = split_row(_CODE.sub(lambda code: _EDGE.sub(r"\\|", code[0]), line))
        cells = whole if len(whole) == columns else cells
    if len(cells) > columns:
        return [*cells[: columns - 1], " | ".join(cells[columns - 1 :])]
    return cells + [""] * (columns - len(cells))


@dataclass(frozen=True, slots=True)
class Columns:
    """What the form of each of a table's lines depends on."""

    widths: tuple[int, ...]
    linked: bool

    @classmethod
    def of(cls, table: Table) -> Columns:
        return cls((0,) * len(table.headers), False).over(table.headers)

    def over(self, cells: tuple[Cell, ...]) -> Columns:
        """With one more line; an empty one has no cells."""
        if not cells:
            return self
        widths = tuple([max(width, cell.width) for width, cell in zip(self.widths, cells, strict=True)])
        return Columns(widths, self.linked or any(cell.linked for cell in cells))

    @property
    def aligned(self) -> tuple[int, ...]:
        """The widths; empty for a table that becomes a list, where they do not matter."""
        too_wide = sum(self.widths) + 3 * (len(self.widths) - 1) > MAX_WIDTH
        return () if self.linked or too_wide else self.widths

    def line(self, table: Table, cells: tuple[Cell, ...]) -> str:
        widths = self.aligned
        return _inset(_aligned(cells, widths, table.aligns) if widths else listed(table, cells), table.margin)


def lay_out(table: Table, rows: Sequence[tuple[Cell, ...]]) -> Layout:
    rows = [row for row in rows if row]
    columns = Columns.of(table)
    for row in rows:
        columns = columns.over(row)
    body = "\n".join(columns.line(table, row) for row in rows)
    widths = columns.aligned
    if not widths:
        return Layout("", body or _inset(" | ".join(head.rich for head in table.headers), table.margin), "")
    rule = "-+-".join("-" * width for width in widths)
    head = _inset(f"```\n{_aligned(table.headers, widths, table.aligns)}\n{rule}", table.margin)
    return Layout(f"{head}\n", body, "\n" * bool(rows) + f"{table.margin}```")


def _inset(text: str, margin: str) -> str:
    return margin + text.replace("\n", f"\n{margin}") if margin else text


def _aligned(cells: tuple[Cell, ...], widths: Sequence[int], aligns: str) -> str:
    lines = itertools.zip_longest(*(cell.lines for cell in cells), fillvalue=("", 0))
    return "\n".join(
        " | ".join([_padded(*each) for each in zip(line, widths, aligns, strict=True)]).rstrip() for line in lines
    )


def _padded(line: tuple[str, int], width: int, align: str) -> str:
    text, columns = line
    missing = width - columns
    if align == "<":
        return text + " " * missing
    left = missing if align == ">" else missing // 2
    return " " * left + text + " " * (missing - left)


def listed(table: Table, cells: tuple[Cell, ...]) -> str:
    pairs = [(head.rich, cell.rich) for head, cell in zip(table.headers, cells, strict=True)]
    entries = [f"{head}: {text or EMPTY}" if head else text for head, text in pairs if head or text]
    entries = [entry.replace("\n", " / ") for entry in entries]
    return "\n".join(f"  - {entry}" if place else f"- {entry}" for place, entry in enumerate(entries or [EMPTY]))


def _columns(text: str) -> int:
    plain = text.isascii() and text.isprintable()
    return len(text) if plain else columns_of(text, control_codes="ignore")
