"""What Discord adds to messages with links: a moment later, an embed of each page, as an update that is no edit.

A message is told first without its previews. Once they are fetched the message is told again, with embeds and the
edited_timestamp it had. Links in code, between angle brackets, in messages that suppress embeds, and of senders who
may not embed links have none. When a text changes, its previews are made anew.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from playground import events, permissions
from playground.entities import SUPPRESS_EMBEDS, Json, Message
from playground.mentions import CODE
from playground.world import World

FETCHING_SECONDS = 0.4
"""From a message to its previews; at Discord from a fifth of a second to several."""
MAX_PREVIEWS = 5

_LINK = re.compile(r"<https?://[^\s<>]+>|(https?://[^\s<>]+)")
_TRAILING = ".,:;!?'\"*_~)]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    title: str
    description: str = ""
    site: str | None = None

    def embed(self, url: str) -> Json:
        shown: Json = {"type": "link", "url": url, "title": self.title}
        if self.description:
            shown["description"] = self.description
        if self.site:
            shown["provider"] = {"name": self.site}
        return shown


PAGES: Mapping[str, Page] = MappingProxyType(
    {"example.com": Page(title="Example Domain", description="For use in examples of documents.")}
)


class Previews:
    """`pages` by address, or by host for all of its addresses; others have no preview."""

    def __init__(
        self, world: World, pages: Mapping[str, Page] = PAGES, *, fetching_seconds: float = FETCHING_SECONDS
    ) -> None:
        self._world = world
        self._pages = pages
        self._fetching_seconds = fetching_seconds
        self._fetching: dict[int, asyncio.Task[None]] = {}
        self._end = world.subscribe(self._notice)

    async def close(self) -> None:
        self._end()
        fetching = list(self._fetching.values())
        for task in fetching:
            task.cancel()
        await asyncio.gather(*fetching, return_exceptions=True)

    def of(self, message: Message) -> list[Json]:
        """Those that its text asks for now."""
        if not permissions.allows(message.author, message.channel, permissions.EMBED_LINKS):
            return []
        found = [(url, page) for url in links(message.content) if (page := self._page(url))]
        return [page.embed(url) for url, page in found[:MAX_PREVIEWS]]

    def _notice(self, event: events.Event) -> None:
        match event:
            case events.MessageCreated(message) | events.MessageEdited(message):
                self._consider(message)
            case events.MessageDeleted(message):
                self._drop(message)
            case _:
                pass

    def _consider(self, message: Message) -> None:
        suppressed = bool(message.flags & SUPPRESS_EMBEDS) or message.private
        wanted = [] if suppressed else self.of(message)
        self._drop(message)
        if wanted == message.previews:
            return
        self._fetching[message.id] = asyncio.create_task(self._show(message, wanted))

    async def _show(self, message: Message, wanted: list[Json]) -> None:
        await self._world.clock.sleep(self._fetching_seconds if wanted else 0.0)
        del self._fetching[message.id]
        if message.deleted_at is None:
            message.previews = wanted
            self._world.message_edited(message, shown_as_edited=False)

    def _drop(self, message: Message) -> None:
        task = self._fetching.pop(message.id, None)
        if task is not None:
            task.cancel()

    def _page(self, url: str) -> Page | None:
        try:
            host = urlsplit(url).hostname
        except ValueError:
            return None
        return self._pages.get(url) or self._pages.get(host or "")


def links(text: str) -> list[str]:
    """The addresses in a text that want a preview, each once."""
    found = [link.rstrip(_TRAILING) for link in _LINK.findall(CODE.sub(" ", text)) if link]
    return list(dict.fromkeys(found))
