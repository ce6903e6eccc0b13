"""What can be seen of the bot's work from outside: when it was asked, gave a sign, typed, answered, edited.

A run begins with what a person does: a message, a command, a button. What the bot does next is laid to a run by what
it refers to: a reaction by its message, an answer by its interaction or by the message it replies to, an edit by the
message edited. What refers to nothing, a typing sign or the next page of an answer, belongs to the newest run of that
channel. Messages that the bot never reacts to remain candidates and are not shown. A refused call is laid to the run
of the message or interaction in its path, else to the newest run of its channel.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from playground import components, events, permissions
from playground.entities import Channel, Interaction, Json, Message, User
from playground.interactions import AUTOCOMPLETE, COMPONENT, FORM, MODAL_SUBMIT, PROMISE_CHANGE
from playground.recording.deeds import leaves
from playground.world import World

KEPT_RUNS = 200
KEPT_ANSWERS, KEPT_REFUSALS = 50, 20
"""Of one run; the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    at: float
    """Seconds since 1970."""
    call: str
    status: int | None
    """None: the connection broke."""
    faulted: bool


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """Times in seconds since 1970; None: not seen."""

    id: int
    """Of the message or the interaction."""
    channel: Channel
    user: User
    text: str
    """What was said; of a button or select its label, with what was chosen; of a form its title."""
    asked: float
    kind: str = "message"
    """Or `command`, `component`, `form`."""
    private: bool = False
    """Of an interaction: only `user` sees its answer, if that has come."""
    sign: float | None = None
    """The first reaction by the bot, or its promise of an answer."""
    form: float | None = None
    """A form was opened, which only `user` sees."""
    typing: float | None = None
    shown: float | None = None
    edited: float | None = None
    """The last edit."""
    edits: int = 0
    failed: float | None = None
    """The bot let the interaction go unanswered."""
    answers: deque[Message] = field(default_factory=lambda: deque(maxlen=KEPT_ANSWERS))
    refused: deque[Refusal] = field(default_factory=lambda: deque(maxlen=KEPT_REFUSALS))

    @property
    def noticed(self) -> bool:
        return self.heard or bool(self.refused) or any((self.typing, self.form, self.failed))

    @property
    def heard(self) -> bool:
        """All who can read there saw something of it."""
        return any((self.sign, self.shown, self.edited))


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
            case events.InteractionAnswered(interaction):
                self._answered(interaction, now)
            case events.CallRefused():
                self._refused(event, now)
            case _:
                return

    def _message(self, message: Message, now: float) -> None:
        if message.author is self._world.bot:
            self._answer(message, now)
        elif not message.author.bot:
            run = Run(id=message.id, channel=message.channel, user=message.author, text=message.content, asked=now)
            self._runs.append(run)

    def _interaction(self, interaction: Interaction, now: float) -> None:
        kind, text = _asked(interaction)
        run = Run(
            id=interaction.id, channel=interaction.channel, user=interaction.user, text=text, asked=now, kind=kind
        )
        if interaction.message is not None:
            run.answers.append(interaction.message)
        self._runs.append(run)

    def _answered(self, interaction: Interaction, now: float) -> None:
        run = self._by_id(interaction.id)
        if run is not None and interaction.answered == FORM:
            run.form = now
        elif interaction.answered == PROMISE_CHANGE:
            self._sign(run, now)

    def _refused(self, refused: events.CallRefused, now: float) -> None:
        run = self._concerned(refused)
        if run is not None:
            about = Refusal(at=now, call=refused.call, status=refused.status, faulted=refused.faulted)
            run.refused.append(about)

    def _concerned(self, refused: events.CallRefused) -> Run | None:
        interaction = self._world.interactions_by_token.get(refused.token or "")
        if interaction is not None:
            return self._by_id(interaction.id)
        if refused.message_id is not None:
            return self._by_id(refused.message_id) or self._answering(refused.message_id)
        channel = self._world.channels.get(refused.channel_id or 0)
        return self._newest(channel) if channel else None

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
            return self._by_id(answered) or self._answering(answered)
        return self._newest(message.channel)

    def _answering(self, message_id: int) -> Run | None:
        """The newest run with this answer."""
        return next((run for run in reversed(self._runs) if any(a.id == message_id for a in run.answers)), None)

    def _by_id(self, id: int) -> Run | None:
        return next((run for run in reversed(self._runs) if run.id == id), None)

    def _newest(self, channel: Channel) -> Run | None:
        """One that waits for its answer after a sign goes before one that only might be a question."""
        here = [run for run in reversed(self._runs) if run.channel is channel]
        waiting = (run for run in here if run.sign is not None and run.shown is None)
        return next(waiting, here[0] if here else None)


def _overheard(run: Run, user: User) -> bool:
    """What nobody answered was a command or a button, which others do not see used."""
    return run.heard and not run.private and permissions.allows(user, run.channel, permissions.VIEW_CHANNEL)


def _asked(interaction: Interaction) -> tuple[str, str]:
    """Kind and text of a run, as the person saw what they used."""
    if interaction.type == MODAL_SUBMIT:
        opened = interaction.opened_by.modal if interaction.opened_by else None
        return "form", opened.title if opened else ""
    if interaction.type == COMPONENT:
        return "component", _pressed(interaction)
    if "target_id" in interaction.data:
        return "command", interaction.name
    given = (f"{option['name']}:{_named(option['value'], interaction.data)}" for option in leaves(interaction.data))
    return "command", " ".join((f"/{interaction.name}", *given))


def _pressed(interaction: Interaction) -> str:
    custom_id = str(interaction.data["custom_id"])
    part = components.find(interaction.message.components, custom_id) if interaction.message else None
    if part is None:
        return custom_id
    chosen = ", ".join(_chosen(part, value, interaction.data) for value in interaction.data.get("values") or ())
    return f"{components.shown(part)}: {chosen}" if chosen else components.shown(part)


def _chosen(part: Json, value: str, data: Json) -> str:
    for option in part.get("options") or ():
        if option["value"] == value:
            return str(option["label"])
    return _named(value, data)


def _named(value: object, data: Json) -> str:
    """The name of the person, role, channel or file that the value is the id of; else the value."""
    for known in data.get("resolved", {}).values():
        about = known.get(value)
        if about:
            names = (about.get(key) for key in ("global_name", "name", "filename", "username"))
            return str(next(filter(None, names), value))
    return str(value)
