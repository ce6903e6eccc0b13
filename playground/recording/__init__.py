"""A session written down: what people did, what the bot did in answer, and what the API refused it.

A recording is JSON Lines: a header, then one event a line in the order in which things happened, each with `at`,
seconds since the playground was made. Nobody's ids stand in it, since another world has others: each person, server,
role, channel, message and interaction has a name (`u1`, `g1`, `r1`, `c1`, `m1`, `i1`; the bot is `bot`) that the line
introduces in which it first occurs. People, servers and channels are such lines too, so that a recording holds the
world it needs, whenever that was made. docs/playground.md has the table of the events.
"""
