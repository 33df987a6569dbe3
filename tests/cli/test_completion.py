"""Completion in the usual shells: commands, options and files, by the command as it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from meetcli.config import OPTIONS

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH has `meetcli`, as pip would make it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "meetcli"
    command.write_text(f"#!{sys.executable}\nimport sys\nfrom meetcli.cli import main\nsys.exit(main())\n")
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


def offered(environment: dict[str, str], shell: str, line: str) -> set[str]:
    """What the command itself offers a shell for a line that is being typed."""
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = subprocess.run(
        ["meetcli"],
        env={**environment, **asked, "_MEETCLI_COMPLETE": f"complete_{shell}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    words = done.stdout.replace('"', " ").replace(":", " ").split()
    return {word for word in words if word.startswith(line.rpartition(" ")[2])}


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_and_options_are_offered(installed: dict[str, str], shell: str) -> None:
    assert {"extract", "analyze", "cache", "doctor", "report", "show"} <= offered(installed, shell, "meetcli ")
    assert "extract" in offered(installed, shell, "meetcli ext")
    assert "stats" in offered(installed, shell, "meetcli cache st")
    assert {"--cache-dir", "--cache-url", "--cache-only"} <= offered(installed, shell, "meetcli extract --cache")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("option", ["engine", "lane", "format", "on_change", "summary"])
def test_the_values_of_an_option_are_offered(installed: dict[str, str], shell: str, option: str) -> None:
    with pytest.raises(ValueError, match="must be one of") as refused:
        OPTIONS[option].parse("none of them")
    taken = str(refused.value).removeprefix("must be one of ").split(", ")
    found = offered(installed, shell, f"meetcli extract {OPTIONS[option].flag} ")
    assert {word for word in found if word[0].isalpha()} == set(taken)  # zsh is told what to do with them too
    first = taken[0]
    assert first in offered(installed, shell, f"meetcli extract {OPTIONS[option].flag} {first[:-1]}")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_to_install_is_that_shell_s(installed: dict[str, str], shell: str) -> None:
    done = subprocess.run(
        ["meetcli", "--show-completion", shell], env=installed, capture_output=True, text=True, check=True
    )
    assert f"_MEETCLI_COMPLETE=complete_{shell}" in done.stdout
    if path := shutil.which(shell):
        subprocess.run([path, "-n"], input=done.stdout, text=True, check=True)


def test_bash_completes_with_the_script_and_falls_back_to_files(installed: dict[str, str]) -> None:
    script = """
eval "$(meetcli --show-completion bash)"
type=$(complete -p meetcli)
COMP_WORDS=(meetcli doc); COMP_CWORD=1
_meetcli_completion meetcli
echo "${COMPREPLY[@]}"
echo "$type"
"""
    done = subprocess.run(["bash", "-c", script], env=installed, capture_output=True, text=True, check=True)
    words, registered = done.stdout.splitlines()
    assert words.strip() == "doctor"
    assert "-o default" in registered


@pytest.mark.parametrize("shell", SHELLS)
def test_it_installs_itself(installed: dict[str, str], shell: str) -> None:
    home = Path(installed["HOME"])
    subprocess.run(
        ["meetcli", "--install-completion", shell], env=installed, capture_output=True, text=True, check=True
    )
    written = "".join(path.read_text() for path in home.rglob("*") if path.is_file())
    assert f"_MEETCLI_COMPLETE=complete_{shell}" in written
