"""The life of an interaction: created by a person, answered once within 3 s, followed up for 15 minutes.

    created ──answer within 3 s──▶ answered ──15 minutes──▶ expired
       └────────3 s───────▶ failed

A first answer is a message, a promise of one ("thinking"), a change of the message whose button was pressed, a promise
of such a change, a list of choices, or a form. After its 15 minutes an interaction is forgotten; its token, which is
signed, is still told from one that never was. A promised message exists at once, marked as loading; whether it is
private is settled then. The first follow-up fulfils the promise instead of making another message.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
from datetime import timedelta

from playground import components, errors, events, posting
from playground.entities import (
    EPHEMERAL,
    MESSAGE_COMMAND,
    MESSAGE_DEFAULT,
    MESSAGE_MENU,
    Channel,
    Interaction,
    Json,
    Message,
    Modal,
    User,
)
from playground.posting import Draft
from playground.world import World

ANSWER_SECONDS = 3.0
TOKEN_LIFE = timedelta(minutes=15)

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
ANSWER, PROMISE, PROMISE_CHANGE, CHANGE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
_SIGNATURE_LETTERS = 16


class Interactions:
    def __init__(self, world: World, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._world = world
        self._answer_seconds = answer_seconds
        self._deadlines: dict[int, asyncio.Task[None]] = {}

    def open(
        self,
        type: int,
        user: User,
        channel: Channel,
        data: Json,
        *,
        name: str = "",
        message: Message | None = None,
        opened_by: Interaction | None = None,
    ) -> Interaction:
        """Tells the bot, and counts from now. Needs a running loop."""
        self._forget_expired()
        id = self._world.snowflakes.next()
        interaction = Interaction(
            id=id,
            token=self._token(id),
            type=type,
            user=user,
            channel=channel,
            data=data,
            created_at=self._world.clock.now(),
            created_elapsed=self._world.clock.monotonic(),
            name=name,
            message=message,
            opened_by=opened_by,
        )
        self._world.interactions[interaction.id] = interaction
        self._world.interactions_by_token[interaction.token] = interaction
        self._deadlines[interaction.id] = asyncio.create_task(self._expire(interaction))
        self._world.emit(events.InteractionCreated(interaction))
        return interaction

    def answer(self, interaction: Interaction, type: int, data: Json, draft: Draft) -> Message | None:
        """The message made or changed, if any. Raises ApiError; a refused answer leaves the interaction open."""
        self._require_open(interaction)
        self._require_place(interaction)
        message = self._answered(interaction, type, data, draft)
        interaction.answered = type
        deadline = self._deadlines.pop(interaction.id, None)
        if deadline is not None:
            deadline.cancel()
        self._world.emit(events.InteractionAnswered(interaction))
        if interaction.modal is not None:
            self._world.emit(events.ModalOpened(interaction.modal))
        return message

    def with_token(self, token: str) -> Interaction:
        """Raises ApiError unless it was answered and its token still holds."""
        interaction = self._world.interactions_by_token.get(token)
        if interaction is None:
            raise errors.invalid_webhook_token() if self._signed(token) else errors.unknown_webhook()
        if self._expired(interaction):
            raise errors.invalid_webhook_token()
        if interaction.answered is None:
            raise errors.unknown_webhook()
        self._require_place(interaction)
        return interaction

    def promised(self, interaction: Interaction) -> Message | None:
        """The message that a follow-up fulfils."""
        original = interaction.original
        return original if original is not None and original.loading and original.deleted_at is None else None

    def follow_up(self, interaction: Interaction, draft: Draft) -> Message:
        promised = self.promised(interaction)
        if promised is not None:
            return self.edit(interaction, promised, draft)
        message = posting.respond(self._world, interaction, draft, _answer_type(interaction))
        interaction.followups.append(message)
        return message

    def edit(self, interaction: Interaction, message: Message, draft: Draft) -> Message:
        posting.edit(self._world, self._world.bot, message, draft)
        return message

    def delete(self, message: Message) -> None:
        self._world.delete_message(message)

    def message(self, interaction: Interaction, id: int | None) -> Message:
        """The first answer for None. Raises ApiError where it is not this interaction's, or is gone."""
        known = [interaction.original] if id is None else [interaction.original, *interaction.followups]
        for message in known:
            if message is not None and id in (None, message.id) and message.deleted_at is None:
                return message
        raise errors.unknown_message()

    async def close(self) -> None:
        deadlines = list(self._deadlines.values())
        for deadline in deadlines:
            deadline.cancel()
        await asyncio.gather(*deadlines, return_exceptions=True)

    def _expired(self, interaction: Interaction) -> bool:
        return self._world.clock.now() - interaction.created_at > TOKEN_LIFE

    def _forget_expired(self) -> None:
        for interaction in list(self._world.interactions.values()):
            if not self._expired(interaction):
                break
            del self._world.interactions[interaction.id]
            del self._world.interactions_by_token[interaction.token]

    def _token(self, id: int) -> str:
        text = base64.urlsafe_b64encode(f"interaction:{id}:{secrets.token_urlsafe(48)}".encode()).decode().rstrip("=")
        return text + self._signature(text)

    def _signed(self, token: str) -> bool:
        text, signature = token[:-_SIGNATURE_LETTERS], token[-_SIGNATURE_LETTERS:]
        return hmac.compare_digest(self._signature(text).encode(), signature.encode(errors="replace"))

    def _signature(self, text: str) -> str:
        return hmac.new(self._world.cdn_key, text.encode(errors="replace"), "sha256").hexdigest()[:_SIGNATURE_LETTERS]

    def _require_open(self, interaction: Interaction) -> None:
        if interaction.answered is not None:
            raise errors.already_acknowledged()
        waited = self._world.clock.monotonic() - interaction.created_elapsed
        if interaction.failed or waited > self._answer_seconds:
            raise errors.unknown_interaction()

    def _require_place(self, interaction: Interaction) -> None:
        if interaction.channel.id not in self._world.channels:
            raise errors.unknown_channel()

    def _answered(self, interaction: Interaction, type: int, data: Json, draft: Draft) -> Message | None:
        if type not in _fitting(interaction):
            message = f"Interaction callback type {type} does not fit this interaction."
            raise errors.InvalidForm({"type": ("INTERACTION_CALLBACK_TYPE_INVALID", message)})
        match type:
            case 4 | 5:
                loading = type == PROMISE
                kind = _answer_type(interaction)
                interaction.original = posting.respond(self._world, interaction, draft, kind, loading=loading)
                return interaction.original
            case 7:
                interaction.original = self._changed(interaction, draft)
                return interaction.original
            case 6:
                interaction.original = interaction.message
            case 8:
                interaction.choices = data.get("choices") or []
            case 9:
                interaction.modal = _modal(interaction, data)
        return None

    def _changed(self, interaction: Interaction, draft: Draft) -> Message:
        if interaction.message is None or interaction.message.deleted_at is not None:
            raise errors.unknown_message()
        return self.edit(interaction, interaction.message, draft)

    async def _expire(self, interaction: Interaction) -> None:
        await self._world.clock.sleep(self._answer_seconds)
        del self._deadlines[interaction.id]
        interaction.failed = True
        self._world.emit(events.InteractionFailed(interaction))


def private(interaction: Interaction) -> bool:
    return interaction.original is not None and bool(interaction.original.flags & EPHEMERAL)


def _fitting(interaction: Interaction) -> tuple[int, ...]:
    if interaction.type == AUTOCOMPLETE:
        return (CHOICES,)
    changing = (PROMISE_CHANGE, CHANGE) if interaction.message is not None else ()
    form = () if interaction.type == MODAL_SUBMIT else (FORM,)
    return (ANSWER, PROMISE, *changing, *form)


def _answer_type(interaction: Interaction) -> int:
    if interaction.type != COMMAND:
        return MESSAGE_DEFAULT
    return MESSAGE_COMMAND if interaction.data.get("type", 1) == 1 else MESSAGE_MENU


def _modal(interaction: Interaction, data: Json) -> Modal:
    return Modal(
        interaction=interaction,
        user=interaction.user,
        custom_id=data["custom_id"],
        title=data["title"],
        components=components.stored(data["components"]),
    )
