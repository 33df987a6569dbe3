"""What is read anew and what the index may serve: the readers' number is raised with every change of what they give."""

from __future__ import annotations

import hashlib
from pathlib import Path

from meetcli.meetings.normalize import normalize
from meetcli.models import Outcome
from meetcli.readers import READERS_VERSION, Transcript
from tests.conftest import PROJECT
from tests.readers.formats_seen import GOLDEN, SAMPLES, found_in

RECORDED = {
    2: "6fdbdfe20273c803",
    3: "b1e77b6f535025ff",
    4: "68dd2c9365761660",
    5: "6e3715768dad3c3a",
    6: "7da8f0760cad1fc2",
    7: "795110fc2bfaccc3",
    8: "732a81044f8c92ce",
    9: "992879c5d813f0fb",
}
"""What all samples gave, by the version of the readers. Add a line, never change one."""


def test_a_change_of_what_readers_give_raises_their_version():
    given = digest_of(sorted(inputs()))
    assert given == RECORDED.get(READERS_VERSION), (
        "What the readers give for the samples is not what it was, or there are more samples. "
        f"Set READERS_VERSION in meetcli/readers/version.py to {max(RECORDED) + 1}, which no version on main has, "
        f'and add `{max(RECORDED) + 1}: "{given}",` to RECORDED here. '
        "Else files that were read otherwise before are served from the index and never read again."
    )


def test_every_version_gave_something_else():
    assert sorted(RECORDED) == list(range(min(RECORDED), READERS_VERSION + 1))
    assert len(set(RECORDED.values())) == len(RECORDED)


def inputs() -> list[Path]:
    samples = (*SAMPLES.rglob("*"), *(PROJECT / "samples" / "meetings").rglob("*"))
    return [
        path
        for path in samples
        if path.is_file() and path.suffix != GOLDEN and path.name not in ("README.md", "large.json")
    ]


def digest_of(paths: list[Path]) -> str:
    """The digest of what each file gives, met in a folder and named."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"\n{path.relative_to(PROJECT)}".encode())
        for is_named in (False, True):
            for found in found_in(path, is_named=is_named):
                digest.update(f"\n{given_by(found)!r}".encode())
    return digest.hexdigest()[:16]


def given_by(found: Transcript | Outcome) -> tuple[object, ...]:
    source = found.source
    place = (source.place, source.member, source.offset, source.ordinal, source.result_path.rpartition("/")[2])
    if isinstance(found, Outcome):
        return (*place, found.status.value, found.reason)
    return (*place, found.is_by_naming, normalize(found.mapping))
