"""What is uploaded and installed: wheel and sdist hold what they need, and run outside of the clone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from meetcli import __version__

PROJECT = Path(__file__).resolve().parents[1]
INSTALLED_ONLY = {"PYTHONPATH": "", "MEETCLI_ENGINE": "local", "MEETCLI_CACHE_DIR": "cache"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git has of the project, so that nothing that merely lies about is packed."""
    clone = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git clone")
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, clone / name)
    return clone


@pytest.fixture(scope="module")
def packages(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from it, as for an upload; with the build tools of this environment."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(clone)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def code_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in (folder / "meetcli").rglob("*") if path.is_file()}


def test_the_wheel_has_every_file_of_the_package_and_nothing_else(packages: tuple[Path, Path], clone: Path) -> None:
    names = {
        name
        for name in zipfile.ZipFile(packages[1]).namelist()
        if not name.startswith(f"meetcli-{__version__}.dist-info/")
    }
    assert names == code_of(clone)


def test_the_sdist_has_what_it_takes_to_build_test_and_try_it(packages: tuple[Path, Path], clone: Path) -> None:
    with tarfile.open(packages[0]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert names >= code_of(clone) | {
        "pyproject.toml",
        "README.md",
        "Makefile",
        "samples/meetings/quick-call.json",
        "tests/conftest.py",
    }
    assert not {name for name in names if name.startswith((".venv", "results", ".cache"))}


def installed_command(folder: Path, *requirements: str, pip: tuple[str, ...] = ()) -> Path:
    """Install into a virtual environment of its own; return the command."""
    venv.create(folder, with_pip=True)
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [
            folder / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *pip,
            *requirements,
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "bin" / "meetcli"


def try_out(command: Path, folder: Path, samples: Path) -> None:
    """Use the installed command as a newcomer would, away from the clone."""

    def meetcli(*arguments: str) -> str:
        done = subprocess.run(
            [command, *arguments],
            cwd=folder,
            env={**os.environ, **INSTALLED_ONLY},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert meetcli("--version") == f"meetcli {__version__}\n"
    first, again = (json.loads(meetcli("extract", str(samples), "--summary", "json")) for _ in range(2))
    assert first["counts"]["miss"] > 0
    assert again["counts"]["hit"] == first["counts"]["miss"] + first["counts"]["shared"]
    assert meetcli("show", "results")
    meetcli("report", "results", "-o", "report.html")
    assert (folder / "report.html").stat().st_size > 50_000


def test_the_wheel_runs_where_the_clone_is_not(packages: tuple[Path, Path], tmp_path: Path, samples: Path) -> None:
    command = installed_command(tmp_path / "venv", str(packages[1]), pip=("--no-deps", "--no-index"))
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    # Its dependencies are those of this environment, looked for after its own packages: nothing is downloaded.
    (site / "developer.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = subprocess.run(
        [command.with_name("python"), "-c", "import meetcli; print(meetcli.__file__)"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(site))
    try_out(command, tmp_path, samples)


@pytest.mark.soak
@pytest.mark.parametrize("kind", [0, 1], ids=["sdist", "wheel"])
def test_a_clean_environment_gets_all_it_needs(
    packages: tuple[Path, Path], tmp_path: Path, samples: Path, kind: int
) -> None:
    command = installed_command(tmp_path / "venv", f"{packages[kind]}[local,report]")
    try_out(command, tmp_path, samples)
