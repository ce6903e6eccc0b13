"""The documents, the image and the examples against the code they speak of."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import discord
import pytest
from discord import app_commands
from discord.ext import commands
from typer.main import get_command

from bot import __version__, cli, config, errors
from bot.channels.resets import UNDO_PERIOD
from bot.client import EXTENSIONS, Causerie
from bot.delivery.calls import Calls
from bot.domain.conversation import MAX_FILE_BYTES, MAX_WAITING
from bot.domain.persona import MOST, ReasoningEffort
from bot.domain.run import RunStatus
from bot.domain.settings import REGISTRY
from bot.runs.inbox import MAX_QUOTE_TOKENS

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")))
FOREIGN = re.compile(
    "|".join(("pypi" + r"\.org", "python" + "hosted", "npm" + "js", "/wor" + "k/", "/tmp/bash" + "_jobs"))
)
"""Hosts of package registries, and paths of the machines on which the project is worked on."""


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def tracked() -> list[Path]:
    """Files that are in the tree or about to be; skips where this is no checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not in a checkout")
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def first_cells(path: str, heading: str) -> set[str]:
    """Of the rows of the first table below a heading, what stands in code quotes or bare in the first column."""
    section = text(path).split(heading, 1)[1]
    table = re.search(r"^\|.*?(?=\n\n|\Z)", section, re.MULTILINE | re.DOTALL)
    assert table is not None
    cells = [row.split("|")[1].strip() for row in table[0].splitlines()[2:]]
    return {quoted[1] if (quoted := re.match(r"`([^`]+)`", cell)) else cell for cell in cells}


def generated_table() -> str:
    found = re.search(
        r"<!-- settings: begin -->\n(.*?)<!-- settings: end -->", text("docs/configuration.md"), re.DOTALL
    )
    assert found is not None
    return found[1]


def test_env_example_is_what_the_settings_give() -> None:
    assert text(".env.example") == config.example(), "run `make env`"


def test_the_table_of_variables_is_what_the_settings_give() -> None:
    assert generated_table() == config.table(), "put the output of `python -m bot.config --table` between the markers"


def test_the_table_names_every_variable_with_its_limits() -> None:
    rows = {row.split("`")[1]: row for row in config.table().splitlines()[2:]}
    assert list(rows) == list(config.names())
    assert "| `16000` | 1,000 to 1,000,000 |" in rows["CAUSERIE_WINDOW_TOKENS"]
    assert "| required |" in rows["DISCORD_TOKEN"]


def test_variables_that_the_documents_name_exist() -> None:
    named = {name for path in DOCUMENTS for name in re.findall(r"\bCAUSERIE_[A-Z_]+\b", text(path))}
    assert named
    assert named <= set(config.names())


