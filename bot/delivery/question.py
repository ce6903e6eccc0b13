"""The question above its answer, where Discord does not show it: one quoted line, read as what people type is.

Its spoilers hide then, its mentions are names, and HTML is text. Where it is cut, no link and no mention is divided,
and what is open is closed. A mark without its other half is escaped, so that nothing below can be that.
"""

from __future__ import annotations

import re

from bot.delivery.fences import units
from bot.delivery.graphemes import cut_behind

LONGEST = 300
"""UTF-16 units of a question that are shown."""
_GRAPHEME = 32
"""Units of what people see as a character that are kept together."""

_BEGINS_BLOCK = re.compile(r"(?:#{1,3}|-#?|\*|>+) ")
_FENCE = re.compile("`{3,}")
_WHOLE = re.compile(
    r"""
    \\[^0-9A-Za-z\s]
  | <(?:@[!&]?\d+|\#\d+|a?:\w+:\d+|t:-?\d+(?::\w)?|/[^<>|]+:\d+|id:\w+|https?://[^\s<>]+)>
  | (?P<label>\[(?:(?!://)[^\[\]])+\]\(<?)?
    (?P<url>https?://(?:\([^\s()<>|`]*\)|[^\s()<>|`\]])+(?<![.,:;!?'"*_~]))
    (?(label)>?\))
    """,
    re.VERBOSE,
)
_CODE = re.compile(r"(`+)(.*?[^`])\1(?!`)")
_SPANS = (
    re.compile(r"\*\*((?:\\.|[^\\])+?)\*\*(?!\*)"),
    re.compile(r"__((?:\\.|[^\\])+?)__(?!_)"),
    re.compile(r"_((?:__|\\.|[^\\_])+?)_\b", re.ASCII),
    re.compile(r"\*(?=\S)((?:\*\*|\s+(?:[^*\s]|\*\*)|[^\s*])+?)\*(?!\*)"),
    re.compile(r"~~(.+?)~~"),
    re.compile(r"\|\|(.+?)\|\|"),
)
"""As Discord's client has them, which looks at what stands behind alone."""
_HALF = re.compile(r"\*(?! |\Z)|[_`]|~~|\|\|")


def shown_above(question: str) -> str:
    """The line, nothing for a blank question. It never shows a preview: links are written so."""
    asked = _FENCE.sub("`", " ".join(question.split()))
    if _BEGINS_BLOCK.match(asked):
        asked = f"\\{asked}"
    shown, whole = _fitted(asked, LONGEST)
    if not whole:
        shown = f"{_fitted(asked, LONGEST - 1)[0].rstrip()}…"
    return f"> {shown}" if shown else ""


def _fitted(text: str, room: int, *, inside: bool = False) -> tuple[str, bool]:
    """What of `text` fits into `room` UTF-16 units, and whether that is all. `inside`: a span ends it."""
    shown = ""
    while text and (left := room - units(shown)) > 0:
        part, length, whole = _part(text, left, inside)
        if units(part) > left:
            break
        shown, text = shown + part, text[length:]
        if not whole:
            return shown, False
    return shown, not text


def _part(text: str, room: int, inside: bool) -> tuple[str, int, bool]:
    """What `text` begins with as it is shown, its length, and whether it is whole. What cannot be shortened may be
    longer than `room`."""
    if match := _WHOLE.match(text):
        url, shown = match["url"], match[0]
        return shown.replace(url, f"<{url}>") if url and f"<{url}>" not in shown else shown, match.end(), True
    if match := _CODE.match(text):
        return _code(match, room)
    if span := next(filter(None, (pattern.match(text) for pattern in _SPANS)), None):
        mark = text[: span.start(1)]
        inner, whole = _fitted(span[1], room - 2 * len(mark), inside=True)
        inner = inner if whole else inner.rstrip()
        return f"{mark}{inner}{mark}" if inner else "", span.end(), whole
    if text[0] == "\\":
        return "\\\\", 1, True
    if not inside and (half := _HALF.match(text)):
        return "".join(f"\\{mark}" for mark in half[0]), half.end(), True
    length = cut_behind(text[:_GRAPHEME], 1, _GRAPHEME)
    return text[:length], length, True


def _code(match: re.Match[str], room: int) -> tuple[str, int, bool]:
    ticks, code = match.groups()
    room -= 2 * len(ticks)
    if units(code) <= room:
        return match[0], match.end(), True
    begun = code[: cut_behind(code, room - _GRAPHEME, room)].rstrip(" `") if room > _GRAPHEME else ""
    return f"{ticks}{begun}{ticks}" if begun else "", match.end(), False
