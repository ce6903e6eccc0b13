"""Where conversations are kept: SQLite, or PostgreSQL by changing one URL."""

from bot.storage.audit import Entry
from bot.storage.conversations import Reset
from bot.storage.migration import HEAD, found, upgrade
from bot.storage.storage import Conflict, Storage, Work, open_storage

__all__ = ["HEAD", "Conflict", "Entry", "Reset", "Storage", "Work", "found", "open_storage", "upgrade"]