def test_env_example_starts_the_bot_once_its_gaps_are_filled(tmp_path: Path) -> None:
    filled = re.sub(r"^(\w+)=$", r"\1=value", text(".env.example"), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(filled, encoding="utf-8")
    assert config.load({}, tmp_path / ".env").openai_api_key is not None


def exit_statuses(error: type[errors.StartupError] = errors.StartupError) -> Iterator[tuple[str, int]]:
    for kind in error.__subclasses__():
        yield kind.__name__, kind.exit_status
        yield from exit_statuses(kind)


def test_exit_statuses_are_documented() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", text("docs/operating.md"), re.MULTILINE)
    assert {(name, int(status)) for status, name in rows} == set(exit_statuses())


def test_events_of_the_log_are_documented() -> None:
    sources = [path.read_text(encoding="utf-8") for name in ("bot", "cogs") for path in (ROOT / name).rglob("*.py")]
    logged = {event for source in sources for event in re.findall(r"\blog\.\w+\(\s*\"(\w+)\"", source)}
    table = text("docs/operating.md").split("## Logs", 1)[1].split("\n## ", 1)[0]
    named = [
        event for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for event in re.findall(r"`(\w+)`", row)
    ]
    assert {"ready", "scheduler_failed"} <= logged
    assert sorted(named) == sorted(logged)


def test_commands_of_the_program_are_documented() -> None:
    top = get_command(cli.app)
    db = get_command(cli.db)
    existing = {*getattr(top, "commands", {}), *(f"db {name}" for name in getattr(db, "commands", {}))} - {"db"}
    documented = first_cells("docs/operating.md", "## Commands of the program")
    bare = {" ".join(word for word in name.split()[3:] if word.islower()) for name in documented} - {""}
    assert bare == existing


def slash_commands() -> set[str]:
    """As people type them, from the cogs that the client loads."""
    found: set[str] = set()
    for extension in EXTENSIONS:
        module = __import__(extension, fromlist=["setup"])
        for member in vars(module).values():
            if isinstance(member, type) and issubclass(member, commands.Cog) and member.__module__ == extension:
                found |= _typed(member)
    return found


def _typed(cog: type[commands.Cog]) -> set[str]:
    group = f"{getattr(cog, '__cog_group_name__', '')} " if issubclass(cog, commands.GroupCog) else ""
    members = (member for base in cog.__mro__ for member in vars(base).values())
    return {f"/{group}{member.name}" for member in members if isinstance(member, app_commands.Command)}


def test_slash_commands_are_documented() -> None:
    existing = slash_commands()
    assert {"/ask", "/reset", "/persona use"} <= existing
    assert first_cells("README.md", "## Commands") == existing


async def test_the_client_registers_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """That walking the cogs' classes misses nothing which is made when they are loaded."""
    bot = Causerie(message_content=False, calls=Calls(), trace=aiohttp.TraceConfig())
    monkeypatch.setattr(bot, "services", _Anything(), raising=False)
    for extension in EXTENSIONS:
        await bot.load_extension(extension)
    registered = {
        f"/{command.qualified_name}"
        for command in bot.tree.walk_commands()
        if isinstance(command, app_commands.Command)
    }
    for extension in EXTENSIONS:
        await bot.unload_extension(extension)
    assert registered == slash_commands()
    assert bot.tree.get_commands(type=discord.AppCommandType.message) == []


class _Anything:
    """Services that are handed over and never called."""

    def __getattr__(self, name: str) -> _Anything:
        return self


def test_slash_commands_that_the_documents_name_exist() -> None:
    existing = slash_commands()
    words = {word for command in existing for word in (command, command.split()[0])}
    named = {name for path in DOCUMENTS for name in re.findall(r"`(/[a-z]+(?: [a-z]+)?)`", text(path))}
    named -= {"/livez", "/readyz"}
    assert named <= words


def test_make_targets_are_documented() -> None:
    makefile = text("Makefile")
    declared = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert declared is not None
    documented = {name.split()[1] for name in first_cells("CONTRIBUTING.md", "## Set up")}
    assert documented == set(declared[1].split())
    named = {
        name for path in DOCUMENTS for name in re.findall(r"^make ([a-z]+)|`make ([a-z]+)", text(path), re.MULTILINE)
    }
    assert {first or second for first, second in named} <= documented


def test_settings_of_people_are_documented() -> None:
    documented = first_cells("docs/configuration.md", "## Settings in Discord")
    assert documented == {key for key, setting in REGISTRY.items() if setting.listed}


def test_run_states_are_documented() -> None:
    drawing = text("docs/architecture.md").split("## Runs", 1)[1].split("```")[1]
    assert set(re.findall(r"[a-z]+(?:_[a-z]+)?(?=\b)", drawing)) >= {status.value for status in RunStatus}


def test_limits_that_the_readme_names_are_those_of_the_code() -> None:
    readme = text("README.md")
    assert f"at most {MAX_QUOTE_TOKENS} tokens" in readme
    assert f"at most {MAX_WAITING} in a conversation" in readme
    assert f"up to {MAX_FILE_BYTES // 1_000} kB" in readme
    assert f"deleted after {UNDO_PERIOD.total_seconds() / 3600:.0f} hours" in readme
    assert f"{config.Config.model_fields['window_tokens'].default:,} tokens" in readme


def test_the_invitation_asks_for_the_permissions_that_the_readme_lists() -> None:
    link = re.search(r"scope=([\w.+]+)&permissions=(\d+)", text("README.md"))
    assert link is not None
    wanted = discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        read_message_history=True,
        add_reactions=True,
        attach_files=True,
    )
    assert (link[1], int(link[2])) == ("bot+applications.commands", wanted.value)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_within_the_project_lead_somewhere(document: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text(document)):
        path, _, anchor = target.partition("#")
        linked = (ROOT / document).parent / path if path else ROOT / document
        assert linked.is_file(), target
        anchors = {
            _anchor(title) for title in re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
        }
        assert not anchor or anchor in anchors, target


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_the_parameters_of_a_persona_are_documented_with_what_they_take() -> None:
    said = text("docs/configuration.md").split("## Personas", 1)[1]
    assert all(f"`{effort}`" in said for effort in ReasoningEffort)
    assert all(f"`{name}` (0 to {most})" in said for name, most in MOST.items())


