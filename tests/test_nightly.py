"""What runs at night, as shipped below samples/deploy: cron's own environment, a settings file, systemd, a container,
Redis.
"""

from __future__ import annotations

import configparser
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from meetcli.config import OPTIONS, load_settings
from meetcli.config.values import parse_cache_url
from tests.corridor import explicit
from tests.loopback_server import QUOTA, LoopbackServer, always
from tests.test_readme import README

PROJECT = Path(__file__).resolve().parents[1]
DEPLOY = PROJECT / "samples" / "deploy"
CRON = {"HOME": "/", "LOGNAME": "nobody", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
"""What cron gives a job, and nothing else."""

NOTHING: dict[str, str] = {}


def crontab() -> list[str]:
    """The commands of the shipped crontab, without the five fields of time and the user."""
    lines = (DEPLOY / "meetcli.cron").read_text(encoding="utf-8").splitlines()
    return [line.split(maxsplit=6)[6] for line in lines if re.match(r"[\d*]", line)]


class Night:
    """The folders that the recipes name, below a root of our own."""

    def __init__(self, root: Path, server: LoopbackServer) -> None:
        self.root = root
        self.minutes = root / "srv" / "minutes"
        self.meetings = root / "srv" / "meetings"
        command = self.minutes / ".venv" / "bin" / "meetcli"
        command.parent.mkdir(parents=True)
        self.meetings.mkdir()
        start = f"import sys; sys.path.insert(0, {str(PROJECT)!r})\nfrom meetcli.cli import main\nsys.exit(main())\n"
        command.write_text(f"#!{sys.executable} -B\n{start}")
        command.chmod(0o755)
        settings = (DEPLOY / "meetcli.toml").read_text(encoding="utf-8")
        (self.minutes / "meetcli.toml").write_text(self.placed(settings), encoding="utf-8")
        (self.minutes / ".env").write_text(
            f"OPENAI_API_KEY=sk-night\nOPENAI_BASE_URL={server.base_url}\nMEETCLI_PRICES=openai\n"
        )
        for number in range(3):
            (self.meetings / f"{number}.json").write_text(json.dumps(explicit(meeting_id=f"M-{number}")))

    def placed(self, text: str) -> str:
        return text.replace("/srv/", f"{self.root}/srv/")

    def start(self, command: str, environment: dict[str, str]) -> subprocess.Popen[str]:
        """Start a command as cron does: by /bin/sh, without a terminal, with this environment alone."""
        return subprocess.Popen(
            ["/bin/sh", "-c", self.placed(command)],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str, environment: dict[str, str] = CRON) -> tuple[int, str]:
        """Return exit code and output, which is what cron would mail."""
        process = self.start(command, environment)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as server:
        yield server


@pytest.fixture
def night(tmp_path: Path, server: LoopbackServer) -> Night:
    return Night(tmp_path, server)


@pytest.mark.parametrize("environment", [CRON, NOTHING], ids=["cron", "env -i"])
def test_cron_runs_the_recipe_as_written_in_silence_and_buys_once(
    night: Night, server: LoopbackServer, environment: dict[str, str]
) -> None:
    for _ in range(2):
        assert [night.run(command, environment) for command in crontab()] == [(0, ""), (0, "")]
        assert server.requests == 6
    assert sorted(path.name for path in (night.minutes / "results").iterdir()) == [
        f"{number}.{task}.json" for number in range(3) for task in ("analyze", "extract")
    ]


def test_the_shipped_settings_keep_answers_for_good(night: Night) -> None:
    loaded = load_settings({}, environment=CRON, working_folder=night.minutes, user_config_folder=None)
    assert loaded.settings.ttl_s is None
    assert loaded.announcements[:1] == (
        f"transcripts go to {loaded.settings.endpoint}: the endpoint comes from .env in the working folder",
    )
    assert tomllib.loads((DEPLOY / "meetcli.toml").read_text(encoding="utf-8")).keys() <= OPTIONS.keys()


def test_a_night_that_failed_is_mailed_and_logged(night: Night, server: LoopbackServer) -> None:
    server.faults = always(QUOTA)
    code, mail = night.run(crontab()[0])
    assert code == 3
    assert mail.endswith("hint: check plan and billing of the account\n")
    lines = [json.loads(line) for line in (night.minutes / "meetcli.log").read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines[-2:]] == ["run_finished", "failed"]


def test_a_key_that_is_missing_is_named(night: Night) -> None:
    (night.minutes / ".env").unlink()
    code, mail = night.run(crontab()[0], NOTHING)
    assert code == 2
    assert mail.startswith(
        "error: OPENAI_API_KEY is not set and 3 meetings need a call\nhint: set it in the environment or in .env"
    )


def test_a_user_without_a_home_is_told_what_to_set(night: Night) -> None:
    (night.minutes / "meetcli.toml").unlink()
    command = night.minutes / ".venv" / "bin" / "meetcli"
    # a user that no list of users has
    homeless = "import pwd, os\ndef nobody(uid): raise KeyError(uid)\npwd.getpwuid = nobody\n"
    first, rest = command.read_text().split("\n", maxsplit=1)
    command.write_text(f"{first}\n{homeless}{rest}")
    code, mail = night.run(crontab()[0], NOTHING)
    assert code == 2
    assert "no cache folder" in mail
    assert "hint: set HOME, or name the cache folder with --cache-dir" in mail


def test_jobs_that_overlap_buy_once_and_both_succeed(night: Night, server: LoopbackServer) -> None:
    server.latency_s = 0.2
    jobs = [night.start(crontab()[0], CRON) for _ in range(2)]
    assert [(job.communicate(timeout=60)[0], job.returncode) for job in jobs] == [("", 0), ("", 0)]
    assert server.requests == 3


def test_a_stop_by_systemd_saves_what_is_under_way(night: Night, server: LoopbackServer) -> None:
    asked = threading.Event()

    def first(_number: int, _body: object) -> None:
        asked.set()

    server.faults, server.latency_s = first, 0.3
    (night.minutes / "meetcli.toml").write_text((night.minutes / "meetcli.toml").read_text() + "concurrency = 1\n")
    job = night.start(crontab()[0].replace("&& ", "&& exec "), CRON)  # systemd signals the command, not a shell
    assert asked.wait(60)
    job.send_signal(signal.SIGTERM)
    mail, _ = job.communicate(timeout=60)
    service = configuration("meetcli@.service")
    assert job.returncode == int(service["Service"]["SuccessExitStatus"])
    assert mail.startswith("warning: stopping")
    saved = server.requests
    night.run(crontab()[0])
    assert server.requests == 3
    assert 1 <= saved < 3


# Systemd, logrotate, containers


def configuration(name: str) -> configparser.ConfigParser:
    """A unit file, of keys that are given several times the last."""
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # systemd tells Upper from lower
    parsed.read(DEPLOY / name, encoding="utf-8")
    return parsed


def test_the_service_does_what_the_crontab_does() -> None:
    service = configuration("meetcli@.service")["Service"]
    command = service["ExecStart"].removeprefix("/usr/bin/env ")
    assert [
        f"cd {service['WorkingDirectory']} && {command.replace('%i', task)}" for task in ("extract", "analyze")
    ] == crontab()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_service_and_timer() -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", DEPLOY / "meetcli@.service", DEPLOY / "meetcli@.timer"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_timer_goes_off_every_night() -> None:
    calendar = configuration("meetcli@.timer")["Timer"]["OnCalendar"]
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=2", calendar], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("02:30:00") >= 2


def test_the_container_file_builds_from_what_the_clone_has_and_does_not_run_as_root() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    instructions = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    assert {name for name, _ in instructions} <= {
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "VOLUME",
        "ENV",
        "USER",
        "ENTRYPOINT",
        "CMD",
    }
    for _, given in (pair for pair in instructions if pair[0] == "COPY"):
        assert all((PROJECT / source).exists() for source in given.split()[:-1])
    last = dict(instructions)
    assert last["USER"].isdecimal()
    assert int(last["USER"]) > 0
    assert json.loads(last["ENTRYPOINT"]) == ["meetcli"]
    assert {name.split("=")[0] for name in last["ENV"].split()} - {"PYTHONUNBUFFERED"} <= {
        option.variable for option in OPTIONS.values()
    }
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert all(set(group.split(",")) <= extras.keys() for group in re.findall(r"\[([a-z,]+)\]'", text))


def test_the_compose_file_names_what_is_there() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    job, redis = compose["services"]["meetcli"], compose["services"]["redis"]
    assert (DEPLOY / job["build"]["context"]).resolve() == PROJECT
    assert (PROJECT / job["build"]["dockerfile"]).is_file()
    assert job["depends_on"].keys() <= compose["services"].keys()
    assert parse_cache_url(job["environment"]["REDIS_URL"]).startswith("redis://redis:")
    named = {volume.split(":")[0] for volume in (*job["volumes"], *redis["volumes"]) if re.match(r"\w+:", volume)}
    assert named == compose["volumes"].keys()
    assert "noeviction" in redis["command"]
    inside = dict(
        line.split(maxsplit=1)
        for line in (DEPLOY / "Containerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("VOLUME")
    )
    assert set(json.loads(inside["VOLUME"])) <= {volume.split(":")[1] for volume in job["volumes"]}


def test_readme_shows_the_recipes_as_they_are_shipped() -> None:
    shown = README.split("```cron\n", maxsplit=1)[1].split("```", maxsplit=1)[0]
    assert shown == (DEPLOY / "meetcli.cron").read_text(encoding="utf-8")
    settings = (
        README.split("### Every night\n", maxsplit=1)[1].split("```toml\n", maxsplit=1)[1].split("```", maxsplit=1)[0]
    )
    assert settings == (DEPLOY / "meetcli.toml").read_text(encoding="utf-8")
    for path in DEPLOY.iterdir():
        assert f"samples/deploy/{path.name}" in README


def test_readme_s_trial_in_an_empty_environment_runs_as_written(night: Night) -> None:
    trial = (
        README.split("Try it before the first night", maxsplit=1)[1]
        .split("```sh\n", maxsplit=1)[1]
        .split("```", maxsplit=1)[0]
    )
    code, output = night.run(trial.strip())
    assert code == 0
    assert "3 meetings: 3 planned" in output
