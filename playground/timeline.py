"""What can be seen of the bot's work from outside: when it was asked, gave a sign, typed, answered, edited.

A run begins with what a person does: a message, a command, a button. What the bot does next is laid to a run by what
it refers to: a reaction by its message, an answer by its interaction or by the message it replies to, an edit by the
message edited. What refers to nothing, a typing sign or the next page of an answer, belongs to the newest run of that
channel. Messages that the bot never reacts to remain candidates and are not shown.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from playground import events, permissions
from playground.entities import Channel, Interaction, Message, User
from playground.interactions import AUTOCOMPLETE
from playground.world import World

KEPT_RUNS = 200


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """Times in seconds since 1970; None: not seen."""

    id: int
    """Of the message or the interaction."""
    channel: Channel
    user: User
    text: str
    asked: float
    private: bool = False
    """Of an interaction: only `user` sees its answer, if that has come."""
    sign: float | None = None
    """The first reaction by the bot, or its promise of an answer."""
    typing: float | None = None
    shown: float | None = None
    edited: float | None = None
    """The last edit."""
    edits: int = 0
    failed: float | None = None
    """The bot let the interaction go unanswered."""
    answers: list[Message] = field(default_factory=list)

    @property
    def noticed(self) -> bool:
        return any(each is not None for each in (self.sign, self.typing, self.shown, self.edited, self.failed))


class Timeline:
    def __init__(self, world: World, *, kept: int = KEPT_RUNS) -> None:
        self._world = world
        self._runs: deque[Run] = deque(maxlen=kept)
        world.subscribe(self._happened)

    def seen_by(self, user: User) -> list[Run]:
        """Newest first: the person's own, and those of others who spoke where all could hear."""
        return [run for run in reversed(self._runs) if run.noticed and (run.user is user or _overheard(run, user))]

    def _happened(self, event: events.Event) -> None:
        now = self._world.clock.now().timestamp()
        match event:
            case events.MessageCreated(message):
                self._message(message, now)
            case events.MessageEdited(message) if message.author is self._world.bot:
                self._edit(message, now)
            case events.ReactionAdded(message, user) if user is self._world.bot:
                self._sign(self._by_id(message.id), now)
            case events.Typed(channel, user) if user is self._world.bot:
                self._type(channel, now)
            case events.InteractionCreated(interaction) if interaction.type != AUTOCOMPLETE:
                self._interaction(interaction, now)
            case events.InteractionFailed(interaction):
                run = self._by_id(interaction.id)
                if run is not None:
                    run.failed = now
            case _:
                return

    def _message(self, message: Message, now: float) -> None:
        if message.author is self._world.bot:
            self._answer(message, now)
        elif not message.author.bot:
            run = Run(id=message.id, channel=message.channel, user=message.author, text=message.content, asked=now)
            self._runs.append(run)

    def _interaction(self, interaction: Interaction, now: float) -> None:
        answers = [interaction.message] if interaction.message else []
        text = f"/{interaction.name}" if interaction.name else str(interaction.data.get("custom_id", ""))
        run = Run(
            id=interaction.id, channel=interaction.channel, user=interaction.user, text=text, asked=now, answers=answers
        )
        self._runs.append(run)

    def _answer(self, message: Message, now: float) -> None:
        run = self._run_of(message)
        if run is None:
            return
        run.answers.append(message)
        run.private = run.private or message.private
        if message.loading:
            self._sign(run, now)
        else:
            run.shown = run.shown or now

    def _edit(self, message: Message, now: float) -> None:
        run = next((run for run in reversed(self._runs) if message in run.answers), None)
        if run is None or message.loading:
            return
        if run.shown is None:
            run.shown = now
        else:
            run.edited, run.edits = now, run.edits + 1

    def _type(self, channel: Channel, now: float) -> None:
        run = self._newest(channel)
        if run is not None and run.shown is None:
            run.typing = run.typing or now

    @staticmethod
    def _sign(run: Run | None, now: float) -> None:
        if run is not None:
            run.sign = run.sign or now

    def _run_of(self, message: Message) -> Run | None:
        if message.interaction is not None:
            return self._by_id(message.interaction.id)
        if message.reference is not None:
            answered = message.reference.message_id
            asked = self._by_id(answered)
            return asked or next((r for r in reversed(self._runs) if any(a.id == answered for a in r.answers)), None)
        return self._newest(message.channel)

    def _by_id(self, id: int) -> Run | None:
        return next((run for run in reversed(self._runs) if run.id == id), None)

    def _newest(self, channel: Channel) -> Run | None:
        """One that waits for its answer after a sign goes before one that only might be a question."""
        here = [run for run in reversed(self._runs) if run.channel is channel]
        waiting = (run for run in here if run.sign is not None and run.shown is None)
        return next(waiting, here[0] if here else None)


def _overheard(run: Run, user: User) -> bool:
    """What nobody answered was a command or a button, which others do not see used."""
    heard = run.sign is not None or bool(run.answers)
    return heard and not run.private and permissions.allows(user, run.channel, permissions.VIEW_CHANNEL)
