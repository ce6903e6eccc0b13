"""The bot that one writes first, for comparison: what tutorials show, made to keep to Discord's limits by discord.py.

It types, reads the SDK's stream with `async for`, and awaits an edit once a second before it reads on; past 2,000
characters it goes on in a new message. It keeps no history and no database, so that it has less to do than a product.
It is told by the same environment where Discord and the model are.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import discord
import yarl
from discord import app_commands
from openai import AsyncOpenAI

EDIT_SECONDS = 1.0
LIMIT = 2_000
"""Characters of a message."""

Edit = Callable[[str], Awaitable[object]]
Send = Callable[[str], Awaitable[Edit]]
"""Sends a message and returns what edits it."""


class Naive(discord.Client):
    def __init__(self) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none())
        self.tree = app_commands.CommandTree(self)
        self.tree.command(name="ask", description="Ask a question")(self.ask)
        self._openai = AsyncOpenAI()

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot or self.user not in message.mentions:
            return

        async def send(text: str) -> Edit:
            sent = await message.reply(text)
            return lambda newer: sent.edit(content=newer)

        async with message.channel.typing():
            await recite(self._tokens(message.content), send)

    async def ask(self, interaction: discord.Interaction[Any], prompt: str) -> None:
        await interaction.response.defer(thinking=True)

        async def send(text: str) -> Edit:
            sent = await interaction.followup.send(text, wait=True)
            return lambda newer: sent.edit(content=newer)

        await recite(self._tokens(prompt), send)

    async def _tokens(self, question: str) -> AsyncIterator[str]:
        stream = await self._openai.chat.completions.create(
            model=os.environ["OPENAI_MODEL"], messages=[{"role": "user", "content": question}], stream=True
        )
        async for chunk in stream:
            if chunk.choices:
                yield chunk.choices[0].delta.content or ""


async def recite(tokens: AsyncIterator[str], send: Send) -> None:
    text, shown, shown_at = "", "", 0.0
    edit: Edit | None = None
    async for token in tokens:
        if len(text) + len(token) > LIMIT:
            await _show(text, shown, edit, send)
            text, shown, edit = "", "", None
        text += token
        if text.strip() and time.monotonic() - shown_at >= EDIT_SECONDS:
            edit = await _show(text, shown, edit, send)
            shown, shown_at = text, time.monotonic()
    await _show(text, shown, edit, send)


async def _show(text: str, shown: str, edit: Edit | None, send: Send) -> Edit | None:
    if text == shown or not text.strip():
        return edit
    if edit is None:
        return await send(text)
    await edit(text)
    return edit


def main() -> None:
    address = yarl.URL(os.environ["DISCORD_API_URL"])
    discord.http.Route.BASE = str(address)
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = address.with_scheme("ws").with_path("/gateway")
    Naive().run(os.environ["DISCORD_TOKEN"])


if __name__ == "__main__":
    main()
