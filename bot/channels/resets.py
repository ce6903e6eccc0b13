"""Reset: the conversation starts anew, and everything said so far is out of the model's sight.

The persona that the channel had chosen goes with it. What was said is hidden at once and deleted for good when it can
no longer be brought back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.channels.personas import Personas
from bot.channels.preferences import Preferences
from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.conversation import Place
from bot.domain.run import Run, RunStatus
from bot.domain.settings import PERSONA, PERSONA_USE, Permission, Scope
from bot.storage import Storage, Work

UNDO_PERIOD = timedelta(hours=24)
"""How long a reset can be undone; then its turns are deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    reset_id: int
    turns: int
    """Answered ones that are out of sight now."""
    persona_left: bool
    """The channel had chosen a persona, and is back to the default one."""
    running: tuple[int, ...]
    """Runs to stop."""
    dropped: tuple[Run, ...]
    """Questions that waited for an answer and will get none."""
    unanswered: tuple[int, ...]
    """The messages of `dropped`: their signs have to go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    turns: int
    persona_back: bool
    """The channel uses again the persona that it had chosen."""
    lost: bool = False
    """What the reset stopped or dropped stays unanswered."""


@dataclass(frozen=True, slots=True)
class TooLate:
    """Undone already, or deleted for good."""


class Resets:
    def __init__(self, storage: Storage, clock: Clock, preferences: Preferences, personas: Personas) -> None:
        self._storage = storage
        self._clock = clock
        self._preferences = preferences
        self._personas = personas

    async def reset(self, place: Place, actor: Actor) -> Forgotten:
        """Raises PermissionMissing."""
        actor.require(Permission.MANAGE_MESSAGES)
        now = self._clock.now()
        async with self._storage.write() as work:
            await work.conversations.ensure(place, now)
            dropped = await _waiting(work, place.channel_id)
            unanswered = await _messages(work, dropped)
            persona = await self._take_persona(work, place, actor)
            reset = await work.conversations.reset(place.channel_id, actor.user_id, now, persona=persona)
            details = {"reset": reset.reset_id, "turns": reset.turns, "persona": persona}
            await self._audit(work, place, actor, "reset", details)
        return Forgotten(
            reset_id=reset.reset_id,
            turns=reset.turns,
            persona_left=persona is not None,
            running=reset.running,
            dropped=dropped,
            unanswered=unanswered,
        )

    async def _take_persona(self, work: Work, place: Place, actor: Actor) -> str | None:
        """The ref of what the channel had chosen; it stays with one who may not change it."""
        managers = (await self._preferences.resolved(work, PERSONA_USE, place)).value == "managers"
        if managers and Permission.MANAGE_CHANNELS not in actor.permissions:
            return None
        return await work.settings.put(Scope.CHANNEL, place.channel_id, PERSONA.key, None)

    async def undo(self, reset_id: int, place: Place, actor: Actor) -> Undone | TooLate:
        """A persona that was chosen since the reset stays. Raises PermissionMissing."""
        actor.require(Permission.MANAGE_MESSAGES)
        async with self._storage.write() as work:
            restored = await work.conversations.undo_reset(reset_id, place.channel_id, self._clock.now())
            if restored is None:
                return TooLate()
            back = await self._return_persona(work, place, actor, restored.persona)
            details = {"reset": reset_id, "turns": restored.turns, "persona": back}
            await self._audit(work, place, actor, "reset.undo", details)
        return Undone(turns=restored.turns, persona_back=back is not None, lost=restored.lost)

    async def _return_persona(self, work: Work, place: Place, actor: Actor, ref: str | None) -> str | None:
        """None where there is none to return: another was chosen meanwhile, or it is deleted."""
        chosen = await work.settings.values(Scope.CHANNEL, place.channel_id)
        if ref is None or PERSONA.key in chosen or not await self._personas.exists(work, place, actor.user_id, ref):
            return None
        await work.settings.put(Scope.CHANNEL, place.channel_id, PERSONA.key, ref)
        return ref

    async def purge(self) -> int:
        """Deletes what can no longer be brought back; returns the number of turns."""
        async with self._storage.write() as work:
            return await work.conversations.purge_resets(self._clock.now() - UNDO_PERIOD)

    async def _audit(self, work: Work, place: Place, actor: Actor, action: str, details: Mapping[str, object]) -> None:
        await work.audit.add(
            at=self._clock.now(),
            guild_id=place.guild_id,
            channel_id=place.channel_id,
            actor_id=actor.user_id,
            action=action,
            details=details,
        )


async def _waiting(work: Work, channel_id: int) -> tuple[Run, ...]:
    return tuple(run for run in await work.runs.unended(channel_id) if run.status is RunStatus.QUEUED)


async def _messages(work: Work, dropped: Sequence[Run]) -> tuple[int, ...]:
    said = [item for run in dropped for item in await work.conversations.questions(run.run_id)]
    return tuple(message_id for item in said for message_id in item.message_ids)
