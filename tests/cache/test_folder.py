"""The folder of the cache is ours alone, and on this machine."""

import os
import subprocess
import sys

import pytest

from meetcli.cache import open_cache
from meetcli.cache.folder import mounts_of_linux, mounts_of_macos, network_type, prepare_folder, type_at
from meetcli.errors import CacheError, UsageError


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_a_new_folder_and_its_files_are_private_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask & 0o077)  # more would keep pytest itself out of its folder
    try:
        open_cache(tmp_path / "cache").close()
    finally:
        os.umask(before)

    assert mode(tmp_path / "cache") == 0o700
    assert {mode(path) & 0o077 for path in (tmp_path / "cache").iterdir()} == {0}


def test_parents_are_made(tmp_path):
    prepare_folder(tmp_path / "a" / "b")

    assert mode(tmp_path / "a" / "b") == 0o700


def test_an_empty_folder_readable_by_others_is_closed(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o755)

    prepare_folder(tmp_path / "cache")

    assert mode(tmp_path / "cache") == 0o700


def test_a_folder_with_other_things_in_it_keeps_its_mode_and_the_cache_is_private(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.txt").touch()

    open_cache(tmp_path).close()

    assert mode(tmp_path) == 0o755
    assert mode(tmp_path / "cache.db") == 0o600


@pytest.mark.parametrize("unsafe", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path, unsafe):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(unsafe)

    with pytest.raises(UsageError, match=f"writable by others.*{unsafe:04o}") as caught:
        open_cache(tmp_path / "cache")

    assert caught.value.exit_code == 2
    assert "chmod go-w" in caught.value.hint
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    with pytest.raises(UsageError, match="not to you"):
        open_cache(tmp_path)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "cache").touch()

    with pytest.raises(UsageError, match="not a folder"):
        open_cache(tmp_path / "cache")


def test_a_folder_that_cannot_be_made_is_a_cache_error_naming_it(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CacheError, match="file/cache: Not a directory"):
        open_cache(tmp_path / "file" / "cache")


@pytest.mark.parametrize("name", ["~", "a b", "é%41?#&", "line\nbreak", "'quote'"])
def test_odd_names_are_just_names(tmp_path, name):
    cache = open_cache(tmp_path / name)
    cache.set({"answer:a": "1"})

    assert cache.get_many(["answer:a"]) == {"answer:a": "1"}
    assert [path.name for path in tmp_path.iterdir()] == [name]
    cache.close()


def test_the_name_of_a_variable_in_the_path_is_refused_rather_than_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("ELSEWHERE", "other")

    with pytest.raises(CacheError, match="variable"):
        open_cache(tmp_path / "$ELSEWHERE")

    assert not (tmp_path / "other").exists()


LINUX = mounts_of_linux(
    "/dev/sda1 / ext4 rw 0 0\n"
    "server:/export /home nfs4 rw 0 0\n"
    "/dev/sdb1 /home/ana/local\\040disk xfs rw 0 0\n"
    "host:/ /mnt/s fuse.sshfs rw 0 0\n"
    "tmpfs /over tmpfs rw 0 0\n"
    "//nas/x /over cifs rw 0 0\n"
)
MACOS = mounts_of_macos(
    "/dev/disk3s1s1 on / (apfs, sealed, local, read-only)\n//ana@nas/share on /Volumes/the share (smbfs, nodev, nosuid)\n"
)


@pytest.mark.parametrize(
    ("path", "mounts", "kind"),
    [
        ("/var/cache", LINUX, "ext4"),
        ("/home/ana/.cache/meetcli", LINUX, "nfs4"),
        ("/homes", LINUX, "ext4"),
        ("/home/ana/local disk/cache", LINUX, "xfs"),
        ("/over/cache", LINUX, "cifs"),
        ("/Users/ana", MACOS, "apfs"),
        ("/Volumes/the share/cache", MACOS, "smbfs"),
        ("/anywhere", [], ""),
    ],
)
def test_the_innermost_mount_says_the_type(path, mounts, kind):
    assert type_at(path, mounts) == kind


def test_a_cache_on_another_machine_is_warned_about_and_works(tmp_path, monkeypatch):
    real = mounts_of_linux
    monkeypatch.setattr("meetcli.cache.folder.mounts_of_linux", lambda text: [*real(text), (str(tmp_path), "nfs4")])
    monkeypatch.setattr(sys, "platform", "linux")

    cache = open_cache(tmp_path / "cache")
    cache.set({"answer:a": "1"})

    assert len(cache.notices) == 1
    assert "network file system (nfs4)" in cache.notices[0]
    cache.close()


def test_on_macos_the_mount_command_is_asked(tmp_path, monkeypatch):
    said = subprocess.CompletedProcess([], 0, stdout=f"//ana@nas/x on {tmp_path} (smbfs, nodev)\n")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: said)

    assert network_type(tmp_path) == "smbfs"


def test_an_unknown_place_is_taken_for_local(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise FileNotFoundError

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", fail)

    assert network_type(tmp_path) is None
