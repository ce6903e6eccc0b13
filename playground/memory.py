"""What of a world is forgotten so that it stays small for days: the oldest, as if nobody had scrolled that far."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from playground.entities import Attachment, Channel, Message, Version
from playground.snowflake import created_at

if TYPE_CHECKING:
    from playground.world import World

KEPT_MESSAGES = 5_000
"""Of a channel."""
KEPT_VERSIONS = 200
"""Of a message: its first and its newest ones."""
KEPT_FILE_BYTES = 256 * 1024 * 1024
"""Of all files together. A sweep leaves three quarters, so that not every further file needs one."""
UPLOAD_MEMORY = timedelta(hours=24)
"""As long as a link to a file holds."""
FEWEST_SWEPT = 256
"""Files kept without a look at which of them are of use."""


class Memory:
    def __init__(self, world: World) -> None:
        self._world = world
        self._sweep_at = FEWEST_SWEPT
        self._file_bytes = 0
        """At the least what is kept: files of deleted messages leave uncounted."""

    def keep_file(self, attachment: Attachment, on: Message | None = None) -> None:
        """`on`: the message that is about to carry it, which is not forgotten to make room."""
        if len(self._world.attachments) >= self._sweep_at:
            self._forget_uploads()
        self._world.attachments[attachment.id] = attachment
        self._file_bytes += len(attachment.content)
        if self._file_bytes > KEPT_FILE_BYTES:
            self._forget_oldest_files(on)

    def keep_message(self, message: Message) -> None:
        kept = message.channel.by_id
        kept[message.id] = message
        while len(kept) > KEPT_MESSAGES:
            self.forget(next(iter(kept.values())))

    def keep_version(self, message: Message) -> None:
        """Where its text is another than before."""
        if message.versions and message.versions[-1].content == message.content:
            return
        clock = self._world.clock
        message.versions.append(Version(content=message.content, at=clock.now(), elapsed=clock.monotonic()))
        if len(message.versions) > KEPT_VERSIONS:
            del message.versions[1]

    def forget(self, message: Message) -> None:
        """Tells nobody: whoever still names it names an unknown message."""
        message.deleted_at = self._world.clock.now()
        del message.channel.by_id[message.id]
        for attachment in message.attachments:
            self._world.attachments.pop(attachment.id, None)

    def _forget_uploads(self) -> None:
        """Files that no message carries, such as those of refused messages, a day after their upload."""
        carried = _carriers(self._world.channels.values())
        since = self._world.clock.now() - UPLOAD_MEMORY
        files = self._world.attachments.items()
        self._world.attachments = {id: each for id, each in files if id in carried or created_at(id) >= since}
        self._sweep_at = max(FEWEST_SWEPT, 2 * len(self._world.attachments))

    def _forget_oldest_files(self, spared: Message | None) -> None:
        """With the messages that carry them."""
        carriers = _carriers(self._world.channels.values())
        files = self._world.attachments
        self._file_bytes = sum(len(each.content) for each in files.values())
        for id, attachment in list(files.items()):
            if self._file_bytes <= KEPT_FILE_BYTES * 3 // 4:
                return
            if spared is not None and carriers.get(id) is spared:
                continue
            if files.pop(id, None) is not None:
                self._file_bytes -= len(attachment.content)
            if id in carriers and carriers[id].deleted_at is None:
                self._file_bytes -= sum(len(each.content) for each in carriers[id].attachments if each.id in files)
                self.forget(carriers[id])


def _carriers(channels: Iterable[Channel]) -> dict[int, Message]:
    """Messages by the ids of their files."""
    messages = (message for channel in channels for message in channel.by_id.values())
    return {attachment.id: message for message in messages for attachment in message.attachments}
