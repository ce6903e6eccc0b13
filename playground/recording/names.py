"""Names in place of ids, in values and inside texts.

In a text, the mention `<@123…>` of someone known becomes `<@u1>`, and what somebody really wrote as `<@u1>` becomes
`<@~u1>`; each further reading takes one tilde away. A mention of nobody known stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable

BOT = "bot"
USER, GUILD, ROLE, CHANNEL, MESSAGE, INTERACTION = "u", "g", "r", "c", "m", "i"

_MENTION = re.compile(r"<(@!?|@&|#)(\d{15,20})>")
_TAKEN = re.compile(r"<(@!?|@&|#)(~*(?:[ugrc]\d{1,14}|bot))>")
_MENTIONED = {"@": USER, "@!": USER, "@&": ROLE, "#": CHANNEL}


KEPT_NAMES = 50_000
"""Of messages and interactions together, the newest: some 10 MB."""

_PASSING = (MESSAGE, INTERACTION)


class Names:
    """Of one world's ids. A thread that was opened on a message shares its id, hence names by kind."""

    def __init__(self, bot_id: int, *, passing: int = KEPT_NAMES) -> None:
        """`passing`: how many messages and interactions keep their names; one that comes back gets another."""
        self._known: dict[tuple[str, int], str] = {(USER, bot_id): BOT}
        self._most = passing
        self._passing: deque[tuple[str, int]] = deque()
        self._counted: Counter[str] = Counter()

    def find(self, kind: str, id: int) -> str | None:
        return self._known.get((kind, id))

    def of(self, kind: str, id: int) -> str:
        """A new one for what has none."""
        known = self._known.get((kind, id))
        if known is None:
            self._counted[kind] += 1
            known = self._known[kind, id] = f"{kind}{self._counted[kind]}"
            if kind in _PASSING:
                self._give_up((kind, id))
        return known

    def _give_up(self, newest: tuple[str, int]) -> None:
        self._passing.append(newest)
        if len(self._passing) > self._most:
            del self._known[self._passing.popleft()]

    def share(self, kind: str, id: int, name: str) -> None:
        """For a role whose name is its server's."""
        self._known[kind, id] = name

    def text(self, text: str) -> str:
        if "<" not in text:
            return text
        return _MENTION.sub(self._named, _TAKEN.sub(r"<\1~\2>", text))

    def _named(self, mention: re.Match[str]) -> str:
        known = self.find(_MENTIONED[mention[1]], int(mention[2]))
        return f"<{mention[1]}{known}>" if known else mention[0]


def told(text: str, mention: Callable[[str, str], str | None]) -> str:
    """The text with each `<sigil name>` replaced by what `mention(sigil, name)` returns; None leaves it."""

    def replaced(found: re.Match[str]) -> str:
        sigil, name = found[1], found[2]
        if name.startswith("~"):
            return f"<{sigil}{name[1:]}>"
        return mention(sigil, name) or found[0]

    return _TAKEN.sub(replaced, text) if "<" in text else text
