"""Which message an author sent with a nonce, so that sending it again can return it instead of another."""

from __future__ import annotations

from datetime import timedelta

from playground.clock import Clock
from playground.entities import Message, User

MEMORY = timedelta(minutes=5)
""" "The past few minutes" in Discord's documentation of enforce_nonce."""


class Nonces:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: dict[tuple[int, str], Message] = {}
        """In the order of their sending."""

    def remember(self, message: Message) -> None:
        """And forgets those that are too old to be asked for."""
        if message.nonce is None:
            return
        key = (message.author.id, str(message.nonce))
        self._sent.pop(key, None)
        self._sent[key] = message
        while self._old(next(iter(self._sent.values()))):
            del self._sent[next(iter(self._sent))]

    def sent(self, author: User, nonce: str | int) -> Message | None:
        """The author's message with that nonce, if it was sent within `MEMORY` and is still there."""
        message = self._sent.get((author.id, str(nonce)))
        return None if message is None or message.deleted_at is not None or self._old(message) else message

    def _old(self, message: Message) -> bool:
        return message.created_at < self._clock.now() - MEMORY
