"""Version 10 of Discord's gateway."""
