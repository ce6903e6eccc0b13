"""Who asks for a change, and what Discord lets them do in the channel where they ask."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.settings import Permission
from bot.errors import PermissionMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    user_id: int
    name: str
    permissions: frozenset[Permission] = frozenset()
    guild_permissions: frozenset[Permission] | None = None
    """What their roles allow in the whole guild, whatever a channel adds; None where that is the same."""

    def require(self, permission: Permission) -> None:
        """Raises PermissionMissing."""
        if permission not in self.permissions:
            raise PermissionMissing(permission)

    def require_everywhere(self, permission: Permission) -> None:
        """For what is the whole guild's. Raises PermissionMissing."""
        held = self.permissions if self.guild_permissions is None else self.guild_permissions
        if permission not in held:
            raise PermissionMissing(permission)


EVERYTHING = frozenset(Permission)
"""What a person may do in their own DM with the bot."""
