"""People of the playground and what they do, as they would with Discord's client: write, reply, press, fill in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from playground import components, errors, interactions, invocations, permissions, posting, threads
from playground.commands import CHAT_INPUT, MESSAGE_MENU, USER_MENU, Found
from playground.emoji import known as is_emoji
from playground.entities import Channel, Interaction, Json, Message, Modal, User
from playground.errors import Impossible
from playground.interactions import Interactions
from playground.invocations import Value
from playground.posting import Draft
from playground.waiting import PATIENCE, Changes
from playground.world import World

File = tuple[str, bytes]


class Invocation:
    """Something a person asked of the bot, and its answers as they come."""

    def __init__(self, interaction: Interaction, changes: Changes) -> None:
        self.interaction = interaction
        self._changes = changes

    @property
    def messages(self) -> list[Message]:
        return self.interaction.messages

    @property
    def private(self) -> bool:
        """Whether the first answer is for the asker alone; settled once there is one, even a promise."""
        return interactions.private(self.interaction)

    @property
    def modal(self) -> Modal | None:
        return self.interaction.modal

    @property
    def choices(self) -> list[Json] | None:
        """Of an autocompletion."""
        return self.interaction.choices

    @property
    def failed(self) -> bool:
        """The bot did not answer within 3 s; the client then says so."""
        return self.interaction.failed

    async def answered(self, timeout: float | None = PATIENCE) -> Interaction:
        """Waits for the first answer of any kind. Raises Impossible when the bot let it fail."""
        await self._changes.wait_for(lambda: self.interaction.answered is not None or self.failed, timeout)
        if self.failed:
            raise Impossible(f"the bot did not answer {self.interaction.name or self.interaction.type} in time")
        return self.interaction

    async def response(self, timeout: float = PATIENCE) -> Message:
        """The first message to read: an answer, a promise once fulfilled, or the message that was changed."""
        await self.answered(timeout)
        await self._changes.wait_for(lambda: self._readable() is not None, timeout)
        message = self._readable()
        assert message is not None
        return message

    async def form(self, timeout: float = PATIENCE) -> Modal:
        await self._changes.wait_for(lambda: self.modal is not None or self.failed, timeout)
        if self.modal is None:
            raise Impossible("no form opened")
        return self.modal

    def _readable(self) -> Message | None:
        first = self.interaction.original
        candidates = [*([first] if first else []), *self.interaction.followups]
        return next((each for each in candidates if not each.loading and each.deleted_at is None), None)


class Person:
    """Raises ApiError where Discord's server refuses, Impossible where its client would not even ask."""

    def __init__(self, user: User, world: World, interactions: Interactions, changes: Changes) -> None:
        self.user = user
        self._world = world
        self._interactions = interactions
        self._changes = changes

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def mention(self) -> str:
        return f"<@{self.user.id}>"

    def dm(self) -> Channel:
        """The direct conversation with the bot."""
        return self._world.dm(self.user)

    def messages(self, channel: Channel) -> list[Message]:
        """What this person sees there, private answers included, oldest first."""
        if not permissions.allows(self.user, channel, permissions.VIEW_CHANNEL):
            return []
        return [message for message in channel.by_id.values() if message.visible_to(self.user)]

    async def say(
        self,
        channel: Channel,
        text: str,
        *,
        reply_to: Message | None = None,
        files: Iterable[File] = (),
        ping: bool = True,
    ) -> Message:
        """`ping` False replies silently. A text over 2,000 characters is sent as the file message.txt."""
        allowed = {"parse": ["users", "roles", "everyone"], "replied_user": ping}
        draft = self._draft(channel, text, files)
        draft = replace(draft, reply_to=reply_to.id if reply_to else None, allowed_mentions=allowed)
        return posting.post(self._world, self.user, channel, draft)

    async def edit(self, message: Message, text: str) -> None:
        self._require_seen(message)
        posting.edit(self._world, self.user, message, Draft(content=text, fields=frozenset({"content"})))

    async def delete(self, message: Message) -> None:
        self._require_seen(message)
        posting.delete(self._world, self.user, message)

    async def react(self, message: Message, emoji: str) -> None:
        if not is_emoji(emoji):
            raise Impossible(f"{emoji!r} is no emoji")
        self._require_seen(message)
        posting.react(self._world, self.user, message, emoji)

    async def unreact(self, message: Message, emoji: str) -> None:
        self._require_seen(message)
        posting.unreact(self._world, self.user, message, emoji)

    async def type(self, channel: Channel) -> None:
        posting.type(self._world, self.user, channel)

    async def open_thread(
        self, channel: Channel, name: str, message: Message | None = None, *, private: bool = False
    ) -> Channel:
        if message is not None:
            self._require_seen(message)
        return threads.open(self._world, self.user, channel, name, message=message, private=private)

    async def post(
        self, forum: Channel, name: str, text: str, *, tags: Iterable[str] = (), files: Iterable[File] = ()
    ) -> Channel:
        """Begins a thread in a forum; `tags` by name. A long text becomes a file as in `say`."""
        known = {tag.name: tag.id for tag in forum.tags}
        unknown = [tag for tag in tags if tag not in known]
        if unknown:
            raise Impossible(f"{forum.name} has no tag {unknown[0]}")
        draft = self._draft(forum, text, files)
        return threads.post(self._world, self.user, forum, name, draft, [known[tag] for tag in tags])[0]

    def _draft(self, channel: Channel, text: str, files: Iterable[File]) -> Draft:
        uploads = list(files)
        if len(text) > posting.MAX_CONTENT:
            uploads, text = [("message.txt", text.encode()), *uploads], ""
        attachments = [self._world.attach(channel, name, content) for name, content in uploads]
        return Draft(content=text, attachments=attachments)

    async def command(self, channel: Channel, name: str, /, **values: Value) -> Invocation:
        """`name` as registered, subcommands separated by spaces."""
        return self.use_command(channel, name, values)

    def use_command(self, channel: Channel, name: str, values: Mapping[str, Value]) -> Invocation:
        found = self._found(channel, name)
        data = invocations.command_data(self._world, found, values, channel)
        return self._opened(interactions.COMMAND, channel, data, name=name)

    async def menu(self, target: Message | User, name: str, channel: Channel | None = None) -> Invocation:
        """A command in the menu of a message or of a person."""
        kind, place = USER_MENU, channel
        if isinstance(target, Message):
            self._require_seen(target)
            kind, place = MESSAGE_MENU, target.channel
        if place is None:
            raise Impossible("a person's menu is opened in a channel")
        data = invocations.menu_data(self._world, self._found(place, name, kind), target)
        return self._opened(interactions.COMMAND, place, data, name=name)

    async def autocomplete(
        self, channel: Channel, name: str, option: str, partial: str = "", /, **values: Value
    ) -> list[Json]:
        """The choices offered: each a `name` and a `value`."""
        data = invocations.autocomplete_data(self._found(channel, name), option, partial, values)
        invocation = self._opened(interactions.AUTOCOMPLETE, channel, data, name=name)
        await invocation.answered()
        return invocation.choices or []

    async def click(self, message: Message, which: str, *values: Value) -> Invocation:
        """A button or select by custom id or label; a select takes what is chosen."""
        self._require_seen(message)
        component = components.find(message.components, which)
        if component is None:
            raise Impossible(f"the message has no {which!r}")
        data = invocations.component_data(self._world, component, values, message.channel)
        return self._opened(interactions.COMPONENT, message.channel, data, message=message)

    async def submit(self, modal: Modal, values: Mapping[str, Value]) -> Invocation:
        """`values` by custom id or label; what is left out keeps what the form holds."""
        if modal.user is not self.user:
            raise Impossible("the form opened before somebody else")
        asked = modal.interaction
        self._require_sight(asked.channel)
        data = invocations.modal_data(self._world, modal, values, asked.channel)
        kind = interactions.MODAL_SUBMIT
        return self._opened(kind, asked.channel, data, message=asked.message, opened_by=asked)

    def _require_sight(self, channel: Channel) -> None:
        """Raises ApiError; also of what they opened or wrote when they still saw the channel."""
        if channel.id not in self._world.channels:
            raise errors.unknown_channel()
        posting.require(self.user, channel, permissions.VIEW_CHANNEL)

    def _require_seen(self, message: Message) -> None:
        self._require_sight(message.channel)
        if message.deleted_at is not None:
            raise errors.unknown_message()
        if not message.visible_to(self.user):
            raise Impossible("the message is not to be seen")

    def _found(self, channel: Channel, name: str, type: int = CHAT_INPUT) -> Found:
        self._require_sight(channel)
        found = self._world.commands.find(name, channel, type)
        if found is None:
            raise Impossible(f"there is no /{name} here")
        if not self._world.commands.allowed(found, self.user, channel):
            raise Impossible(f"/{name} is not offered to {self.name} here")
        return found

    def _opened(
        self,
        type: int,
        channel: Channel,
        data: Json,
        *,
        name: str = "",
        message: Message | None = None,
        opened_by: Interaction | None = None,
    ) -> Invocation:
        interaction = self._interactions.open(
            type, self.user, channel, data, name=name, message=message, opened_by=opened_by
        )
        return Invocation(interaction, self._changes)


class People:
    """Everyone in a world, by id."""

    def __init__(self, world: World, interactions: Interactions) -> None:
        self.changes = Changes(world)
        self._world = world
        self._interactions = interactions
        self._persons: dict[int, Person] = {}

    def add(self, name: str, locale: str = "en-US") -> Person:
        return self.person(self._world.add_user(name, locale=locale).id)

    def person(self, user_id: int) -> Person:
        """Raises Impossible where there is none."""
        if user_id not in self._persons:
            user = self._world.users.get(user_id)
            if user is None or user.bot:
                raise Impossible(f"there is no person {user_id}")
            self._persons[user_id] = Person(user, self._world, self._interactions, self.changes)
        return self._persons[user_id]
