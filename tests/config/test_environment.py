"""The readers of environment variables: what they accept, and what they say otherwise."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import SQLITE_OPTIONS, Environment

KEY = "ab" * 32


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    return Environment(tmp_path / ".env")


def test_a_variable_of_the_process_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("DEFAULT_LANGUAGE=fr\n")
    monkeypatch.setenv("DEFAULT_LANGUAGE", "en")

    env = Environment(tmp_path / ".env")

    assert env.text("DEFAULT_LANGUAGE", "") == "en"


def test_without_a_secret_key_the_error_names_the_variable(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY")

    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
        env.secret_key("SECRET_KEY", debug=False)


def test_debugging_needs_no_secret_key(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY")

    assert env.secret_key("SECRET_KEY", debug=True)


def test_credential_keys_keep_their_order(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIAL_KEYS", f"k2={KEY}, k1={'cd' * 32}")

    assert list(env.credential_keys("CREDENTIAL_KEYS", debug=False).items()) == [
        ("k2", KEY),
        ("k1", "cd" * 32),
    ]


@pytest.mark.parametrize("value", ["k1=abcd", f"={KEY}", KEY, f"k1={'zz' * 32}"])
def test_a_wrong_credential_key_is_refused_without_showing_it(
    env: Environment, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("CREDENTIAL_KEYS", value)

    with pytest.raises(ImproperlyConfigured, match="64 hexadecimal digits") as error:
        env.credential_keys("CREDENTIAL_KEYS", debug=False)

    assert value.partition("=")[2] == "" or value.partition("=")[2] not in str(error.value)


@pytest.mark.parametrize("value", ["hub.example.com", "ftp://hub.example.com", "https://", "https://a.example/path"])
def test_a_wrong_address_is_named(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("BASE_URL", value)

    with pytest.raises(ImproperlyConfigured, match=r"BASE_URL is .*http://"):
        env.web_address("BASE_URL", "")


def test_an_empty_simulator_address_switches_it_off(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_URL", "")

    assert env.web_address("SIMULATOR_URL", "http://127.0.0.1:8899", may_be_empty=True) == ""


def test_sqlite_is_opened_for_several_processes(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///var/hub.sqlite3")

    database = env.database("DATABASE_URL", Path("/srv/hub"))

    assert database["NAME"] == "/srv/hub/var/hub.sqlite3"
    assert database["OPTIONS"] == SQLITE_OPTIONS


def test_postgresql_keeps_connections_without_a_pool(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://hub:p%40ss@db.example:5432/hub")

    database = env.database("DATABASE_URL", Path("/srv/hub"))

    assert database["PASSWORD"] == "p@ss"
    assert database["CONN_MAX_AGE"] == 60
    assert "pool" not in database.get("OPTIONS", {})


@pytest.mark.parametrize("value", ["mysql://db/hub", "sqlite://:memory:", "sqlite:///", ""])
def test_another_database_is_refused(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DATABASE_URL", value)

    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must start with"):
        env.database("DATABASE_URL", Path("/srv/hub"))


def test_the_redis_broker_needs_an_address(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTBRIDGE_BROKER", "redis")

    with pytest.raises(ImproperlyConfigured, match="REDIS_URL"):
        env.broker("LOTBRIDGE_BROKER", redis_url="")


@pytest.mark.parametrize(
    ("read", "name", "value"),
    [
        (lambda env: env.flag("DEBUG", default=False), "DEBUG", "maybe"),
        (lambda env: env.choice("DEFAULT_LANGUAGE", "en", ("en", "fr")), "DEFAULT_LANGUAGE", "de"),
        (lambda env: env.time_zone("TIME_ZONE", "UTC"), "TIME_ZONE", "Mars/Olympus"),
        (lambda env: env.log_level("LOG_LEVEL", "INFO"), "LOG_LEVEL", "LOUD"),
        (lambda env: env.email("EMAIL_URL"), "EMAIL_URL", "pigeon://roof"),
    ],
)
def test_every_error_names_its_variable(
    env: Environment, monkeypatch: pytest.MonkeyPatch, read: object, name: str, value: str
) -> None:
    assert callable(read)
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=name):
        read(env)
