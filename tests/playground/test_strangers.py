"""Pages from elsewhere, open in a browser on this machine: nothing here is done for them, or told to them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from playground import page
from playground.server import Playground, default_world
from tests.playground.client import Client

FROM_ELSEWHERE = (
    {"Origin": "http://elsewhere.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Host": "elsewhere.example"},
    {"Host": "127.0.0.1.elsewhere.example"},
    {"Host": "localhost.elsewhere.example:80"},
)
ASKED = (
    *(("GET", path) for path in ("/state", "/recording", "/transcript", "/limits", "/faults", "/bot", "/model/calls")),
    *(("POST", path) for path in ("/faults", "/gateway", "/people", "/guilds", "/components", "/modals")),
    *(("POST", path) for path in ("/bot/kill", "/bot/restart")),
    ("DELETE", "/faults"),
    ("PUT", "/limits/typing"),
)


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    async with Playground(mounts=[page.routes]) as playground:
        default_world(playground)
        yield playground


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
async def test_nothing_is_done_for_a_page_from_elsewhere(client: Client, headers: dict[str, str]) -> None:
    for method, path in ASKED:
        assert (await client.people(method, path, {}, headers=headers)).status == 403, (method, path)


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
async def test_nothing_is_told_to_a_page_from_elsewhere(playground: Playground, headers: dict[str, str]) -> None:
    person = next(user.id for user in playground.world.users.values() if not user.bot)
    address = f"{playground.url}/playground/api/events?user_id={person}"
    async with aiohttp.ClientSession(headers=headers) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(address)


async def test_what_a_form_can_send_without_asking_is_not_taken(client: Client, playground: Playground) -> None:
    url = f"{playground.url}/playground/api/people"
    for type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await client.fetch("POST", url, data=b'{"name": "Mallory"}', headers={"Content-Type": type})
        assert answer.status == 400 and "Mallory" not in [user.name for user in playground.world.users.values()]


async def test_the_page_takes_nothing_from_elsewhere_and_lets_nobody_frame_it(
    client: Client, playground: Playground
) -> None:
    for path in ("/", "/page/app.js", "/page/style.css", "/page/icon.svg"):
        headers = (await client.fetch("GET", f"{playground.url}{path}")).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/page/%2e%2e%2fserver.py", "/page/routes.py"):
        assert (await client.fetch("GET", f"{playground.url}{path}")).status == 404
