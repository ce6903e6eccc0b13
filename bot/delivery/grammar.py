"""How the lines of GitHub's Markdown begin."""

from __future__ import annotations

import re

from bot.delivery.fences import indentation

QUOTE = re.compile(r" {0,3}>(?:[ \t]{0,4}>)*[ \t]?")
RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
UNDERLINE = re.compile(r" {0,3}(?:(?P<mark>=)=*|-+)[ \t]*")
"""Below a paragraph it makes a heading of it."""
HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)")
ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<mark>[-*+]|\d{1,9}[.)])(?P<gap>[ \t]+)(?:\[(?P<box>[ xX])\][ \t]+)?(?=\S)")
BOXES = {None: "", " ": "☐ ", "x": "☑ ", "X": "☑ "}
MAX_LEVEL = 8
"""Of a list in a list; deeper ones stay there."""
CODE_QUOTE = re.compile(r" {0,3}> ?")
MARGIN = re.compile(r" {4}| {0,3}\t")
INDENT = re.compile(r"[ \t]*")
FORMULAS = {"$$": "$$", "\\[": "\\]"}
"""What ends a formula, by what begins it."""
FORMULA = re.compile(r"[ \t]*(?P<opening>\$\$|\\\[)[ \t]*")
"""A line that begins a formula of several."""
_FORMULA_BEHIND = re.compile(
    r"(?P<opening>(?<!\$)\$\$(?!\$)|\\\[(?![^\[\]]*+(?:\[[^\[\]]*+\][^\[\]]*+)*+\]))(?=[^\n]*[\\^_={}+]|(?<=\[)[ \t])"
)
"""Two dollars or a bracket with a sign of a formula's behind them. Brackets around words are only escaped."""
ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*")
FOOTNOTE = re.compile(r" {0,3}\[\^(?P<number>[0-9]{1,3})\]:[ \t]*(?=\S)")
DEFINITION = re.compile(r"[ \t>]*\[[^\[\]\n]+\]:[ \t]*")
"""What stands before the address that links elsewhere refer to."""
AMBIGUOUS = re.compile(
    r"[ \t]*+(?:[-*_+=#|:. \t]*|\d{1,9}[.)]?|(?:[-*+]|\d{1,9}[.)])[ \t]++(?:\[[ xX]?\]?[ \t]*)?|\[!?[A-Z]*\]?[ \t]*"
    r"|\[\^[0-9]{0,3}(?:\]:?)?[ \t]*"
    r"|\\\[?[ \t]*|\${1,2}[ \t]*"
    r"|(?:(?:[-*+]|\d{1,9}[.)])[ \t]++(?:\[[ xX]\][ \t]++)?)?(?:`{1,16}|`{3,16}[^`]*|~{1,2}|~{3,16}.*))"
)
"""An unfinished line that may yet be something else."""
BLOCK = re.compile(
    r"[ \t]*(?:>|#{1,6}[ \t]|-#[ \t]|(?:[-*+]|\d{1,9}[.)])[ \t]|`{3}|~{3}|\|(?!\|)|(?:[-*_][ \t]*){3,}$"
    r"|\[\^[0-9]{1,3}\]:"
    r"|(?:=+|-+|\$\$|\\\[)?[ \t]*$)"
)
"""What ends a paragraph."""


def unquoted(line: str) -> tuple[str, str]:
    """The mark of a quotation before `line`, or nothing, and the rest."""
    mark = QUOTE.match(line)
    return ("", line) if mark is None else (mark[0], line[mark.end() :])


def margin(line: str) -> int:
    """Columns before the text of a line, or of an item: so far in stands what belongs to it."""
    if (item := ITEM.match(line)) is None:
        return indentation(line)
    mark, text = (len(line[: item.end(group)].expandtabs(4)) for group in ("mark", "gap"))
    return text if text - mark <= 4 else mark + 1


def formula_behind(text: str, at: int, stop: int) -> str:
    """What ends the formula that begins at `at` and goes on behind the line, which ends at `stop`; nothing for none."""
    match = _FORMULA_BEHIND.match(text, at, stop)
    closing = FORMULAS[match["opening"]] if match else ""
    return closing if match and text.find(closing, match.end(), stop) < 0 else ""


def lined(text: str, *, final: bool = True) -> str:
    """`text` with line feeds alone; if it is not `final`, one may follow the carriage return that it ends with."""
    if "\r" not in text:
        return text
    return (text if final else text.removesuffix("\r")).replace("\r\n", "\n").replace("\r", "\n")
