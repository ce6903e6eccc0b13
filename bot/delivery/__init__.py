"""An answer as Discord messages: split into pages, shown as the rate limits allow, through discord.py."""
