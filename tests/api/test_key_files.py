"""The service's own keys on disk: made once, whole, for nobody else to read."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app import auth_keys
from app.auth_keys import KeyFileUnusable, load_keys

FILES = ("signing-key.pem", "secret.key")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_made_once_and_only_for_their_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Born with the right mode: there is no moment in which it has to be corrected.
    monkeypatch.setattr(os, "fchmod", None)
    data = tmp_path / "deep" / "data"
    first, second = load_keys(data), load_keys(data)
    assert first.kid == second.kid
    assert first.secret("cursor") == second.secret("cursor")
    assert mode(data / "keys") == 0o700
    assert {path.name: mode(path) for path in (data / "keys").iterdir()} == dict.fromkeys(
        FILES, 0o600
    )


def test_two_folders_have_nothing_in_common(tmp_path: Path) -> None:
    first, second = load_keys(tmp_path / "a"), load_keys(tmp_path / "b")
    assert first.kid != second.kid
    assert first.secret("cursor") != second.secret("cursor")


def test_each_purpose_has_its_own_secret(tmp_path: Path) -> None:
    keys = load_keys(tmp_path)
    root = (tmp_path / "keys" / "secret.key").read_bytes()
    secrets = {keys.secret("cursor"), keys.secret("receipt"), root}
    assert len(secrets) == 3
    assert {len(secret) for secret in secrets} == {32}
    assert root.hex() not in repr(keys)
    assert repr(root) not in repr(keys)


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.auth_keys import load_keys;"
        "sys.stdin.read(); keys = load_keys(Path(sys.argv[1]));"
        "print(keys.kid, keys.secret('x').hex())"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    answers = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0] * 8
    assert len(answers) == 1
    assert {path.name for path in (tmp_path / "data" / "keys").iterdir()} == set(FILES)


def test_the_first_key_stays_when_another_process_is_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = auth_keys._new_signing_key
    faster: list[str] = []

    def overtaken() -> bytes:
        monkeypatch.setattr(auth_keys, "_new_signing_key", make)
        faster.append(load_keys(tmp_path).kid)
        return make()

    monkeypatch.setattr(auth_keys, "_new_signing_key", overtaken)
    assert [load_keys(tmp_path).kid] == faster == [load_keys(tmp_path).kid]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"x", b"-----BEGIN PUBLIC KEY-----\n"])
def test_a_damaged_key_is_named_and_never_replaced(
    tmp_path: Path, name: str, content: bytes
) -> None:
    load_keys(tmp_path)
    path = tmp_path / "keys" / name
    path.write_bytes(content)
    with pytest.raises(KeyFileUnusable, match=name):
        load_keys(tmp_path)
    assert path.read_bytes() == content


def test_a_public_key_cannot_stand_in_for_the_private_one(tmp_path: Path) -> None:
    keys = load_keys(tmp_path)
    path = tmp_path / "keys" / "signing-key.pem"
    path.write_bytes(keys.signing.as_pem(private=False))
    with pytest.raises(KeyFileUnusable):
        load_keys(tmp_path)


def test_keys_left_open_to_others_are_closed(tmp_path: Path) -> None:
    load_keys(tmp_path)
    folder = tmp_path / "keys"
    folder.chmod(0o755)
    for name in FILES:
        (folder / name).chmod(0o644)
    load_keys(tmp_path)
    assert mode(folder) == 0o700
    assert {mode(folder / name) for name in FILES} == {0o600}


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(KeyFileUnusable, match="data"):
        load_keys(tmp_path / "data")
