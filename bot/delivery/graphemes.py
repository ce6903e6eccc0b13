"""What people see as one character, a *grapheme*, and where a text that has no better place may be cut between two.

A text is cut while it grows, and what has been shown of it must not move behind the cut. So a cut falls behind the
grapheme in which the text becomes long enough, which may be longer than it looks, and not before it.
"""

from __future__ import annotations

from wcwidth import grapheme_boundary_before, iter_graphemes

from bot.delivery.fences import units


def separate(before: str, behind: str) -> bool:
    """Whether a grapheme ends between the two."""
    return not before or grapheme_boundary_before(before + behind, 2) == 1


def cut_behind(text: str, least: int, most: int) -> int:
    """Behind the grapheme in which `text` has `least` UTF-16 units, or inside of it if it has more than `most` then.

    The end of `text` if there is none; whether its last grapheme goes on is not known.
    """
    if text.isascii():
        return min(least, len(text))
    place = _within(text, least)
    start = grapheme_boundary_before(text[:place], place)
    end = start + len(next(iter_graphemes(text[start : start + most + 1])))
    return min(end, _within(text, most))


def _within(text: str, limit: int) -> int:
    """How many characters of `text` have no more than `limit` UTF-16 units, at least one."""
    if len(text) <= limit and units(text) <= limit:
        return len(text)
    place = len(text[:limit].encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore"))
    return max(place, 1)


def parting(code: str, least: int, most: int) -> int:
    """Behind the first space that follows `least` characters of a line of code, or as `cut_behind` does, a word later.

    A space may be joined to what follows it, and is no place then.
    """
    end = cut_behind(code, 2 * least, most)
    space = code.find(" ", least, end)
    while 0 <= space < len(code) - 1:
        if separate(" ", code[space + 1]):
            return space + 1
        space = code.find(" ", space + 1, end)
    return end
