"""A button that takes something back. It works after a restart too: what it needs stands in its `custom_id`."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import ClassVar, Self

import discord

from bot.client import Causerie
from cogs.replies import reporting


class UndoButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"undo:(?P<id>\d+)"):
    """The base: a subclass names its `prefix`, gives `PREFIX:(?P<id>\\d+)` as its template, and implements `undo`."""

    prefix: ClassVar[str] = "undo"

    def __init__(self, of: int, label: str) -> None:
        super().__init__(discord.ui.Button(label=label, emoji="↩️", custom_id=f"{self.prefix}:{of}"))
        self.of = of

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[discord.ui.View], match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, discord.ui.Button)
        return cls(int(match["id"]), item.label or "")

    def alone(self) -> discord.ui.View:
        """A view that holds nothing else, and never times out."""
        return discord.ui.View(timeout=None).add_item(self)

    async def callback(self, interaction: discord.Interaction[Causerie]) -> None:  # type: ignore[override]
        async with reporting(interaction):
            await self.undo(interaction)

    @abstractmethod
    async def undo(self, interaction: discord.Interaction[Causerie]) -> None:
        """Answers the interaction. Raises RequestError, which the person is told."""
