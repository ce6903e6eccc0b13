"""Channels that are gone: nothing of what was said there is kept."""

from __future__ import annotations

from bot.storage import Storage


class Departures:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def channel(self, channel_id: int) -> None:
        """Deletes the conversations of a channel and its threads, and their settings. What runs there finds no run."""
        async with self._storage.write() as work:
            await work.conversations.forget_channel(channel_id)
