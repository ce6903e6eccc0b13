"""Files of a message: shown once, in their place, and under a cover where they are spoilers."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime, timedelta
from functools import partial

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from playground.clock import SystemClock
from playground.entities import COMPONENTS_V2, Channel, Json, Message
from playground.posting import Draft, post
from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser


def _part(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int) -> bytes:
    rows = zlib.compress((b"\0" + b"\x20\x90\x60" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _part(b"IHDR", header) + _part(b"IDAT", rows) + _part(b"IEND", b"")


def posted(stage: Stage, channel: Channel, files: list[str], **draft: object) -> None:
    """By the bot; `attachment://` in it is answered as the API answers it."""

    async def do() -> None:
        world = stage.playground.world
        attachments = [world.attach(channel, name, png(160, 90)) for name in files]
        post(world, world.bot, channel, Draft(attachments=attachments, **draft))  # type: ignore[arg-type]

    stage.run(do())


def images(node: WebElement) -> list[WebElement]:
    return node.find_elements(By.CSS_SELECTOR, ".body img")


def test_a_file_that_an_embed_shows_stands_there_alone(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("embedded")
    card: Json = {
        "type": "rich",
        "title": "A card",
        "description": "Words beside a picture. " * 6,
        "thumbnail": {"url": "attachment://thumb.png"},
        "footer": {"text": "At the foot", "icon_url": "attachment://foot.png"},
        "author": {"name": "Somebody", "icon_url": "https://example.com/face.png"},
    }
    posted(stage, channel, ["thumb.png", "foot.png", "loose.png"], embeds=[card])
    screen.enter("Ada", "embedded")
    message = screen.message("A card")
    screen.wait(lambda: len(images(message)) == 3)
    assert len(message.find_elements(By.CSS_SELECTOR, ".body > .image")) == 1, "only what the embed does not show"
    thumbnail, words = (message.find_element(By.CSS_SELECTOR, each) for each in (".thumbnail img", ".embed .text"))
    assert thumbnail.rect["x"] >= words.rect["x"] + words.rect["width"]
    assert thumbnail.rect["y"] < words.rect["y"] + words.rect["height"]
    icon = message.find_element(By.CSS_SELECTOR, "small .emblem")
    assert icon.rect["width"] == icon.rect["height"] == 20
    screen.shoot("embed")


def test_of_a_layout_only_its_components_are_shown(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("layout")
    parts: list[Json] = [
        {"type": 10, "content": "A layout"},
        {"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]},
        {"type": 13, "file": {"url": "attachment://b.txt"}},
    ]
    posted(stage, channel, ["a.png", "b.txt", "loose.png"], components=parts, flags=COMPONENTS_V2)
    screen.enter("Ada", "layout")
    message = screen.message("A layout")
    screen.wait(lambda: len(images(message)) == 1)
    assert [each.text.split()[0] for each in message.find_elements(By.CLASS_NAME, "file")] == ["b.txt"]
    screen.shoot("layout")


def test_only_files_of_the_playground_are_shown_as_its_own(screen: Screen, stage: Stage) -> None:
    """Another program of this machine is another host; what the page itself is made of is no picture of a bot's."""
    channel = stage.channel("loopback-pictures")
    elsewhere = ["http://127.0.0.1:9/plot.png", "http://localhost:9/plot.png", f"{stage.url}/page/icon.svg"]
    items = [{"media": {"url": url}} for url in (*elsewhere, "attachment://own.png")]
    foot = {"text": "foot", "icon_url": elsewhere[2]}
    card: Json = {"type": "rich", "title": "A card", "image": {"url": elsewhere[0]}, "footer": foot}
    posted(stage, channel, [], embeds=[card])
    posted(stage, channel, ["own.png"], components=[{"type": 12, "items": items}], flags=COMPONENTS_V2)
    screen.enter("Ada", "loopback-pictures")
    screen.wait(lambda: len(screen.all("#log .body img")) == 1)
    assert "/attachments/" in str(screen.one("#log .body img").get_attribute("src"))
    links = [each.get_attribute("href") for each in screen.all("#log .body a")]
    assert links == [elsewhere[0], *elsewhere]


