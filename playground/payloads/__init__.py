"""Entities as the JSON of Discord's API, version 10. Ids are strings, times ISO 8601 with an offset."""

from __future__ import annotations

from playground.payloads.interactions import interaction
from playground.payloads.messages import attachment, emoji, message
from playground.payloads.people import application, application_flags, bare_member, me, member, user
from playground.payloads.places import channel, guild, role, thread_member
from playground.payloads.times import time

__all__ = [
    "application",
    "application_flags",
    "attachment",
    "bare_member",
    "channel",
    "emoji",
    "guild",
    "interaction",
    "me",
    "member",
    "message",
    "role",
    "thread_member",
    "time",
    "user",
]
