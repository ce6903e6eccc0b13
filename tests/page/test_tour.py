"""`make demo` as somebody meets it: the page, the unchanged bot and a model, from the first question to the reset.

With the real local model where it can run, else with the script; what was remembered is read from what the model was
sent, not from what it says.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome, Keys

from playground.program import ROOT
from tests.page.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ANSWER_SECONDS = 90.0
"""A local model on a busy machine may think for a while."""


class Demo:
    """`python -m playground.demo` as its own process."""

    def __init__(self, directory: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "DISCORD"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "playground.demo", "--no-browser", "--port", "0", "--directory", str(directory)],
            cwd=ROOT,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""

    def opened(self) -> str:
        """Its address."""
        assert self.process.stdout is not None
        while "Ctrl-C" not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        found = re.search(r"Open {2}(\S+)", self.said)
        assert found, self.said
        return found[1]

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One demo for all: each test has a channel to itself."""
    demo = Demo(tmp_path_factory.mktemp("demo"))
    try:
        yield demo.opened()
        assert demo.end() == 0
    finally:
        demo.process.kill()
        demo.process.wait()
        assert demo.process.stdout is not None
        demo.process.stdout.close()


@pytest.fixture
def screen(browser: Chrome, url: str) -> Iterator[Screen]:
    yield Screen(browser, url)
    # The page would go on asking for a demo that has ended, and say so in the next test's console.
    browser.get("about:blank")
    browser.get_log("browser")  # type: ignore[no-untyped-call]


def calls(url: str) -> list[dict[str, Any]]:
    """What the model was sent, oldest call first."""
    found: list[dict[str, Any]] = asked(f"{url}/playground/api/model/calls")["calls"]
    return found


def asked(address: str, *, post: bool = False) -> Any:
    request = urllib.request.Request(address, method="POST" if post else "GET")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def sent(url: str, question: str) -> str:
    """Everything that the model was sent with the question, instructions first."""
    call = next(call for call in reversed(calls(url)) if question in str(call["messages"][-1]["content"]))
    return "\n".join(str(message["content"]) for message in call["messages"])


def answered(screen: Screen, url: str, number: int) -> None:
    """Waits until call `number` has ended and its answer stands whole in the channel."""

    def whole() -> bool:
        ended = [call for call in calls(url) if call["state"] == "done"]
        if len(ended) < number:
            return False
        words = [word for word in re.findall(r"\w+", ended[number - 1]["answer"]) if word]
        return bool(words) and words[-1] in screen.one("#log").text

    try:
        screen.wait(whole, ANSWER_SECONDS)
    except TimeoutException:
        known = [(call["state"], call["answer"][-200:]) for call in calls(url)]
        pytest.fail(f"no whole answer {number}: {known}\n{screen.one('#log').text[-1000:]}")


def growing(screen: Screen) -> list[str]:
    """The texts that the bot's newest message had, one after the other, over six seconds from its first on."""
    newest = """return [...document.querySelectorAll('.message')].map((each) => each.innerText)
        .filter((text) => text.includes('Causerie\\n') || text.includes('BOT')).at(-1) ?? ''"""
    screen.wait(lambda: screen.driver.execute_script(newest) or None, ANSWER_SECONDS)
    seen: list[str] = []
    for _ in range(60):
        text = screen.driver.execute_script(newest)
        if not seen or seen[-1] != text:
            seen.append(text)
        screen.driver.execute_async_script("setTimeout(arguments[0], 100)")
    return seen


def test_a_question_a_persona_a_crash_and_a_reset(screen: Screen, url: str) -> None:
    screen.enter("Ada", "general")
    screen.shoot("tour-1-empty")
    screen.send("@Causerie Tell me a long story about a king and a river.")
    texts = growing(screen)
    # It may grow between two looks; the page then says that it was edited.
    assert len(texts) >= 2 or "(edited)" in texts[-1], "the answer did not grow"
    answered(screen, url, 1)
    screen.shoot("tour-2-answer")

    screen.become("Grace")
    screen.go("general")
    screen.send("/persona use Tutor ")
    screen.message("changed the persona of this channel to Tutor")
    screen.shoot("tour-3-persona")

    asked(f"{url}/playground/api/bot/kill", post=True)
    assert not asked(f"{url}/playground/api/state")["bot"]["online"]
    asked(f"{url}/playground/api/bot/restart", post=True)
    screen.wait(lambda: asked(f"{url}/playground/api/state")["bot"]["online"] or None, 30)

    screen.send("@Causerie And what was the name of the king?")
    answered(screen, url, 2)
    remembered = sent(url, "the name of the king")
    assert "You are a patient tutor" in remembered
    assert "a long story about a king and a river" in remembered
    screen.shoot("tour-4-follow-up")

    screen.send("/reset ")
    screen.message("reset this conversation")
    screen.message("I am Companion again")
    screen.send("@Causerie Who are you?")
    answered(screen, url, 3)
    fresh = sent(url, "Who are you?")
    assert "a long story" not in fresh and "the name of the king" not in fresh
    assert "You are a patient tutor" not in fresh
    screen.shoot("tour-5-after-reset")


def test_a_korean_member_finds_commands_in_korean(screen: Screen, url: str) -> None:
    screen.enter("민준", "korean-한국어")
    screen.type("/")
    screen.wait(lambda: len(screen.choices()) > 3 or None)
    screen.shoot("tour-6-korean-picker")
    screen.line.send_keys(Keys.ESCAPE)
    screen.line.clear()
    screen.send("/help ")
    screen.message("멘션", ".private")
    screen.shoot("tour-7-korean-help")


def test_a_setting_suggests_its_values(screen: Screen) -> None:
    screen.enter("Grace", "mods")
    screen.type("/settings set setting:What I answer value:")
    screen.offered("every message")
    screen.type("every")
    screen.wait(lambda: screen.choices() == ["every message"] or None)
    screen.type(Keys.ENTER)
    screen.wait(lambda: str(screen.line.get_attribute("value")).endswith("value:every message ") or None)
    screen.type(Keys.ENTER)
    screen.message("What I answer is now every message", ".private")