def test_in_a_layout_the_component_says_what_is_a_spoiler(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("unspoiled")
    names = ["SPOILER_a.png", "SPOILER_b.txt", "SPOILER_c.txt"]
    parts: list[Json] = [
        {"type": 12, "items": [{"media": {"url": f"attachment://{names[0]}"}}]},
        {"type": 13, "file": {"url": f"attachment://{names[1]}"}},
        {"type": 13, "file": {"url": f"attachment://{names[2]}"}, "spoiler": True},
    ]
    posted(stage, channel, names, components=parts, flags=COMPONENTS_V2)
    screen.enter("Ada", "unspoiled")
    screen.wait(lambda: len(screen.all("#log .body img")) == 1 and len(screen.all("#log .file")) == 2)
    [cover] = screen.all("#log .cover")
    cover.click()
    assert screen.all("#log .file")[1].text.startswith(names[2]) and not screen.all("#log [inert]")
    screen.shoot("unspoiled")


@pytest.mark.parametrize("kind", ["file", "gallery"])
def test_a_spoiler_is_covered_until_it_is_pressed(screen: Screen, stage: Stage, kind: str) -> None:
    channel = stage.channel(f"spoilers-{kind}")
    item = {"media": {"url": "attachment://end.png"}, "spoiler": True}
    if kind == "file":
        posted(stage, channel, ["SPOILER_end.png"], content="The end")
    else:
        parts = [{"type": 10, "content": "The end"}, {"type": 12, "items": [item]}]
        posted(stage, channel, ["end.png"], components=parts, flags=COMPONENTS_V2)
    screen.enter("Ada", channel.name)
    message = screen.message("The end")
    cover = screen.button("Spoiler", message)
    blurred = partial(message.find_elements, By.CSS_SELECTOR, ".covered > [inert] img")
    assert "blur" in blurred()[0].find_element(By.XPATH, "..").value_of_css_property("filter")
    assert cover.get_attribute("aria-expanded") == "false"
    screen.shoot(f"spoiler-{kind}")
    # By keyboard: from the line to the message, then to what can be pressed in it.
    screen.driver.execute_script("arguments[0].focus()", message)
    assert screen.press(Keys.TAB) == cover
    screen.press(Keys.ENTER)
    assert not blurred() and not cover.is_displayed()
    stage.run(stage.person("Ada").react(channel.messages[-1], "🎉"))
    screen.wait(lambda: message.find_elements(By.CLASS_NAME, "chip"))
    assert not blurred() and images(message)[0].is_displayed(), "an open one stays open when the message is drawn anew"


class Tomorrow(SystemClock):
    """A link of today is good for 24 hours."""

    def now(self) -> datetime:
        return super().now() + timedelta(hours=25)


def tell_tomorrow(stage: Stage, message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message anew, as its reactions are taken away."""
    world = stage.playground.world
    monkeypatch.setattr(world, "clock", Tomorrow())
    stage.bot("DELETE", f"/channels/{message.channel.id}/messages/{message.id}/reactions")


def searches(screen: Screen) -> list[str]:
    """What is signed of each link and picture of the playground's own files."""
    found: list[str] = screen.driver.execute_script(
        "return [...document.querySelectorAll('#log .body :is(a, img)')]"
        ".map((each) => each.getAttribute('href') ?? each.getAttribute('src'))"
    )
    assert found and all(each.startswith("/attachments/") for each in found)
    return [each.split("?")[1] for each in found]


@pytest.mark.parametrize("kind", ["loose", "embed", "layout"])
def test_what_is_kept_of_a_message_gets_the_links_told_last(
    screen: Screen, stage: Stage, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """They are good for a day; what a person did there stays."""
    channel = stage.channel(f"kept-links-{kind}")
    names = ["own.png", "SPOILER_b.png"]
    embeds = [{"type": "rich", "title": "A card", "image": {"url": "attachment://own.png"}}]
    gallery = {"type": 12, "items": [{"media": {"url": f"attachment://{name}"}, "spoiler": True} for name in names]}
    drafts: dict[str, dict[str, object]] = {
        "loose": {"content": "words"},
        "embed": {"embeds": embeds},
        "layout": {
            "components": [gallery, {"type": 13, "file": {"url": "attachment://c.txt"}}],
            "flags": COMPONENTS_V2,
        },
    }
    posted(stage, channel, [*names, "c.txt"], **drafts[kind])
    screen.enter("Ada", channel.name)
    screen.wait(lambda: len(screen.all("#log .body img")) == 2 and len(screen.all("#log .file")) == 1)
    screen.one("#log .cover").click()
    picture, file = screen.all("#log .body img")[0], screen.all("#log .file")[0]
    before, covered = searches(screen), len(screen.all("#log [inert]"))
    assert picture.is_displayed() and file.is_displayed()
    stage.run(stage.person("Ada").react(channel.messages[-1], "🎉"))
    screen.wait(lambda: screen.all("#log .chip"))
    tell_tomorrow(stage, channel.messages[-1], monkeypatch)
    screen.wait(lambda: not screen.all("#log .chip"))
    after = searches(screen)
    assert len(after) == len(before) and not set(after) & set(before)
    assert picture.is_displayed() and file.is_displayed() and len(screen.all("#log [inert]")) == covered


def test_what_comes_into_sight_later_has_the_link_told_last(
    screen: Screen, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, grace = stage.channel("out-of-sight"), stage.person("Grace")
    stage.run(grace.say(channel, "above", files=[("a.txt", b"in the file")]))
    stage.run(grace.react(channel.messages[0], "🎉"))
    for number in range(30):
        stage.run(grace.say(channel, f"line {number}\n" * 5))
    screen.enter("Ada", "out-of-sight")
    screen.message("line 29")
    assert "in the file" not in screen.one("#log").text
    tell_tomorrow(stage, channel.messages[0], monkeypatch)
    screen.wait(lambda: not screen.all("#log .chip"))
    screen.driver.execute_script("document.getElementById('log').scrollTop = 0")
    screen.wait(lambda: "in the file" in screen.one("#log").text)
