"""Settings: what an operator may write, what is said about mistakes, and that the documents know every variable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr, ValidationError

from bot.errors import SettingsError
from bot.settings import CAPABILITIES, EXAMPLES, Settings, read_settings

ROOT = Path(__file__).parent.parent.parent
EXAMPLE_FILE = (ROOT / ".env.example").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

VARIABLES = {name.upper(): field for name, field in Settings.model_fields.items()}
SECRETS = sorted(name for name, field in VARIABLES.items() if SecretStr in get_args(field.annotation))

EXAMPLE_LINE = re.compile(r"^#([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
TABLE_ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \|", re.MULTILINE)

DEFAULTS = {
    "TELEGRAM_STREAMING": "edit",
    "AZURE_OPENAI_API_VERSION": "2025-04-01-preview",
    "PROVIDERS": {},
    "FALLBACK_MODELS": (),
    "MODEL_OPTIONS": {},
    "HOST": "127.0.0.1",
    "DATABASE_URL": "sqlite:///data/parley.db",
    "ADMINS": (),
    "ALLOWED": (),
    "SHOW_TRANSCRIPTS": True,
    "HISTORY_TOKENS": 16_000,
    "DOCUMENT_TOKENS": 8_000,
    "PICTURE_DAYS": 30,
    "HISTORY_DAYS": 0,
    "SUMMARIES": True,
    "GROUP_CONTEXT": 15,
    "ANSWER_MESSAGES": 5,
    "MESSAGES_PER_MINUTE": 20,
    "TURNS_PER_PERSON": 3,
    "PRICES": {},
    "MODERATION": "off",
    "DRAIN_SECONDS": 15.0,
    "LOG_LEVEL": "info",
}
"""All others are None."""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the machine has set, and a `.env` file of the checkout, stay out of these tests."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> SettingsError:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    return caught.value


def table(heading: str) -> str:
    """The part of the README below this heading."""
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


# The documents


def test_the_example_file_names_every_setting_once() -> None:
    named = [name for name, _ in EXAMPLE_LINE.findall(EXAMPLE_FILE)]
    assert sorted(named) == sorted(VARIABLES)


def test_the_readme_names_every_setting_once() -> None:
    assert sorted(TABLE_ROW.findall(table("Settings"))) == sorted(VARIABLES)


def test_every_line_of_the_example_file_is_a_comment() -> None:
    assert all(line.startswith("#") for line in EXAMPLE_FILE.splitlines() if line)


def test_the_example_file_can_be_read_with_everything_switched_on(tmp_path: Path) -> None:
    file = tmp_path / "example.env"
    file.write_text(EXAMPLE_LINE.sub(r"\1=\2", EXAMPLE_FILE), encoding="utf-8")
    settings = read_settings(file)
    assert settings.model_fields_set == set(Settings.model_fields)
    assert settings.providers["mine"].base_url == "https://models.example.com/v1"
    assert settings.model_options["openai/gpt-6-luna"] == {"reasoning_effort": "low"}
    assert settings.admins == ("telegram:12345", "discord:67890")


@pytest.mark.parametrize("name", sorted(name for name, value in DEFAULTS.items() if value not in ((), {})))
def test_the_example_file_shows_the_default(name: str) -> None:
    shown = dict(EXAMPLE_LINE.findall(EXAMPLE_FILE))[name]
    assert shown == {"True": "on"}.get(f"{DEFAULTS[name]}", f"{DEFAULTS[name]}".removesuffix(".0"))


@pytest.mark.parametrize("name", sorted(name for name, value in DEFAULTS.items() if value not in ((), {})))
def test_the_readme_shows_the_default(name: str) -> None:
    (row,) = (row for row in table("Settings").splitlines() if row.startswith(f"| `{name}` |"))
    shown = {"True": "on"}.get(f"{DEFAULTS[name]}", f"{DEFAULTS[name]}".removesuffix(".0"))
    assert f"`{shown}`" in row.split(" | ")[-1]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_that_errors_give_can_be_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, EXAMPLES[name])
    assert name.lower() in read_settings().model_fields_set


# Reading


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_defaults(name: str) -> None:
    assert getattr(read_settings(), name.lower()) == DEFAULTS.get(name)


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_an_empty_variable_counts_as_not_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    assert getattr(read_settings(), name.lower()) == DEFAULTS.get(name)


def test_a_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("CHAT_MODEL=groq/small\nLOG_LEVEL=debug\nUNKNOWN_THING=1\n", encoding="utf-8")
    monkeypatch.setenv("CHAT_MODEL", "openai/large")
    settings = read_settings()
    assert (settings.chat_model, settings.log_level) == ("openai/large", "debug")


def test_no_file_is_read_where_none_is_wanted(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\n", encoding="utf-8")
    assert read_settings(None).log_level == "info"


@pytest.mark.parametrize("name", ["ADMINS", "ALLOWED", "FALLBACK_MODELS"])
def test_lists_are_separated_by_commas(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, " a/b:1 ,, c/d:2,")
    assert getattr(read_settings(), name.lower()) == ("a/b:1", "c/d:2")


@pytest.mark.parametrize(("name", "written"), [("LOG_LEVEL", "DEBUG"), ("TELEGRAM_STREAMING", "Draft")])
def test_words_may_be_written_in_capitals(name: str, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, written)
    assert getattr(read_settings(), name.lower()) == written.lower()


def test_providers_and_options_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = '{"mine": {"base_url": "http://box:8000/v1", "api_key": "k", "headers": {"X-Team": "t"}}}'
    monkeypatch.setenv("PROVIDERS", mine)
    monkeypatch.setenv("MODEL_OPTIONS", '{"mine": {"top_k": 5}, "mine/large": {"top_k": null}}')
    settings = read_settings()
    provider = settings.providers["mine"]
    assert (provider.base_url, provider.api_key.get_secret_value()) == ("http://box:8000/v1", "k")
    assert provider.headers["X-Team"].get_secret_value() == "t"
    assert settings.model_options == {"mine": {"top_k": 5}, "mine/large": {"top_k": None}}


def test_all_named_models_come_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    for capability in CAPABILITIES:
        monkeypatch.setenv(f"{capability.upper()}_MODEL", f"p/{capability}")
    monkeypatch.setenv("FALLBACK_MODELS", "p/chat,p/other")
    assert read_settings().models() == (*(f"p/{capability}" for capability in CAPABILITIES), "p/other")


def test_keys_are_found_by_their_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk_1")
    settings = read_settings()
    assert (settings.key_of("GROQ_API_KEY"), settings.key_of("OPENAI_API_KEY")) == ("gsk_1", "")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        read_settings().chat_model = "openai/other"


# Mistakes

MISTAKES = [
    ("CHAT_MODEL", "gpt-6-luna", "'gpt-6-luna' is not of the form provider/model."),
    ("CHAT_MODEL", "openai/", "'openai/' is not of the form provider/model."),
    ("FALLBACK_MODELS", "openai/a,large", "'large' is not of the form provider/model."),
    ("PROVIDERS", "{mine", "is not valid JSON."),
    ("PROVIDERS", '{"mine": {"api_key": "k"}}', "mine.base_url is missing."),
    ("PROVIDERS", '{"mine": {"base_url": "box:8000"}}', "mine.base_url is not an address of the right kind."),
    ("PROVIDERS", '{"mine": {"base_url": "http://box", "key": "k"}}', "mine.key is not known here."),
    ("MODEL_OPTIONS", "low", "is not valid JSON."),
    ("TELEGRAM_API_URL", "127.0.0.1:8081", "is not an address of the right kind."),
    ("PORT", "http", "is not a whole number."),
    ("PORT", "0", "must be greater than or equal to 1."),
    ("PORT", "65536", "must be less than or equal to 65535."),
    ("WEBHOOK_URL", "bot.example.com", "is not an address of the right kind."),
    ("WEBHOOK_URL", "https://bot.example.com:port", "is not an address of the right kind."),
    ("WEBHOOK_URL", "http://bot.example.com", "must begin with https://: Telegram calls nothing else."),
    ("WEBHOOK_URL", "https://bot.example.com:8080", "must have the port 443, 80, 88 or 8443: Telegram calls no other."),
    ("WEBHOOK_URL", "https://bot.example.com/?bot=1", "must end with a path."),
    ("WEBHOOK_SECRET", "short", "must be 8 to 256 letters, digits, _ or -."),
    ("WEBHOOK_SECRET", "not only letters!", "must be 8 to 256 letters, digits, _ or -."),
    ("DISCORD_API_URL", "ws://127.0.0.1", "is not an address of the right kind."),
    ("DISCORD_GATEWAY_URL", "http://127.0.0.1", "is not an address of the right kind."),
    ("HISTORY_TOKENS", "many", "is not a whole number."),
    ("DOCUMENT_TOKENS", "8k", "is not a whole number."),
    ("PICTURE_DAYS", "a month", "is not a whole number."),
    ("SHOW_TRANSCRIPTS", "perhaps", "must be on or off."),
    ("TRANSCRIPTION_LANGUAGE", "English", "is not the code of a language, two or three letters."),
    ("DRAIN_SECONDS", "soon", "is not a number."),
]


@pytest.mark.parametrize(("name", "value", "problem"), MISTAKES)
def test_a_mistake_is_named_and_explained(name: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = refused(name, value, monkeypatch)
    assert (error.variable, error.problem, error.example) == (name, problem, EXAMPLES[name])
    assert str(error) == f"{name}: {problem} Example: {name}={EXAMPLES[name]}"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LOG_LEVEL", "loud", "'warning'"),
        ("LOG_FORMAT", "xml", "'console' or 'json'"),
        ("TELEGRAM_STREAMING", "fast", "'edit' or 'draft'"),
        ("HISTORY_TOKENS", "-1", "0"),
        ("DOCUMENT_TOKENS", "99", "100"),
        ("PICTURE_DAYS", "-1", "0"),
        ("DRAIN_SECONDS", "601", "600"),
        ("MODEL_OPTIONS", "[1]", ""),
        ("PROVIDERS", '["mine"]', ""),
    ],
)
def test_a_value_out_of_range_is_told_the_range(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = refused(name, value, monkeypatch)
    assert (error.variable, error.example) == (name, EXAMPLES[name])
    assert words in error.problem


@pytest.mark.parametrize("name", sorted(name for name in VARIABLES if name.endswith(("_URL", "_ENDPOINT"))))
def test_every_address_is_checked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "DATABASE_URL":  # the storage knows which databases there are
        return
    assert refused(name, "somewhere", monkeypatch).variable == name


# Secrets


def test_the_secrets_are_known() -> None:
    hidden = {name for name in VARIABLES if name.endswith(("_TOKEN", "_KEY", "_SECRET"))}
    assert set(SECRETS) == hidden
    assert len(hidden) > 5


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_never_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hush-1234")
    settings = read_settings()
    assert getattr(settings, name.lower()).get_secret_value() == "hush-1234"
    for shown in (repr(settings), str(settings), settings.model_dump_json(), f"{settings.model_dump()}"):
        assert "hush-1234" not in shown


def test_the_keys_of_more_providers_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "PROVIDERS", '{"m": {"base_url": "http://box", "api_key": "hush-1", "headers": {"A": "hush-2"}}}'
    )
    assert "hush" not in repr(read_settings())


@pytest.mark.parametrize(
    "providers",
    [
        '{"mine": {"api_key": "hush-1234"}}',
        '{"mine": {"base_url": "http://box", "api_key": {"key": "hush-1234"}}}',
        '{"mine": {"base_url": "http://box", "headers": {"A": ["hush-1234"]}}}',
        '{"mine": {"base_url": "http://box", "api_key": "hush-1234"',
    ],
)
def test_a_mistake_beside_a_secret_does_not_show_it(providers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = refused("PROVIDERS", providers, monkeypatch)
    assert "hush-1234" not in f"{error!s} {error!r}"
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_every_secret_is_named_for_those_who_hide_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, f"secret-of-{name}")
    mine = '{"mine": {"base_url": "https://me:p%40ss@box", "api_key": "a-key", "headers": {"A": "Bearer b-key"}}}'
    monkeypatch.setenv("PROVIDERS", mine)
    monkeypatch.setenv("DATABASE_URL", "postgresql://parley:d%2Fb@127.0.0.1/parley")
    found = read_settings().secrets()
    assert found >= {f"secret-of-{name}" for name in SECRETS}
    assert found >= {"p@ss", "a-key", "Bearer b-key", "b-key", "d/b"}
