"""Fenced code blocks: what opens one, and what closes it.

Models indent the blocks inside their lists by as much as they like, begin them behind a text, end them behind the code,
and write on behind their ends. Discord takes a block wherever it stands, so all of these are blocks here. But code may
have such marks itself, in comments (`/// ```) or in Markdown: one ends the block only if it is likely not the code's.
Discord's own blocks know backticks alone, three of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

MAX_MARK = 16
"""A longer run of backticks or tildes is text."""
MAX_LANGUAGE = 32
"""Characters of a language that is repeated where a block goes on; a longer one is left out."""

_OPENING = re.compile(rf"(?P<indent>[ \t]*)(?P<mark>`{{3,{MAX_MARK}}}(?!`)|~{{3,{MAX_MARK}}}(?!~))(?P<info>[^\n]*)")
_KEY = "(?:title|caption|name|label|path|file\\w*|line\\w*|start\\w*|highlight|hl_lines)"
_NAME = rf"[A-Za-z0-9_+\-.#]{{1,{MAX_LANGUAGE}}}"
_BEHIND_TEXT = re.compile(rf"(?P<mark>`{{3,{MAX_MARK}}})(?P<name>(?:(?=[A-Za-z]){_NAME}(?<!\.))?)[ \t]*")
_INFO = re.compile(
    rf"""\{{[ .]*(?P<braced>{_NAME})(?:[ ,][^{{}}]*)?\}}
    |(?P<name>{_NAME})(?:[:,{{](?!//)\S*)?(?:[ \t]+(?:\{{[^{{}}]*\}}|{_KEY}=(?:"[^"]*"|\S+)))*""",
    re.VERBOSE,
)
"""A language, and what other programs than Discord read behind it. Any other words are code, as they are in Discord."""
_WORDS_BEHIND = re.compile(
    r"[ \t]*(?P<mark>`{3,})(?!`)(?:(?=[^\x00-\x7f]|[,.:!?)]|\*\*|\|\|)|[ \t]+(?=(?!\S*```)\S+[ \t]+\S))"
)
_WORD_BEHIND = re.compile(
    rf"[ \t]*(?P<mark>`{{3,}})(?:(?=[*_~]{{1,3}}[ \t]*$)|[ \t]+(?!\S*```|{_NAME}(?<!\.)[ \t]*$)(?=\S+[ \t]*$))"
)
"""One alone may be a language, of a block within the code."""
_HALF_WORD_BEHIND = re.compile(r"[ \t]*(?P<mark>`{3,})(?:[*_~]{1,3}[ \t]*|[ \t]+\S*[ \t]*)")
_BLANK = " \t"
_COMMENTS = "/*#!;%>:|-"
"""What comments begin with, in some language."""
_QUOTES = ('"""', "'''")


@dataclass(frozen=True, slots=True)
class Fence:
    """An open block. `mark` is its run of backticks or tildes, `language` as Discord takes it."""

    mark: str
    language: str = ""
    indent: int = 0
    """Columns before its lines that are not the code's."""
    code: str = ""
    """What stands behind the mark, if it is more than a language: the block's first line."""

    @property
    def opening(self) -> str:
        """As Discord has it."""
        return f"```{self.language}\n"

    def closed_by(self, line: str) -> bool:
        mark = line.strip(_BLANK)
        return len(mark) >= len(self.mark) and mark == self.mark[0] * len(mark)

    def may_close(self, line: str) -> bool:
        """Whether `line`, which is still coming, may become the closing one."""
        mark = line.strip(_BLANK)
        return mark == self.mark[0] * len(mark)

    def words_behind(self, line: str, *, done: bool) -> int:
        """Where in `line`, whose beginning closes the block, words follow; 0 if it has none, or closes nothing."""
        match = _WORDS_BEHIND.match(line) or (done and _WORD_BEHIND.match(line))
        return match.end() if match and self._reaches(match["mark"]) else 0

    def may_have_words(self, line: str) -> bool:
        """Whether that may turn out of `line`, which is still coming."""
        match = _HALF_WORD_BEHIND.fullmatch(line)
        return match is not None and self._reaches(match["mark"])

    def before_end(self, line: str) -> str:
        """Of a line of code what stands before backticks at its end."""
        before = line.rstrip(_BLANK).rstrip("`")
        return before if self.mark[:1] == "`" and line[len(before) : len(before) + 1] == "`" else line

    def closed_behind(self, line: str) -> bool:
        """Whether the backticks at the end of a whole line of code close the block."""
        before = self.before_end(line)
        return self._reaches(line[len(before) :].rstrip(_BLANK)) and not _is_code_behind(before)

    def _reaches(self, mark: str) -> bool:
        return mark.startswith(self.mark)

    def closing(self, line: str) -> str:
        """What ends the block behind `line`, its last one, which may have begun to do so itself."""
        begun = line.strip(_BLANK)
        rest = self.mark[len(begun) :] if begun and self.may_close(line) else ""
        return rest or f"\n{self.mark}"

    def dedented(self, line: str) -> str:
        """A line of the block without the block's own indentation. Of a tab that goes over its edge, spaces stay."""
        column = place = 0
        while column < self.indent and line[place : place + 1] in (" ", "\t"):
            column += 4 - column % 4 if line[place] == "\t" else 1
            place += 1
        return " " * (column - self.indent) + line[place:]

    def beginning_with(self, line: str) -> Fence:
        """With `line` as the first: if that stands further out than the block's mark, so may all of them."""
        return replace(self, indent=min(self.indent, indentation(line)))


INDENTED = Fence("")
"""The block that an indentation by four columns makes."""


def _is_code_behind(before: str) -> bool:
    """Whether backticks behind `before`, at a line's end, are likely the code's: a string's, a comment's, a block's."""
    text = before.strip(_BLANK)
    if "```" in text or not text.strip(_BLANK + _COMMENTS):
        return True
    if text.endswith(_QUOTES):
        return text.count(text[-3:]) % 2 > 0
    return before[-1] in _BLANK and (text[0] in _COMMENTS or text[-1] == ":")


def tamed(code: str) -> str:
    """Three backticks would end a block in Discord, wherever they stand."""
    return code.replace("``", "`\u200b`\u200b") if "```" in code else code


def indentation(line: str) -> int:
    """Columns before what stands in `line`."""
    return len(line[: len(line) - len(line.lstrip(_BLANK))].expandtabs(4))


def opened_by(line: str, *, margin: int = 0) -> Fence | None:
    """`margin` is the column in which `line` begins."""
    match = _OPENING.fullmatch(line)
    if match is None or (match["mark"][0] == "`" and "`" in match["info"]):
        return None
    info, indent = match["info"].strip(), margin + len(match["indent"].expandtabs(4))
    language = _INFO.fullmatch(info)
    if language is None:
        return Fence(match["mark"], "", indent, info)
    return Fence(match["mark"], language["name"] or language["braced"], indent)


def opened_behind(text: str, at: int, stop: int, *, margin: int) -> Fence | None:
    """By the backticks at `at`, with which a line that has text before them ends. Ones that no language follows may end
    code of several lines, unless a space or a colon parts them from the text."""
    match, before = _BEHIND_TEXT.fullmatch(text, at, stop), text[at - 1]
    if match is None or before == "`" or not (match["name"] or before in " \t:(（："):
        return None
    return Fence(match["mark"], match["name"], margin)


def may_open_behind(code: str) -> bool:
    """Whether that may turn out of `code`, the end of a line that is still coming."""
    return code.startswith("```") and _BEHIND_TEXT.fullmatch(code) is not None


def opening_ticks(code: str) -> str:
    return code[: len(code) - len(code.lstrip("`"))]


def units(text: str) -> int:
    """Length in UTF-16 units, which is how Discord's limit is counted here: an emoji is two."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
