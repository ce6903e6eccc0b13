"""Fenced code blocks, line by line: what opens one, what closes it, and what ends it early.

Models indent the blocks inside their lists by as much as they like, and Discord takes a block wherever it stands: so an
indentation of any width is one. Discord's own blocks know backticks alone, three of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wcwidth import grapheme_boundary_before

MAX_MARK = 16
"""A longer run of backticks or tildes is text."""
MAX_LANGUAGE = 32
"""Characters of a language that is repeated where a block goes on; a longer one is left out."""

_OPENING = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,16}(?!`)|~{3,16}(?!~))(?P<info>[^\n]*)")
_LANGUAGE = re.compile(r"\{?\.?(?P<name>[A-Za-z0-9_+\-.#]+)")


@dataclass(frozen=True, slots=True)
class Fence:
    """An open block. `mark` is its run of backticks or tildes, `language` as Discord takes it."""

    mark: str
    language: str = ""
    indent: int = 0
    code: str = ""
    """What stands behind the mark, if it is more than a language: the block's code, if it has no other."""

    @property
    def opening(self) -> str:
        """As Discord has it."""
        return f"```{self.language}\n"

    def closed_by(self, line: str) -> bool:
        mark = line.strip(" \t\r")
        return len(mark) >= len(self.mark) and mark == self.mark[0] * len(mark)

    def may_close(self, line: str) -> bool:
        """Whether `line`, which is still coming, may become the closing one."""
        mark = line.strip(" \t\r")
        return mark == self.mark[0] * len(mark)

    def dedented(self, line: str) -> str:
        """A line of the block without the block's own indentation."""
        margin = len(line) - len(line.lstrip(" \t"))
        return line[min(margin, self.indent) :]


INDENTED = Fence("")
"""The block that an indentation by four columns makes."""


def tamed(code: str) -> str:
    """Three backticks would end a block in Discord, wherever they stand."""
    return code.replace("``", "`\u200b`\u200b") if "```" in code else code


def opened_by(line: str) -> Fence | None:
    match = _OPENING.fullmatch(line)
    if match is None or (match["mark"][0] == "`" and "`" in match["info"]):
        return None
    info = match["info"].strip()
    language = _LANGUAGE.match(info)
    name = language["name"] if language else ""
    code = info if len(info.split()) > 1 or len(name) > MAX_LANGUAGE else ""
    return Fence(match["mark"], name if len(name) <= MAX_LANGUAGE else "", len(match["indent"]), code)


def after(fence: Fence | None, line: str) -> Fence | None:
    """The block that is open after `line` (without its newline), `fence` being open before it."""
    if fence is None:
        return opened_by(line)
    return None if fence.closed_by(line) else fence


def close(text: str) -> str:
    """`text`, as the model wrote it, with the block that it leaves open ended."""
    fence: Fence | None = None
    for start, end in lines(text):
        line = text[start:end].removesuffix("\n")
        if end == len(text):
            return text + _closing(fence, line)
        fence = after(fence, line)
    return text


def _closing(fence: Fence | None, line: str) -> str:
    """What ends the block that is open after the last line, which may have begun to do so itself."""
    still = after(fence, line)
    if still is None:
        return ""
    begun = line.strip(" ")
    if fence is None or begun != still.mark[0] * len(begun):
        return f"\n{still.mark}"
    return still.mark[len(begun) :]


def lines(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Start and end of each line from `start` on, newline included; the last may lack one, or be empty."""
    while (end := text.find("\n", start) + 1) > 0:
        yield start, end
        start = end
    yield start, len(text)


def units(text: str) -> int:
    """Length in UTF-16 units, which is how Discord's limit is counted here: an emoji is two."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parting(code: str, longest: int) -> int:
    """Where a line of code is parted so that its beginning is no longer: behind a space, else between graphemes."""
    cut = code.rfind(" ", 0, longest) + 1
    if cut and grapheme_boundary_before(code[: cut + 1], cut + 1) == cut:  # a space may be joined to what follows
        return cut
    return grapheme_boundary_before(code[: longest + 1], longest + 1) or longest
