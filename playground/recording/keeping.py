"""The lines of a recording that stay in memory, so that a playground can run for days.

What a report needs least goes first. Of a message that grows by edits, the oldest of them are folded into those after
them: the line that is left has all that they changed, and says in `edits` how many it stands for. Of files, the
contents of the oldest go; names and sizes stay. At last the oldest of what happened goes; what the world consists of
stays, since later lines speak of it. Who follows a recording is told every line, and keeps what they like.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any

from playground.entities import Json
from playground.recording.files import Content

KEPT_LINES = 20_000
"""Beside those about the world. Most are edits of up to some kilobytes: 40 MB where all are."""
KEPT_EDITS = 10
"""Of one message."""
KEPT_FILE_BYTES = 64 * 1024 * 1024

STAYING = frozenset({"person", "server", "role", "member", "left", "channel", "thread"})


class Lines:
    def __init__(self, *, lines: int = KEPT_LINES, edits: int = KEPT_EDITS, file_bytes: int = KEPT_FILE_BYTES) -> None:
        self._most, self._most_edits, self._most_bytes = lines, edits, file_bytes
        self._lines: dict[int, Json] = {}
        self._passing: OrderedDict[int, None] = OrderedDict()
        """Places of lines that may go, oldest first."""
        self._edits: dict[str, deque[int]] = {}
        self._files: deque[Content] = deque()
        self._bytes = 0
        self._next = 0
        self.left_out = 0
        """Lines that went, beside edits that were folded."""

    def __iter__(self) -> Iterator[Json]:
        return iter(self._lines.values())

    def add(self, line: Json) -> None:
        place, self._next = self._next, self._next + 1
        self._lines[place] = line
        for content in _contents(line):
            self._keep(content)
        if line["event"] not in STAYING:
            self._passing[place] = None
        if line["event"] == "edited":
            self._fold(line["message"], place)
        if len(self._passing) > self._most:
            self._leave_out()

    def _keep(self, content: Content) -> None:
        self._files.append(content)
        self._bytes += content.size
        while self._bytes > self._most_bytes:
            oldest = self._files.popleft()
            self._bytes -= oldest.size
            oldest.forget()

    def _fold(self, message: str, place: int) -> None:
        places = self._edits.setdefault(message, deque())
        places.append(place)
        if len(places) > self._most_edits:
            oldest = places.popleft()
            del self._passing[oldest]
            older, newer = self._lines.pop(oldest), self._lines[places[0]]
            stands_for = older.get("edits", 1) + newer.get("edits", 1)
            self._lines[places[0]] = {**older, **newer, "edits": stands_for}

    def _leave_out(self) -> None:
        place, _ = self._passing.popitem(last=False)
        line = self._lines.pop(place)
        self.left_out += 1
        if line["event"] == "edited":
            places = self._edits[line["message"]]
            places.popleft()
            if not places:
                del self._edits[line["message"]]


def _contents(value: Any) -> Iterator[Content]:
    """Of files anywhere in a line."""
    if isinstance(value, Content):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _contents(each)
