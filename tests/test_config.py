from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config import ENVIRONMENT, Settings, default_data_dir, load_settings
from tocsin.errors import InputError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tocsin.toml"
    path.write_text('port = 8000\nhost = "127.0.0.2"\nallow_fields = ["post.mood"]\n')
    return path


def test_defaults_stand_where_nothing_is_given() -> None:
    assert load_settings(environ={}) == Settings()


def test_the_later_wins_defaults_file_environment_overrides(file: Path) -> None:
    environ = {"TOCSIN_HOST": "127.0.0.3", "TOCSIN_BATCH_MS": "7"}
    settings = load_settings({"batch_ms": 9, "writer": None}, config_file=file, environ=environ)
    assert settings.port == 8000
    assert settings.host == "127.0.0.3"
    assert settings.batch_ms == 9
    assert settings.writer == "main"
    assert settings.allow_fields == ("post.mood",)


def test_the_file_in_the_data_folder_is_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    folder = tmp_path / "x.db.d"
    folder.mkdir()
    (folder / "tocsin.toml").write_text("port = 8001")
    assert load_settings({"database_url": url}, environ={}).port == 8001
    assert load_settings(environ={"TOCSIN_DB": url}).port == 8001
    other = tmp_path / "other"
    other.mkdir()
    (other / "tocsin.toml").write_text("port = 8002")
    given = {"database_url": url, "data_dir": str(other)}
    assert load_settings(given, environ={}).port == 8002


def test_a_file_that_the_environment_names_is_read(file: Path) -> None:
    assert load_settings(environ={"TOCSIN_CONFIG": str(file)}).port == 8000


def test_every_setting_has_a_variable_and_tocsin_db_is_short() -> None:
    assert set(ENVIRONMENT.values()) == set(Settings.__struct_fields__)
    assert ENVIRONMENT["TOCSIN_DB"] == "database_url"


def test_the_environment_gives_numbers_lists_and_yes_or_no() -> None:
    environ = {
        "TOCSIN_PORT": "9000",
        "TOCSIN_SOLO": "true",
        "TOCSIN_WEBHOOK_ACTIONS": "hide,,label",
        "TOCSIN_WRITER": "",
    }
    settings = load_settings(environ=environ)
    assert (settings.port, settings.solo, settings.writer) == (9000, True, "main")
    assert settings.webhook_actions == ("hide", "label")


def test_an_unknown_key_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.toml"
    path.write_text("prot = 1")
    with pytest.raises(InputError, match="unknown setting `prot`") as caught:
        load_settings(config_file=path, environ={})
    assert caught.value.hint == "did you mean `port`?"
    assert caught.value.where == str(path)
    path.write_text("zzzzzz = 1")
    with pytest.raises(InputError) as caught:
        load_settings(config_file=path, environ={})
    assert "settings.md" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOCSIN_PORT", "70000"),
        ("TOCSIN_PORT", "many"),
        ("TOCSIN_BATCH_EVENTS", "0"),
        ("TOCSIN_WRITER", "Main Writer"),
        ("TOCSIN_SOLO", "perhaps"),
    ],
)
def test_an_impossible_value_names_the_setting_and_what_was_expected(
    variable: str, value: str
) -> None:
    with pytest.raises(InputError, match=f"{ENVIRONMENT[variable]}`") as caught:
        load_settings(environ={variable: value})
    assert "expected" in caught.value.message.lower()
    assert caught.value.message[0].islower()


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql+psycopg2://x/y", "x.db", ""])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="SQLite or PostgreSQL") as caught:
        load_settings({"database_url": url}, environ={})
    assert "sqlite:///tocsin.db" in str(caught.value.hint)


@pytest.mark.parametrize("prefix", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_uses_its_driver(prefix: str) -> None:
    settings = load_settings({"database_url": f"{prefix}://u@h/n"}, environ={})
    assert settings.database_url == "postgresql+psycopg://u@h/n"


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("sqlite:///x.db", "x.db.d"),
        ("sqlite:////srv/x.db", "/srv/x.db.d"),
        ("sqlite:///a/x.db?mode=ro", "a/x.db.d"),
        ("postgresql://u:p@h:5432/harbour", "harbour.d"),
        ("postgresql://u@/harbour?host=/tmp", "harbour.d"),
        ("postgresql://u@h", "tocsin.d"),
        ("postgresql://u@h/../../etc", "etc.d"),
    ],
)
def test_each_database_has_a_data_folder_of_its_own(url: str, folder: str) -> None:
    assert default_data_dir(url) == Path(folder)
    assert Settings(database_url=url).folder == Path(folder)
    assert Settings(database_url=url, data_dir="/srv/data").folder == Path("/srv/data")


def test_a_missing_or_broken_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_settings(config_file=tmp_path / "none.toml", environ={})
    for content in (b"port = ", b"\xff"):
        path = tmp_path / "tocsin.toml"
        path.write_bytes(content)
        with pytest.raises(InputError, match="not TOML"):
            load_settings(config_file=path, environ={})


def test_a_secret_in_a_wrong_setting_is_not_repeated() -> None:
    with pytest.raises(InputError) as caught:
        load_settings({"database_url": "mysql://u:kestrel-4711@h/n"}, environ={})
    assert "kestrel" not in str(caught.value)
