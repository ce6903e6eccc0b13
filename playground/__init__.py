"""A Discord on this machine: REST, gateway, rate limits and people, for any unmodified bot."""