def test_no_file_names_a_registry_or_this_machine() -> None:
    named = []
    for path in tracked():
        try:
            found = FOREIGN.search(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        if found:
            named.append(f"{path.relative_to(ROOT)}: {found[0]}")
    assert named == []


def test_the_python_of_the_image_is_supported() -> None:
    images = set(re.findall(r"^FROM (\S+)", text("Dockerfile"), re.MULTILINE))
    assert len(images) == 1, "what one stage compiles, the other has to run"
    version = re.fullmatch(r"python:(\d+)\.(\d+)-slim", images.pop())
    oldest = re.search(r'requires-python = ">=(\d+)\.(\d+)"', text("pyproject.toml"))
    assert version is not None
    assert oldest is not None
    assert tuple(map(int, version.groups())) >= tuple(map(int, oldest.groups()))


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    sources = re.findall(r"^COPY (?!--from)(\S+) \S+$", text("Dockerfile"), re.MULTILINE)
    assert {"bot", "cogs"} <= set(sources)
    kept = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    assert set(sources) == kept
    assert all((ROOT / source).exists() for source in sources)


def test_the_image_is_configured_with_settings_that_exist() -> None:
    dockerfile = text("Dockerfile").replace("\\\n", " ")
    environment = re.search(r"^ENV (.+)$", dockerfile, re.MULTILINE)
    assert environment is not None
    given = dict(pair.split("=", 1) for pair in environment[1].split())
    ours = {name: value for name, value in given.items() if not name.startswith(("PATH", "PYTHON"))}
    assert set(ours) <= set(config.names())
    loaded = config.load({**ours, "DISCORD_TOKEN": "token", "OPENAI_API_KEY": "key"}, None)
    assert loaded.database_url == "sqlite:////data/causerie.db"
    assert f"EXPOSE {loaded.health_port}" in dockerfile


def test_the_version_is_the_same_everywhere() -> None:
    newest = re.search(r"^## \[(\d[^\]]*)\]", text("CHANGELOG.md"), re.MULTILINE)
    packaged = re.search(r'^version = "(.+)"$', text("pyproject.toml"), re.MULTILINE)
    assert newest is not None
    assert packaged is not None
    assert newest[1] == packaged[1] == __version__
    assert f"image: causerie:{__version__}" in text("compose.yaml")


def test_the_container_is_given_longer_to_end_than_the_answers() -> None:
    grace = re.search(r"stop_grace_period: (\d+)s", text("compose.yaml"))
    assert grace is not None
    assert int(grace[1]) > config.Config.model_fields["drain_seconds"].default
