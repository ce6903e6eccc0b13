"""Files of a message: shown once, in their place, and under a cover where they are spoilers."""

from __future__ import annotations

import struct
import zlib
from functools import partial

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from playground.entities import COMPONENTS_V2, Channel, Json
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
