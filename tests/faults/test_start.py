"""A start that cannot reach its database says so in one line, and never shows a password.

Seen to fail: with `trouble_at_start` returning None (a trace of a hundred lines), with the failure
itself told in place of its cause (an answer with SQL), with the line's end left on the password
of the file, and with the address of `welcome` as it was set (`http://:::8000`).
"""

import os
import socket
import sys
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from app.cli import main
from app.settings import SettingError, load_settings
from app.terminal import welcome

ADDRESS = "postgresql://owner@db.example:5433/desk"
URL_NAME = "RENEWAL_DESK_DATABASE_URL"
FILE_NAME = "RENEWAL_DESK_DATABASE_PASSWORD_FILE"


def words_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: URL, *command: str) -> str:
    """What a command says when it ends for a database's sake."""
    monkeypatch.setattr(sys, "argv", ["renewal-desk", *command])
    monkeypatch.setenv("RENEWAL_DESK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(
        URL_NAME, url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    with pytest.raises(SystemExit) as ended:
        main()
    return str(ended.value.code)


@pytest.mark.parametrize("command", ["migrate", "serve", "worker", "seed"])
def test_a_database_that_does_not_exist_is_told(
    server: URL, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    words = words_of(monkeypatch, tmp_path, server.set(database="nowhere"), command)
    assert words == 'PostgreSQL refuses: database "nowhere" does not exist'


def test_a_log_in_that_is_refused_is_told(
    server: URL, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stranger = server.set(username="nobody", password="a-secret")
    words = words_of(monkeypatch, tmp_path, stranger, "migrate")
    assert words.startswith("PostgreSQL refuses: ")
    assert "nobody" in words
    assert "a-secret" not in words


def test_a_server_that_does_not_answer_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound and not listening: nobody else can take the port, and nobody answers on it.
        url = make_url(f"postgresql://owner:a-secret@127.0.0.1:{taken.getsockname()[1]}/desk")
        words = words_of(monkeypatch, tmp_path, url, "migrate")
    assert words.startswith("PostgreSQL does not answer: ")
    assert "a-secret" not in words


def test_the_password_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("p@ss/w:rd é\n", "utf-8")
    url = load_settings({URL_NAME: ADDRESS, FILE_NAME: str(secret)}).database.url
    assert url is not None
    told = make_url(ADDRESS).set(drivername="postgresql+asyncpg", password="p@ss/w:rd é")
    assert make_url(url) == told


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_a_file_without_a_password_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    secret = tmp_path / "password"
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(SettingError, match=FILE_NAME):
        load_settings({URL_NAME: ADDRESS, FILE_NAME: str(secret)})


def test_a_password_without_an_address_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=FILE_NAME):
        load_settings({FILE_NAME: os.devnull})


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104
        ("::1", "http://[::1]:8000"),
        ("::", "http://[::1]:8000"),
    ],
)
def test_what_to_try_next_can_be_pasted(host: str, base: str) -> None:
    words = welcome(load_settings({"RENEWAL_DESK_HOST": host}), {})
    assert f"Renewal Desk listens on {base}\n" in words
