"""What an operator may write, and what is said about what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from bot.app import operator_settings
from bot.config import Config, example, load, main, names, table
from bot.domain.settings import ANSWER_TOKENS, WINDOW_TOKENS
from bot.errors import ConfigurationError

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"
GIVEN = {"DISCORD_TOKEN": TOKEN, "OPENAI_API_KEY": "sk-some-key"}


def problems(changes: dict[str, str], env_file: Path | None = None) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as raised:
        load({**GIVEN, **changes}, env_file)
    found = dict(raised.value.problems)
    assert len(found) == len(raised.value.problems), "a variable is named twice"
    return found


def accepted(**changes: str) -> Config:
    return load({**GIVEN, **changes}, None)


def test_a_token_and_a_key_are_enough() -> None:
    config = load(GIVEN, None)
    assert config.discord_token.get_secret_value() == TOKEN
    assert config.discord_api_url == "https://discord.com/api/v10"
    assert config.openai_api_key is not None and config.openai_api_key.get_secret_value() == "sk-some-key"
    assert (config.health_port, config.message_content, config.log_level) == (None, False, "INFO")


def test_all_problems_are_told_at_once_by_the_operators_names() -> None:
    found = problems(
        {
            "DISCORD_TOKEN": "",
            "OPENAI_API_KEY": "",
            "LOG_FORMAT": "xml",
            "HEALTH_PORT": "70000",
            "CAUSERIE_GLOBAL_RATE": "fast",
            "CAUSERIE_MESSAGE_CONTENT": "perhaps",
            "CAUSERIE_DRAIN": "1",
        }
    )
    assert found == {
        "DISCORD_TOKEN": "is missing. The bot's token, from Discord's developer portal.",
        "OPENAI_API_KEY": "is missing. Key of the model's server. Needed for OpenAI; other servers may need none.",
        "LOG_FORMAT": "has to be 'console' or 'json'.",
        "HEALTH_PORT": "has to be 65535 or less.",
        "CAUSERIE_GLOBAL_RATE": "is not a number.",
        "CAUSERIE_MESSAGE_CONTENT": "is not true or false.",
        "CAUSERIE_DRAIN": "is no setting of this bot. Did you mean CAUSERIE_DRAIN_SECONDS?",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAUSERIE_WINDOW_TOKENS", "999"),
        ("CAUSERIE_WINDOW_TOKENS", "16k"),
        ("CAUSERIE_ANSWER_TOKENS", "4000.5"),
        ("CAUSERIE_CONCURRENT_RUNS", "0"),
        ("CAUSERIE_GLOBAL_RATE", "nan"),
        ("CAUSERIE_MODEL_TIMEOUT", "inf"),
        ("CAUSERIE_DRAIN_SECONDS", "-1"),
        ("CAUSERIE_DIALECT", "azure"),
        ("DISCORD_API_URL", "discord.com"),
        ("OPENAI_BASE_URL", "localhost:11434/v1"),
        ("DATABASE_URL", "mysql://anna:s3cret@db/causerie"),
        ("DATABASE_URL", "causerie.db"),
        ("DATABASE_URL", "sqlite://data/causerie.db"),
        ("LOG_LEVEL", "loud"),
        ("HEALTH_PORT", "0"),
        ("DISCORD_TOKEN", "MTIz NDU2"),
        ("OPENAI_API_KEY", "sk-한글"),
        ("OPENAI_API_KEY", "sk-one\nsk-two"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str) -> None:
    found = problems({name: value})
    assert list(found) == [name]
    assert found[name].endswith(".") and value not in found[name] and "{" not in found[name]


def test_secrets_are_in_no_message_and_no_repr() -> None:
    secrets = ("qwertz-token", "sk-qwertz-key", "qwertz-password")
    wrong = {
        "DISCORD_TOKEN": f"{secrets[0]} copied",
        "OPENAI_API_KEY": f"{secrets[1]}\tcopied",
        "DATABASE_URL": f"mysql://anna:{secrets[2]}@db/causerie",
    }
    said = str(problems(wrong))
    shown = repr(accepted(DISCORD_TOKEN=secrets[0], OPENAI_API_KEY=secrets[1]))
    assert not any(secret in text for secret in secrets for text in (said, shown))


@pytest.mark.parametrize("empty", ["", "  ", '""', "''", "\n"])
def test_an_empty_value_counts_as_missing(empty: str) -> None:
    config = accepted(LOG_LEVEL=empty, HEALTH_PORT=empty, CAUSERIE_NO_SUCH=empty)
    assert (config.log_level, config.health_port) == ("INFO", None)
    assert set(problems({"DISCORD_TOKEN": empty})) == {"DISCORD_TOKEN"}


@pytest.mark.parametrize("pasted", ["{}", " {}\n", '"{}"', "'{}'", "Bot {}", '"Bot {}"', "' Bot  {} '"])
def test_a_token_is_taken_as_people_paste_it(pasted: str) -> None:
    assert accepted(DISCORD_TOKEN=pasted.format(TOKEN)).discord_token.get_secret_value() == TOKEN


@pytest.mark.parametrize(("written", "meant"), [("true", True), ("1", True), ("YES", True), ("off", False)])
def test_a_switch_is_taken_as_people_write_it(written: str, meant: bool) -> None:
    assert accepted(CAUSERIE_MESSAGE_CONTENT=written).message_content is meant


def test_a_level_is_taken_in_any_case() -> None:
    assert accepted(LOG_LEVEL="debug").log_level == "DEBUG"


def test_an_unknown_setting_without_a_near_one_is_told_plainly() -> None:
    for name in ("CAUSERIE_ZZZZZZ", "CAUSERIE_TYPO", "CAUSERIE_"):
        assert problems({name: "1"}) == {name: "is no setting of this bot."}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CAUSERIE_CACHEDIR", "CAUSERIE_CACHE_DIR"),
        ("CAUSERIE_TIMEOUT", "CAUSERIE_MODEL_TIMEOUT"),
        ("CAUSERIE_WINDOW", "CAUSERIE_WINDOW_TOKENS"),
        ("CAUSERIE_OPENAI_MODEL", "OPENAI_MODEL"),
        ("CAUSERIE_DATABASE_URL", "DATABASE_URL"),
    ],
)
def test_an_unknown_setting_with_a_near_one_names_it(written: str, meant: str) -> None:
    assert problems({written: "1"}) == {written: f"is no setting of this bot. Did you mean {meant}?"}


def test_variables_of_other_programs_are_none_of_its_business() -> None:
    assert accepted(PATH="/bin", LOG_COLOR="always", OPENAI_ORGANIZATION="org").log_level == "INFO"


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434/v1", "https://api.example.org/v1"])
def test_another_server_needs_no_key(url: str) -> None:
    assert load({"DISCORD_TOKEN": TOKEN, "OPENAI_BASE_URL": url}, None).openai_api_key is None


@pytest.mark.parametrize("url", ["", "https://api.openai.com/v1", "https://api.openai.com/v1/"])
def test_openai_needs_a_key(url: str) -> None:
    assert set(problems({"OPENAI_API_KEY": "", "OPENAI_BASE_URL": url})) == {"OPENAI_API_KEY"}


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f'# mine\nDISCORD_TOKEN="{TOKEN}"\nLOG_LEVEL=DEBUG\nexport LOG_FORMAT=json\nHEALTH_PORT=\n')
    config = load({"OPENAI_API_KEY": "sk-k", "LOG_LEVEL": "ERROR"}, file)
    assert config.discord_token.get_secret_value() == TOKEN
    assert (config.log_level, config.log_format, config.health_port) == ("ERROR", "json", None)


def test_an_empty_variable_does_not_hide_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\n")
    assert load({**GIVEN, "LOG_LEVEL": ""}, tmp_path / ".env").log_level == "DEBUG"


def test_a_file_of_windows_and_a_mistake_in_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("\ufeffLOG_LEVEL=loud\r\nCAUSERIE_WINDOW_TOKEN=5\r\n".encode())
    assert set(problems({}, tmp_path / ".env")) == {"LOG_LEVEL", "CAUSERIE_WINDOW_TOKEN"}


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("LOG_LEVEL=시끄럽게\n".encode("utf-16"))
    assert list(problems({}, tmp_path / ".env")) == [str(tmp_path / ".env")]


def test_a_misspelt_name_in_the_file_is_told_and_another_programs_is_not(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DISCORD_TOKN=a\nDATABSE_URL=sqlite:///x.db\nPOSTGRES_PASSWORD=x\nDISCORD_TOKEN_OLD=b\n")
    with pytest.raises(ConfigurationError) as raised:
        load({"DISCORD_TOKEN": "t", "OPENAI_API_KEY": "k"}, file)
    assert raised.value.problems == (
        ("DATABSE_URL", "is no setting of this bot. Did you mean DATABASE_URL?"),
        ("DISCORD_TOKN", "is no setting of this bot. Did you mean DISCORD_TOKEN?"),
    )


@pytest.mark.parametrize(
    ("name", "value", "beginning"),
    [
        ("OPENAI_BASE_URL", "localhost:11434", "http://"),
        ("DATABASE_URL", "sqlite://data/causerie.db", "sqlite:/// or postgresql://"),
    ],
)
def test_an_address_without_its_beginning_is_told_how_to_begin(name: str, value: str, beginning: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load({"DISCORD_TOKEN": "t", "OPENAI_API_KEY": "k", name: value}, None)
    ((named, problem),) = raised.value.problems
    assert named == name and problem.startswith(f"has to begin with {beginning}")


def test_a_variable_that_is_set_to_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("LOG_LEVEL", "")
    with pytest.raises(ConfigurationError) as raised:
        load(env_file=None)
    assert [(name, problem.split(".")[0]) for name, problem in raised.value.problems] == [
        ("DISCORD_TOKEN", "is missing")
    ]


def test_a_dollar_in_the_file_is_a_dollar(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://anna:pa${HOME}ss@db/causerie\n")
    assert load(GIVEN, tmp_path / ".env").database_url == "postgresql://anna:pa${HOME}ss@db/causerie"


def test_no_file_and_a_directory_of_its_name_are_no_file(tmp_path: Path) -> None:
    assert load(GIVEN, tmp_path / ".env").log_level == "INFO"
    assert load(GIVEN, tmp_path).log_level == "INFO"


def test_the_programs_defaults_are_those_that_people_are_told_of() -> None:
    config = load(GIVEN, None)
    assert (config.window_tokens, config.answer_tokens) == (WINDOW_TOKENS.default, ANSWER_TOKENS.default)


def test_only_what_the_operator_has_set_counts_as_theirs() -> None:
    assert operator_settings(load(GIVEN, None)) == {}
    assert operator_settings(accepted(CAUSERIE_ANSWER_TOKENS="4000")) == {"answer_tokens": "4000"}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), None, example()),
        (("--table",), None, table()),
        (("--help",), 0, "Print every setting of the bot"),
        (("--tabel",), 2, ""),
    ],
)
def test_the_settings_are_printed_on_demand(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    status: int | None,
    said: str,
) -> None:
    monkeypatch.setattr("sys.argv", ["config", *arguments])
    if status is None:
        main()
        assert capsys.readouterr().out == said
        return
    with pytest.raises(SystemExit) as ended:
        main()
    out = capsys.readouterr().out
    assert ended.value.code == status and said in out and "DISCORD_TOKEN=" not in out


def test_the_example_names_every_setting_and_asks_for_what_is_needed(tmp_path: Path) -> None:
    assert set(re.findall(r"^(?:# )?([A-Z_]+)=", example(), re.MULTILINE)) == set(names())
    (tmp_path / ".env").write_text(example())
    assert set(dotenv_values(tmp_path / ".env")) == {"DISCORD_TOKEN", "OPENAI_API_KEY"}
    with pytest.raises(ConfigurationError) as raised:
        load({}, tmp_path / ".env")
    assert {name for name, _problem in raised.value.problems} == {"DISCORD_TOKEN", "OPENAI_API_KEY"}


def test_the_defaults_of_the_example_are_the_defaults(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") for line in example().splitlines() if re.match(r"# [A-Z_]+=", line)]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert load(GIVEN, tmp_path / ".env") == load(GIVEN, None)


def test_the_table_has_a_row_for_every_setting() -> None:
    rows = table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(names())
    assert all(row.count("|") == 5 for row in rows)
