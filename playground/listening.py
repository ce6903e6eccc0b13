"""The address that the playground is reached at."""

from __future__ import annotations

import argparse
import errno
import os

from aiohttp import web


class CannotListen(OSError):
    """The address cannot be had. The text names it and says why."""


async def listen(runner: web.AppRunner, host: str, port: int) -> int:
    """The port: the one given, or for 0 the one that the system chose. Raises CannotListen, the runner cleaned up."""
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise cannot_listen(host, port, error) from error
    chosen: int = runner.addresses[0][1]
    return chosen


def cannot_listen(host: str, port: int, error: OSError) -> CannotListen:
    if error.errno == errno.EADDRINUSE:
        return CannotListen(f"port {port} of {host} is taken; --port names another")
    # asyncio's own words repeat the address, and from 3.13 on it keeps to itself that none was this machine's.
    number = errno.EADDRNOTAVAIL if error.errno is None else error.errno
    reason = os.strerror(number) if number > 0 else str(error)
    return CannotListen(f"cannot listen on port {port} of {host}: {reason}")


def port_number(text: str) -> int:
    """Of an option; 0 is any free one."""
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError("must be from 0 to 65535")
    return number
