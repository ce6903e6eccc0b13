"""Reads a line of GitHub's Markdown as words, marks, and things that stay whole, in Discord's dialect.

A line is read while it grows. A token that touches its end may still become another one, so it is a HALF: what may be
shown of it meanwhile is its text. Every other token is the same whatever follows, which is what makes the pages of an
answer independent of the pieces in which it came. Nothing here looks past the line.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from bot.delivery.fences import may_open_behind, units
from bot.delivery.graphemes import cut_behind, separate


class Kind(Enum):
    WORD = 0
    SPACE = 1
    RUN = 2
    """Of marks, which may begin or end a span."""
    WHOLE = 3
    """A link, a mention, inline code: not to be cut."""
    GLUE = 4
    """Literal characters that belong to what stands around them."""
    OPEN = 5
    CLOSE = 6
    """A mark that an HTML tag stands for."""
    BREAK = 7
    """A new line, and what it begins with."""
    HALF = 8


class Token(NamedTuple):
    kind: Kind
    start: int
    end: int
    text: str
    plain: str
    """As it reads without any mark; of an OPEN and a CLOSE the tag itself, for one that has no other half."""


_LABEL = r"!?\[(?:[^\[\]\\\n]|\\.|\[[^\[\]\n]*\])*+"
_GOAL = r"(?:<[^<>\n]*>|(?:[^\s()<>\\]|\\.|\((?:[^\s()\\]|\\.)*\))*+)"
_TITLE = r"""(?:[ \t]+(?:"[^"\n]*"|'[^'\n]*'))?"""
_ATTRIBUTES = r"""(?:\s+(?:[A-Za-z_:][\w:.\-]*\s*=\s*(?:"[^"<>\n]*"|'[^'<>\n]*'|[^\s"'<>`]+)
    |(?:open|hidden|reversed|compact|nowrap|noshade|ismap)(?![\w:.=\-])))*+"""
"""A name without a value is one of those that HTML knows: `a <li or c> d` compares."""
_SEEN = 1_024
"""Characters of a word that are looked at, more than twice what is left of it whole: it may be the whole answer."""
_TOKEN = re.compile(
    rf"""
    (?P<space>[^\S\n]+)
  | (?P<word>(?:[^\s\\`*_~|<\[!&$h]|h(?!ttps?://)|(?<=[A-Za-z0-9])h|!(?!\[)|\$(?![^\s\d])|&(?![\#A-Za-z])|<(?![A-Za-z/!@\#:])|~(?!~)
      |\|(?!\|)){{1,{_SEEN}}})
  | (?P<run>\*{{1,16}}|_{{1,16}}|~{{2,16}}|\|{{2,16}})
  | (?P<ticks>`{{1,16}})
  | (?P<url>https?://[^\s<>|`]*)
  | (?P<link>{_LABEL}\]\([ \t]*{_GOAL}{_TITLE}[ \t]*\))
  | (?P<note>\[\^[0-9]{{1,3}}\](?!\())
  | (?P<math>\$\$[^$\n]+\$\$|\$(?=[^\s\d$])[^$\n]*(?<![\s\\])\$(?!\d)|\\\((?:(?!\\\)).)+\\\)|\\\[(?:(?!\\\]).)+\\\])
  | (?P<escape>\\[!-/:-@\[-`{{-~])
  | (?P<pill><(?:@[!&]?\d+|\#\d+|a?:\w+:\d+|t:-?\d+(?::[tTdDfFRsS])?|/[^<>\n:]+:\d+|id:\w+)>)
  | (?P<autolink><(?:https?://|mailto:)[^\s<>]+>)
  | (?P<element><(?P<name>code|kbd|samp|tt|sub|sup|a){_ATTRIBUTES}\s*>(?P<inner>.*?)</(?P=name)[ ]*>)
  | (?P<comment><!--.*?-->)
  | (?P<tag></?(?P<tagname>[A-Za-z][A-Za-z0-9]*){_ATTRIBUTES}\s*/?>)
  | (?P<entity>&(?:[A-Za-z][A-Za-z0-9]{{1,30}}|\#\d{{1,7}}|\#[xX][0-9A-Fa-f]{{1,6}});)
  | (?P<other>.)
    """,
    re.VERBOSE,
)
_LINK = re.compile(rf"!?\[(?P<label>.*)\]\([ \t]*(?P<goal>{_GOAL})(?P<title>{_TITLE})[ \t]*\)", re.DOTALL)
_HALF_LINK = re.compile(rf"{_LABEL}(?:\\|\[[^\[\]\n]*|\](?:\([^\n]*)?)?")
_HALF_END = re.compile(r"(?:(?<![A-Za-z0-9])h(?:t(?:t(?:ps?(?::/?)?)?)?)?|[<$&!~|])$")
"""The end of a word that may begin an address, or a mark."""
_HALF_ANGLE = re.compile(r"<[@#:/!A-Za-z]?[^<>\n]*|<!-.*|<(?:code|kbd|samp|tt|sub|sup|a)\b[^\n]*")
_HALF_ENTITY = re.compile(r"&[#\w]{0,31}")
_IN_CODE_ALONE = re.compile(r"<(?:[A-Za-z/!]|$)|&(?:[A-Za-z#]|$)")
"""What would vanish if the code that it stands in turned out to be none: a tag, or what stands for a character."""
_HALF_MATH = re.compile(r"\$[^\n]*|\\(?:[(\[].*)?")
_HALVES = {"[": _HALF_LINK, "!": _HALF_LINK, "<": _HALF_ANGLE, "&": _HALF_ENTITY, "$": _HALF_MATH, "\\": _HALF_MATH}
_LONGEST = {"<": 300, "$": 100, "$$": 300, "\\": 300}
"""Characters for which the end of a tag or of a formula is waited for, by what begins it."""
_TAKEN = re.compile(r"\\(?=[^0-9A-Za-z\s])|_|\*(?=\S)|~(?=~)|(?<=~)~|\|(?=\|)|(?<=\|)\|")
"""What Discord would read in a formula: a backslash that escapes, and marks where they may begin a span."""
_BEGINNING = re.compile(r"(\d{0,9})([-+*=#>.)])")
"""What begins a line that Discord, or this reader, takes for a block's."""
_MASKED = re.compile(r"(\[.*\]\()(https?://[^\s<>]+?)((?:[ \t]+[\"'].*)?\))", re.DOTALL)
_ADDRESS = re.compile(r"`[^`]*https?://[^`]*`|<https?://[^\s<>]{2,}>|(?P<bare>https?://[^\s<>|`]{2,})")
"""In a link's text. One in code, or in brackets, has no preview."""
_SOURCE = re.compile(r"""\bsrc\s*=\s*["']?([^\s"'<>]+)""")
_ALT = re.compile(r"""\balt\s*=\s*["']([^"']*)["']""")
_HREF = re.compile(r"""\bhref\s*=\s*["']?([^\s"'<>]+)""")
_BADGE = re.compile(r"!\[([^\[\]]*)\]\([^()]*\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_BACKTICKS = re.compile("`+")
_TOKEN_TAG = re.compile(rf"</?(?P<tagname>[A-Za-z][A-Za-z0-9]*){_ATTRIBUTES}\s*/?>", re.VERBOSE)

MARKS = {
    **dict.fromkeys(("b", "strong", "summary", "dt", "h1", "h2", "h3", "h4", "h5", "h6"), "**"),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), "*"),
    **dict.fromkeys(("s", "del", "strike"), "~~"),
    **dict.fromkeys(("u", "ins"), "__"),
}
BREAKS = frozenset({"br", "hr", "p", "div", "li", "tr", "pre"})
"""Tags that begin a new line."""
CELLS = frozenset({"td", "th"})
"""Tags that a space parts from what is before them."""
SILENT = frozenset(
    {
        *("p", "div", "span", "center", "details", "font", "small", "big", "mark", "blockquote", "ul", "ol", "li"),
        *("table", "thead", "tbody", "tr", "td", "th", "dl", "dd", "abbr", "a"),
        *("code", "kbd", "samp", "tt", "sub", "sup", "pre"),
        *("section", "article", "picture", "source", "figure", "figcaption"),
    }
)
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_NOTED = re.compile(r"\[\^[0-9]{1,3}\]\Z")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")


def read(text: str, start: int, end: int, *, whole: bool, longest: int, word: int, most: int) -> Iterator[Token]:
    """The tokens of `text[start:end]`, which lies in one line; `whole` says that nothing more will come.

    What is longer than `longest` characters, or longer in UTF-16 units as it is shown, is not kept whole. A word is cut
    behind the grapheme in which it has `word` units, or where it has `most`.
    """
    while start < end:
        token = _next(text, start, end, whole, longest, word, most)
        yield token
        if token.kind is Kind.HALF:
            return
        start = token.end


def _next(text: str, start: int, end: int, whole: bool, longest: int, word: int, most: int) -> Token:
    match = _TOKEN.match(text, start, end)
    assert match is not None
    group = match.lastgroup or "other"
    touching = not whole and match.end() == end
    if group == "word":
        return _word(match, touching, word, most)
    if touching and group in ("space", "run", "url", "note", "math") and len(match[0]) <= longest:
        return Token(Kind.HALF, start, end, "", "")
    if group in ("space", "run"):
        kind = Kind.RUN if group == "run" else Kind.SPACE
        return Token(kind, start, match.end(), match[0], "" if group == "run" else match[0])
    if group == "ticks":
        return _code(text, start, match.end(), end, whole, longest)
    if not whole and group in ("other", "escape", "tag") and _undecided(text, start, end, longest):
        return Token(Kind.HALF, start, end, "", "")
    return _read(match, group, longest)


def _word(match: re.Match[str], touching: bool, least: int, most: int) -> Token:
    """Its end may begin an address. What stands before that can be cut, and is shown, before the word has ended."""
    word, start = match[0], match.start()
    known = _HALF_END.sub("", word) if touching else word
    if not word.isascii() and not separate(" ", word[0]):
        least = 1  # what is joined to what stands before it may have to stay there alone
    if 2 * len(known) > least and (cut := cut_behind(known, least, most)) < len(known):
        return Token(Kind.WORD, start, start + cut, word[:cut], word[:cut])
    kind = Kind.HALF if touching else Kind.WORD
    return Token(kind, start, match.end(), known, known)


def _read(match: re.Match[str], group: str, longest: int) -> Token:
    kept = group != "math" or "`" not in match[0]  # a formula has no code
    if kept and len(match[0]) <= longest_half(match[0], 0, longest):
        token = _READERS[group](match)
        if token.kind is not Kind.WHOLE or token.text[:1] == "`" or units(token.text) <= longest:
            return token
    if group == "element" and (tag := _TOKEN_TAG.match(match[0])):
        return _tag(tag, match.start())
    return _literal(match.start(), match[0][0])


def _undecided(text: str, start: int, end: int, longest: int) -> bool:
    """Whether what begins here may become a link, a tag, or a formula."""
    pattern = _HALVES.get(text[start])
    if pattern is None or end - start > longest_half(text, start, longest):
        return False
    return pattern.fullmatch(text, start, end) is not None


def longest_half(text: str, at: int, longest: int) -> int:
    """Characters for which it is waited whether what begins at `at` is more than that."""
    known = _LONGEST.get("$$") if text.startswith("$$", at) else _LONGEST.get(text[at])
    return longest if known is None else min(known, longest)


def _code(text: str, start: int, inner: int, end: int, whole: bool, longest: int) -> Token:
    ticks = inner - start
    closing = re.compile(rf"(?<!`)`{{{ticks}}}(?!`)").search(text, inner, end)
    if closing is not None and (whole or closing.end() < end) and closing.end() - start <= longest:
        return Token(Kind.WHOLE, start, closing.end(), *_tamed(text[inner : closing.start()], ticks))
    if not whole and end - start <= longest:
        shown = _IN_CODE_ALONE.split(text[inner:end], maxsplit=1)[0].rstrip("`")
        shown = "" if may_open_behind(text[start:end]) else shown
        return Token(Kind.HALF, start, end, _tamed(shown, ticks)[0] if shown.strip() else "", shown)
    literal = text[start:inner]
    return Token(Kind.GLUE, start, inner, literal if ticks < 3 else literal.replace("`", "\\`"), literal)


def _tamed(content: str, ticks: int) -> tuple[str, str]:
    """Inline code as Discord takes it, and its content: three backticks would begin a block there, and as many as stand
    at its beginning would end it."""
    if ticks >= 3:
        content, ticks = content.strip(), 1
    runs = {len(run) for run in _BACKTICKS.findall(content)}
    if runs > {1} or max(runs, default=0) > 2:
        content, runs = content.replace("``", "`\u200b`\u200b"), {1}
    if runs:
        ticks = 2 if 1 in runs else 1
    if len(content) > 2 and content[0] == content[-1] == " " and "`" not in content:
        content = content[1:-1]
    before, behind = " " * content.startswith("`"), " " * content.endswith("`")
    return f"{'`' * ticks}{before}{content}{behind}{'`' * ticks}", content.strip()


def _literal(start: int, text: str) -> Token:
    return Token(Kind.GLUE, start, start + len(text), text, text)


def _other(match: re.Match[str]) -> Token:
    return _literal(match.start(), match[0])


def _escape(match: re.Match[str]) -> Token:
    return Token(Kind.GLUE, match.start(), match.end(), match[0], match[0][1:])


def _whole(match: re.Match[str]) -> Token:
    return Token(Kind.WHOLE, match.start(), match.end(), match[0], match[0])


def _math(match: re.Match[str]) -> Token:
    """Discord knows no formulas: people are to see the source of one. With its marks escaped it is no formula again."""
    shown = _TAKEN.sub(r"\\\g<0>", match[0])
    if shown != match[0]:
        shown = shown.replace("$", "\\$")
    return Token(Kind.WHOLE, match.start(), match.end(), shown, match[0])


def literal(word: str, *, first: bool) -> str:
    """A word of a formula that has lines, so that its source is seen; `first` is one that begins a line."""
    shown = _TAKEN.sub(r"\\\g<0>", word).replace("`", "\\`").replace("$$", "\\$\\$")
    shown += "\\" * shown.endswith("\\")
    return _BEGINNING.sub(r"\1\\\2", shown, count=1) if first and _BEGINNING.match(shown) else shown


def _url(match: re.Match[str]) -> Token:
    url = _sentence_aside(match[0])
    return Token(Kind.WHOLE, match.start(), match.start() + len(url), url, url)


def _sentence_aside(url: str) -> str:
    """Without the punctuation that ends the sentence around it."""
    while True:
        shorter = url.rstrip(".,:;!?'\"*_~")
        if shorter.endswith(")") and shorter.count(")") > shorter.count("("):
            shorter = shorter[:-1]
        if shorter == url:
            return url
        url = shorter


def _link(match: re.Match[str]) -> Token:
    parts = _LINK.fullmatch(match[0])
    assert parts is not None
    label = _BADGE.sub(r"\1", parts["label"]).strip()
    address = parts["goal"].removeprefix("<").removesuffix(">")
    shown = _masked(label, address, f"{parts['goal']}{parts['title']}")
    plain = label if not address or address.startswith("#") else f"{label} ({address})"
    return Token(Kind.WHOLE, match.start(), match.end(), shown, plain)


def _masked(label: str, address: str, goal: str) -> str:
    """Discord links to web addresses alone, and shows the marks of a link whose text has an address in it. Such a text
    stands before the address then, and only what the link leads to has a preview. `goal` is the address as written."""
    if not address or address.startswith("#"):
        return bracketed(label)
    if not address.startswith(("http://", "https://", "mailto:")):
        return f"{bracketed(label)} ({address})"
    if label in ("", address, address.rstrip("/")):
        return address
    if _ADDRESS.search(label) is None:
        return f"[{label}]({goal})"
    shown = bracketed(label)
    for same in (address, address.rstrip("/")):
        if f"<{same}>" in shown:
            return shown.replace(f"<{same}>", same, 1)
    return f"{shown} ({address})"


def bracketed(text: str) -> str:
    """With the addresses in it, outside code, in the brackets in which Discord shows no previews of them."""
    return _ADDRESS.sub(_bracketed, text) if "://" in text else text


def _bracketed(match: re.Match[str]) -> str:
    if match["bare"] is None:
        return match[0]
    url = _sentence_aside(match["bare"])
    return f"<{url}>{match['bare'][len(url) :]}"


def hushed(text: str) -> str:
    """A link of which Discord shows no preview; anything else as it is."""
    if match := _MASKED.fullmatch(text):
        return f"{match[1]}<{match[2]}>{match[3]}"
    return bracketed(text)


def _element(match: re.Match[str]) -> Token:
    name, inner = match["name"], html.unescape(_TAG.sub("", match["inner"]))
    if name == "a":
        href = _HREF.search(match[0])
        shown = _masked(inner, href[1], href[1]) if href and inner and href[1].startswith("http") else inner
        return Token(Kind.WHOLE, match.start(), match.end(), shown, f"{inner} ({href[1]})" if href else inner)
    if name in ("sub", "sup"):
        shown = inner.translate(_LOWERED) if name == "sub" else raised(inner)
        return Token(Kind.GLUE, match.start(), match.end(), shown, shown)
    shown, plain = _tamed(inner, 2 if "`" in inner else 1) if inner.strip() else ("", "")
    return Token(Kind.WHOLE, match.start(), match.end(), shown, plain)


def raised(text: str) -> str:
    return text.translate(_RAISED)


def _note(match: re.Match[str]) -> Token:
    """A footnote's mark; a comma parts it from another one."""
    start = match.start()
    among = _NOTED.search(match.string, max(start - 6, 0), start) is not None
    shown = "," * among + raised(match[0][2:-1])
    return Token(Kind.GLUE, start, match.end(), shown, shown)


def _tag(match: re.Match[str], offset: int = 0) -> Token:
    name, start, end = match["tagname"].lower(), offset + match.start(), offset + match.end()
    closes = match[0][1] == "/"
    if name in MARKS:
        return Token(Kind.CLOSE if closes else Kind.OPEN, start, end, MARKS[name], match[0])
    if name in CELLS and not closes:
        return Token(Kind.SPACE, start, end, " ", " ")
    if name == "pre" or (name in BREAKS and not closes):
        text = "\n- " if name == "li" else "\n"
        return Token(Kind.BREAK, start, end, text, text)
    if name == "img":
        return _image(match)
    if name in SILENT:
        return Token(Kind.GLUE, start, end, "", "")
    return _literal(start, match[0])


def _image(match: re.Match[str]) -> Token:
    source, alt = _SOURCE.search(match[0]), _ALT.search(match[0])
    label = alt[1] if alt else ""
    if source is None:
        return Token(Kind.GLUE, match.start(), match.end(), label, label)
    shown = _masked(label, source[1], source[1]) if label else source[1]
    return Token(Kind.WHOLE, match.start(), match.end(), shown, f"{label} ({source[1]})".strip())


def _comment(match: re.Match[str]) -> Token:
    return Token(Kind.GLUE, match.start(), match.end(), "", "")


def _entity(match: re.Match[str]) -> Token:
    """A character that would be a mark stays a character."""
    character = html.unescape(match[0])
    shown = character
    if len(character) == 1 and (character in "\\`*_~|<>[]#-" or not character.isprintable()):
        shown = f"\\{character}" if character.isprintable() else " "
    return Token(Kind.GLUE, match.start(), match.end(), shown, character)


_READERS = {
    "url": _url,
    "link": _link,
    "note": _note,
    "math": _math,
    "escape": _escape,
    "pill": _whole,
    "autolink": _whole,
    "element": _element,
    "comment": _comment,
    "tag": _tag,
    "entity": _entity,
    "other": _other,
}
