"""The face: Discord's events in, replies out. One cog a feature; the thinking is done in `bot`."""
