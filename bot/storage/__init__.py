"""Where conversations are kept: SQLite, or PostgreSQL by changing one URL."""

from bot.storage.audit import Entry
from bot.storage.conversations import Reset
from bot.storage.migration import upgrade
from bot.storage.storage import Conflict, Storage, Work, open_storage

__all__ = ["Conflict", "Entry", "Reset", "Storage", "Work", "open_storage", "upgrade"]
