from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import load
from bot.errors import ConfigurationError

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"
GIVEN = {"DISCORD_TOKEN": TOKEN, "OPENAI_API_KEY": "sk-secret-0123456789"}


def problems(**changes: str) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as refused:
        load({**GIVEN, **changes}, None)
    assert TOKEN not in str(refused.value) and "sk-secret" not in str(refused.value)
    return dict(refused.value.problems)


def test_what_is_given_is_taken_and_the_rest_has_defaults() -> None:
    config = load({**GIVEN, "CAUSERIE_WINDOW_TOKENS": " 8000 ", "LOG_FORMAT": "json"}, None)
    assert config.discord_token.get_secret_value() == TOKEN
    assert (config.window_tokens, config.log_format, config.openai_model) == (8_000, "json", "gpt-6-luna")
    assert TOKEN not in repr(config)


def test_every_problem_is_told_at_once_under_the_operators_names() -> None:
    told = problems(DISCORD_TOKEN="", HEALTH_PORT="99999", CAUSERIE_ANSWER_TOKENS="many", OPENAI_BASE_URL="ftp://x")
    assert set(told) == {"DISCORD_TOKEN", "HEALTH_PORT", "CAUSERIE_ANSWER_TOKENS", "OPENAI_BASE_URL"}
    assert told["DISCORD_TOKEN"].startswith("is missing.")


def test_a_misspelt_setting_is_told_with_what_was_meant() -> None:
    assert "CAUSERIE_WINDOW_TOKENS?" in problems(CAUSERIE_WINDOWS_TOKEN="5")["CAUSERIE_WINDOWS_TOKEN"]


def test_a_token_is_taken_as_people_paste_it() -> None:
    assert load({**GIVEN, "DISCORD_TOKEN": f" Bot {TOKEN} "}, None).discord_token.get_secret_value() == TOKEN


def test_a_key_is_needed_for_openai_and_for_no_other_server() -> None:
    assert "OPENAI_API_KEY" in problems(OPENAI_API_KEY="")
    assert load({"DISCORD_TOKEN": TOKEN, "OPENAI_BASE_URL": "http://localhost:11434/v1"}, None).openai_api_key is None


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f'DISCORD_TOKEN="{TOKEN}"\nOPENAI_API_KEY=sk-of-the-file\nOPENAI_MODEL=of-the-file\nLOG_LEVEL=\n')
    config = load({"OPENAI_MODEL": "of-the-environment"}, file)
    assert config.openai_model == "of-the-environment" and config.log_level == "INFO"
    assert config.openai_api_key is not None and config.openai_api_key.get_secret_value() == "sk-of-the-file"
