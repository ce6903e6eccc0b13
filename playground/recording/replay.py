"""A recording played again: its people act at their times, and what the bot does is held against what it did.

Time runs from the first thing that anybody did. Before a person acts in a channel, the replay waits until the bot has
written there what it had written by then, so that a question which was an answer to the bot's words stays one, at
whatever speed. What does not come within the patience is reported, and the replay goes on.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable

from playground import components, events
from playground.commands import CHAT_INPUT, MESSAGE_MENU, USER_MENU
from playground.entities import PRIVATE_THREAD, Channel, Interaction, Json, Message
from playground.errors import ApiError, Impossible
from playground.recording import deeds
from playground.recording.cast import WORLD, Cast, Missing
from playground.recording.comparison import Report, compared
from playground.recording.files import Session
from playground.recording.names import BOT
from playground.server import Playground

PATIENCE = 10.0
"""Seconds that the replay waits for what the bot had done by then."""

Deed = Callable[["Replay", Json], Awaitable[None]]


class Replay:
    """Makes the recording's world in an empty playground, so that a bot can connect before `run`."""

    def __init__(
        self, session: Session, playground: Playground, *, speed: float = 1.0, patience: float = PATIENCE
    ) -> None:
        """`speed` 2 plays in half the time."""
        self._playground = playground
        self._clock = playground.world.clock
        self._speed = speed
        self._session = session
        self._cast = Cast(playground, session.lines, patience)
        self._due: defaultdict[str, list[str]] = defaultdict(list)
        self._problems: list[str] = []
        self._messages: list[Message] = []
        self._titles: dict[str, Json] = {}
        """Of posts in forums that wait for the message they begin with, the line of their thread by its channel."""
        first = next((number for number, line in enumerate(session.lines) if line["event"] in DEEDS), None)
        self._begun = len(session.lines) if first is None else first
        for line in session.lines[: self._begun]:
            self._make(line)

    async def run(self) -> Report:
        unsubscribe = self._playground.world.subscribe(self._note)
        try:
            return await self._run()
        finally:
            unsubscribe()

    def _note(self, event: events.Event) -> None:
        """Kept here, since the world forgets what is deleted."""
        if isinstance(event, events.MessageCreated):
            self._messages.append(event.message)

    async def _run(self) -> Report:
        lines = self._session.lines[self._begun :]
        started = self._clock.monotonic()
        for line in lines:
            await self._until(started + (line["at"] - lines[0]["at"]) / self._speed)
            await self._play(line)
        await self._rest()
        return compared(self._session, self._playground, self._cast, self._messages, self._problems)

    async def _until(self, moment: float) -> None:
        wait = moment - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)

    async def _play(self, line: Json) -> None:
        if line.get("by") == BOT and line["event"] == "said":
            self._due[line["channel"]].append(line["message"])
        elif line["event"] in WORLD:
            self._make(line)
        elif line["event"] in DEEDS and line["by"] != BOT:
            try:
                await self._catch_up(line.get("channel", ""))
                await DEEDS[line["event"]](self, line)
            except (Missing, Impossible, ApiError, TimeoutError) as error:
                who = self._cast.people[line["by"]].name
                self._problems.append(
                    f"{line['at']:.1f} s: {who} could not do what is recorded ({_named(line)}): {error}"
                )

    def _make(self, line: Json) -> None:
        if line["event"] in WORLD:
            self._cast.make(line)

    async def _catch_up(self, channel: str) -> None:
        """What is missing shows in the comparison."""
        due = self._due.pop(channel, [])
        await self._arrived(due)

    async def _rest(self) -> None:
        await self._arrived([name for due in self._due.values() for name in due])
        asked = self._cast.invocations.values()
        with contextlib.suppress(Missing):
            await self._cast.wait(lambda: all(_settled(each.interaction) for each in asked), "the bot's answers")

    async def _arrived(self, names: list[str]) -> None:
        with contextlib.suppress(Missing):
            await self._cast.wait(lambda: all(self._cast.find(name) for name in names), "the bot's messages")

    # What people do

    async def _said(self, line: Json) -> None:
        if line["channel"] in self._titles:
            await self._posted(self._titles.pop(line["channel"]), line)
            return
        channel = await self._cast.channel(line["channel"])
        replied = await self._cast.message(line["to"]) if "to" in line else None
        uploads = [self._cast.value({"file": file}) for file in line.get("files") or ()]
        text = self._cast.text(line["text"])
        person = self._cast.person(line["by"])
        said = await person.say(channel, text, reply_to=replied, files=uploads, ping=line.get("ping", True))
        self._cast.own(line["message"], said)

    async def _posted(self, thread: Json, first: Json) -> None:
        forum = await self._cast.channel(thread["parent"])
        uploads = [self._cast.value({"file": file}) for file in first.get("files") or ()]
        person = self._cast.person(first["by"])
        post = await person.post(forum, thread["name"], self._cast.text(first["text"]), files=uploads)
        self._cast.own(thread["channel"], post)
        self._cast.own(first["message"], post.by_id[post.id])

    async def _edited(self, line: Json) -> None:
        if "text" in line:
            message = await self._cast.message(line["message"])
            await self._cast.person(line["by"]).edit(message, self._cast.text(line["text"]))

    async def _deleted(self, line: Json) -> None:
        for name in line["messages"]:
            await self._cast.person(line["by"]).delete(await self._cast.message(name))

    async def _reacted(self, line: Json) -> None:
        message, person = await self._cast.message(line["message"]), self._cast.person(line["by"])
        await (person.react if line["event"] == "reacted" else person.unreact)(message, line["emoji"])

    async def _typed(self, line: Json) -> None:
        await self._cast.person(line["by"]).type(await self._cast.channel(line["channel"]))

    async def _opened_thread(self, line: Json) -> None:
        parent = await self._cast.channel(line["parent"])
        if parent.is_forum:
            self._titles[line["channel"]] = line
            return
        on = await self._cast.message(line["on"]) if "on" in line else None
        private = line["type"] == PRIVATE_THREAD
        person = self._cast.person(line["by"])
        self._cast.own(line["channel"], await person.open_thread(parent, line["name"], on, private=private))

    async def _used_command(self, line: Json) -> None:
        channel = await self._registered(line)
        values = {name: self._cast.value(value) for name, value in line["options"].items()}
        person = self._cast.person(line["by"])
        self._cast.invocations[line["interaction"]] = person.use_command(channel, line["name"], values)

    async def _used_menu(self, line: Json) -> None:
        target = line["target"]
        channel = await self._registered(line, USER_MENU if target in self._cast.people else MESSAGE_MENU)
        on = self._cast.person(target).user if target in self._cast.people else await self._cast.message(target)
        used = await self._cast.person(line["by"]).menu(on, line["name"], channel)
        self._cast.invocations[line["interaction"]] = used

    async def _completed(self, line: Json) -> None:
        channel = await self._registered(line)
        values = {name: self._cast.value(value) for name, value in line["options"].items()}
        person = self._cast.person(line["by"])
        await person.autocomplete(channel, line["name"], line["option"], line["partial"], **values)

    async def _registered(self, line: Json, type: int = CHAT_INPUT) -> Channel:
        channel = await self._cast.channel(line["channel"])
        known = self._playground.world.commands
        await self._cast.wait(lambda: known.find(line["name"], channel, type), f"the command {line['name']}")
        return channel

    async def _pressed(self, line: Json) -> None:
        message = await self._cast.message(line["message"])
        custom_id = await self._cast.wait(lambda: _button(message, line), f"the button {line['label']}")
        values = self._cast.value(line.get("values") or [])
        pressed = await self._cast.person(line["by"]).click(message, custom_id, *values)
        self._cast.invocations[line["interaction"]] = pressed

    async def _submitted(self, line: Json) -> None:
        if line["form"] not in self._cast.invocations:
            raise Missing("what opened the form was not done")
        form = await self._cast.invocations[line["form"]].form()
        known = deeds.fields(form.components)
        values = {_field(known, each): self._cast.value(each["value"]) for each in line["fields"]}
        self._cast.invocations[line["interaction"]] = await self._cast.person(line["by"]).submit(form, values)


