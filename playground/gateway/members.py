"""The members of a guild that a bot asks for, in chunks."""

from __future__ import annotations

from collections.abc import Iterator

from playground import payloads
from playground.entities import Guild, Json, Member

CHUNK = 1000
MOST = 100
"""Members of an answer to ids or to how a name begins."""
MAX_NONCE = 32
"""Bytes; longer ones are passed over."""


def chunks(guild: Guild, asked: Json) -> Iterator[Json]:
    """Dispatches that answer a request, one without members where there are none."""
    members, missing = _chosen(guild, asked)
    parts = [members[start : start + CHUNK] for start in range(0, len(members), CHUNK)] or [[]]
    for index, part in enumerate(parts):
        yield {
            "guild_id": str(guild.id),
            "members": [payloads.member(member) for member in part],
            "chunk_index": index,
            "chunk_count": len(parts),
            "not_found": missing,
            "presences": [],
            **_nonce(asked),
        }


def _chosen(guild: Guild, asked: Json) -> tuple[list[Member], list[str]]:
    """The members asked for, and the ids asked for that are none."""
    if "user_ids" in asked:
        return _by_id(guild, asked["user_ids"])
    if not asked["query"] and not asked["limit"]:
        return list(guild.members.values()), []
    begin = asked["query"].lower()
    found = [member for member in guild.members.values() if member.name.lower().startswith(begin)]
    return found[: min(asked["limit"] or MOST, MOST)], []


def _by_id(guild: Guild, ids: str | list[str]) -> tuple[list[Member], list[str]]:
    wanted = [int(id) for id in (ids if isinstance(ids, list) else [ids])][:MOST]
    found = [guild.members[id] for id in wanted if id in guild.members]
    return found, [str(id) for id in wanted if id not in guild.members]


def _nonce(asked: Json) -> Json:
    nonce = asked.get("nonce")
    fits = isinstance(nonce, str) and len(nonce.encode()) <= MAX_NONCE
    return {"nonce": nonce} if fits else {}
