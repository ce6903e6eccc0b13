"""Fenced code blocks, line by line: what opens one, what closes it, and what ends it early at a page's end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_MARK = 16
"""A longer run of backticks or tildes is text. Together with MAX_INFO it bounds what reopening a block costs a page."""
MAX_INFO = 48
"""UTF-16 units of the info string; a longer one makes the line text."""
MAX_CLOSING = 1 + MAX_MARK
"""The most that ending a block early can add to a page, in UTF-16 units."""

_OPENING = re.compile(r" {0,3}(?P<mark>`{3,16}(?!`)|~{3,16}(?!~))(?P<info>[^\n]*)")


@dataclass(frozen=True, slots=True)
class Fence:
    """An open block. `mark` is its run of backticks or tildes, `language` the first word of its info string."""

    mark: str
    language: str

    @property
    def opening(self) -> str:
        return f"{self.mark}{self.language}\n"

    def closed_by(self, line: str) -> bool:
        run = line.lstrip(" ")
        mark = run.rstrip(" \t\r")
        return len(line) - len(run) <= 3 and len(mark) >= len(self.mark) and mark == self.mark[0] * len(mark)


def opened_by(line: str) -> Fence | None:
    """A line that may still grow opens a block too: the page that ends in it would show one."""
    match = _OPENING.fullmatch(line)
    if match is None:
        return None
    info = match["info"]
    if units(info.rstrip()) > MAX_INFO or (match["mark"][0] == "`" and "`" in info):
        return None
    return Fence(match["mark"], (info.split() or [""])[0])


def after(fence: Fence | None, line: str) -> Fence | None:
    """The block that is open after `line` (without its newline), `fence` being open before it."""
    if fence is None:
        return opened_by(line)
    return None if fence.closed_by(line) else fence


def closing(fence: Fence | None, line: str) -> str:
    """What ends the block that is open after `line`, its newline included if it has one; empty if none is.

    `fence` is open before the line. A closing line that has begun is completed.
    """
    still = after(fence, line.removesuffix("\n"))
    if still is None:
        return ""
    run = "" if line.endswith("\n") else line.lstrip(" ")
    begun = fence is not None and len(line) - len(run) <= 3 and run == still.mark[0] * len(run)
    return still.mark[len(run) :] if begun or line.endswith("\n") else f"\n{still.mark}"


def lines(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Start and end of each line from `start` on, newline included; the last may lack one, or be empty."""
    while (end := text.find("\n", start) + 1) > 0:
        yield start, end
        start = end
    yield start, len(text)


def close(text: str) -> str:
    """`text` with the block that it leaves open ended."""
    fence: Fence | None = None
    for start, end in lines(text):
        if end == len(text):
            return text + closing(fence, text[start:end])
        fence = after(fence, text[start : end - 1])
    return text


def units(text: str) -> int:
    """Length in UTF-16 units, which is how Discord's limit is counted here: an emoji is two."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