DEEDS: dict[str, Deed] = {
    "said": Replay._said,
    "edited": Replay._edited,
    "deleted": Replay._deleted,
    "reacted": Replay._reacted,
    "unreacted": Replay._reacted,
    "typed": Replay._typed,
    "thread": Replay._opened_thread,
    "command": Replay._used_command,
    "menu": Replay._used_menu,
    "completed": Replay._completed,
    "pressed": Replay._pressed,
    "submitted": Replay._submitted,
}


def _settled(interaction: Interaction) -> bool:
    return interaction.failed or interaction.answered is not None


def _button(message: Message, line: Json) -> str | None:
    """Its custom id here: the recorded one, or else that of the button which looks and stands alike."""
    present = deeds.pressable(message.components)
    if components.find(present, line["custom_id"]):
        return str(line["custom_id"])
    alike = [part["custom_id"] for part in present if components.shown(part) == line["label"]]
    return alike[line["place"]] if line["place"] < len(alike) else None


def _field(known: list[deeds.Field], filled: Json) -> str:
    ids = [field.custom_id for field in known]
    alike = [field.custom_id for field in known if field.label == filled["label"]]
    if filled["custom_id"] not in ids and not alike:
        raise Missing(f"the form has no field {filled['label']}")
    return str(filled["custom_id"] if filled["custom_id"] in ids else alike[0])


def _named(line: Json) -> str:
    return " ".join(filter(None, (line["event"], line.get("name") or line.get("label"))))
