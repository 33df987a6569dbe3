"""Broken copies of the samples, the same for the same seed: what disks, editors, proxies and careless scripts make of
files.

`python -m tests.readers.mutations 100000 [FOLDER]` reads so many in this process, with the samples below FOLDER besides
those copied here, and says what was slow, large or crashed. The limits are 2 s and 10 times the input for each,
unpacked where it is packed.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
import tempfile
import time
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path

from meetcli.errors import InputError
from meetcli.meetings.normalize import normalize
from meetcli.models import Outcome
from tests.readers.formats_seen import GOLDEN, SAMPLES, found_in

MAX_S = 2.0
MAX_TIMES = 10
FREE_BYTES = 3_000_000
"""What reading anything takes: compiled patterns, imported readers, a decompressor."""

_VALUES = (
    None,
    True,
    0,
    -1,
    1e308,
    -1e-9,
    10**30,
    "",
    "\0",
    "\ud800",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    "9" * 5000,
    "x" * 3000,
)
_TOKENS = (
    b"-->",
    b"WEBVTT\n",
    b"\n\n",
    b"<v ",
    b"</v>",
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b"\\u0000",
    b": ",
    b"00:00:01.000 --> 00:00:02.000\n",
    b"\xff",
    b"\0",
)

_ELEMENTS = (
    b"<w:p>",
    b"</w:p>",
    b"<w:tbl><w:tr>",
    b"<w:tc><w:p/></w:tc>",
    b"<w:tr><w:trPr><w:del/></w:trPr></w:tr>",
    b"<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr></w:p>",
    b"<w:del><w:r><w:t>x</w:t></w:r></w:del>",
    b"<w:body/>",
    b"<w:r><w:br/></w:r>",
    b'<text:s text:c="99999999999"/>',
    b"<table:table-row><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row>",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
    b'<p begin="9999999h">x</p>',
    b'<span begin="1s" ttm:agent="ana rui x">x</span>',
    b"<?x?><!-- x --><![CDATA[x]]>",
)

Mutation = Callable[[random.Random, bytes], bytes]


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _drop(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.randrange(1, 200) :]


def _double(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    part = data[start : start + rng.randrange(1, 500)]
    return data[:start] + part * rng.randrange(2, 20) + data[start:]


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 10)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _insert(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + rng.choice(_TOKENS) * rng.choice((1, 1, 2, 100)) + data[start:]


def _shuffle_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def _change_value(rng: random.Random, data: bytes) -> bytes:
    """Put a value of a wrong kind, or none, anywhere in a JSON document: what finds the most."""
    try:
        document = json.loads(data)
    except ValueError:
        return _insert(rng, data)
    for _ in range(rng.randrange(1, 4)):
        at = document
        for _ in range(rng.randrange(1, 9)):
            keys: Sequence[object] = (
                list(at) if isinstance(at, dict) else range(len(at)) if isinstance(at, list) else ()
            )
            if not keys:
                break
            key = rng.choice(keys)
            inner = at[key]
            if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
                at = inner
                continue
            if isinstance(at, dict) and rng.random() < 0.3:
                del at[key]
            else:
                at[key] = deepcopy(rng.choice(_VALUES))
            break
    return json.dumps(document).encode()


def _zip(rng: random.Random, data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", data)
        archive.writestr("b.json", data)
    return _flip(rng, packed.getvalue()) if rng.random() < 0.7 else packed.getvalue()


def _change_part(rng: random.Random, data: bytes) -> bytes:
    """Break the XML of a document, or its order of parts, and pack it well again."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except Exception:
        return _insert_element(rng, data)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            change = rng.choice(
                (_cut, _drop, _double, _flip, _insert, _insert_element, _insert_element, _insert_element)
            )
            archive.writestr(name, change(rng, part) if name.endswith(("document.xml", "content.xml")) else part)
    return packed.getvalue()


def _insert_element(rng: random.Random, data: bytes) -> bytes:
    """Put a piece of markup between two elements, so that what comes out is often well-formed."""
    places = [place for place in range(len(data)) if data.startswith(b"><", place)] or [0]
    start = rng.choice(places) + 1
    return data[:start] + rng.choice(_ELEMENTS) * rng.choice((1, 1, 2, 100)) + data[start:]


def _gzip(rng: random.Random, data: bytes) -> bytes:
    packed = gzip.compress(data, mtime=0)
    return _flip(rng, packed) if rng.random() < 0.7 else packed


MUTATIONS: tuple[Mutation, ...] = (
    _cut,
    _drop,
    _double,
    _flip,
    _insert,
    _shuffle_lines,
    _change_value,
    _change_value,
    _change_value,
    _change_part,
    _zip,
    _gzip,
)


def sample_files(folder: Path = SAMPLES) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*.*") if path.suffix not in (GOLDEN, ".md") and path.name != "large.json"
    )


def repeated(path: Path, size: int) -> bytes:
    """A sample made as long as a long meeting: its lines, or the longest list in it, again and again up to about `size`
    bytes.
    """
    data = path.read_bytes()
    times = size // len(data) + 1
    if path.suffix in _PARAGRAPHS:
        return _repeated_paragraphs(data, size, *_PARAGRAPHS[path.suffix])
    if path.suffix == ".tsv":
        return _repeated_rows(data, times)
    if path.suffix not in (".json", ".json3"):
        head, body = data.split(b"\n", 1) if path.suffix == ".csv" else (b"", data)
        return head + b"\n" * bool(head) + body * times
    document = json.loads(data)
    lists: list[list[object]] = []
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            lists.append(value)
        pending.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
    long = [one for one in lists if one and isinstance(one[0], dict | list)]
    if not long:  # a transcript inside a transcript: its lines, inside the one string
        text = max(_strings(document), key=len)
        start, end = data.index(b"\\n\\n"), data.index(json.dumps(text)[-12:].encode()) + 11
        return data[:start] + data[start:end] * times + data[end:]
    longest = max(long, key=lambda one: len(json.dumps(one[:1000])))
    longest *= times
    return json.dumps(document).encode()


def _repeated_rows(data: bytes, times: int) -> bytes:
    """Rows of milliseconds and words, whose times go on rising."""
    head, *rows = data.rstrip(b"\n").split(b"\n")
    last = int(rows[-1].split(b"\t")[1])
    lines = [head]
    for number in range(times):
        for row in rows:
            start, end, said = row.split(b"\t")
            lines.append(b"%d\t%d\t%s" % (int(start) + number * last, int(end) + number * last, said))
    return b"\n".join(lines) + b"\n"


def _strings(value: object) -> list[str]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for one in inner for text in _strings(one)]
    return [value] if isinstance(value, str) else []


_PARAGRAPHS = {
    ".docx": (b"<w:body>", b"</w:body>"),
    ".odt": (b"<office:text>", b"</office:text>"),
    ".ttml": (b"<div>", b"</div>"),
}


def _repeated_paragraphs(data: bytes, size: int, before: bytes, behind: bytes) -> bytes:
    if not data.startswith(b"PK"):
        start, end = data.index(before) + len(before), data.index(behind)
        return data[:start] + data[start:end] * (size // (end - start) + 1) + data[end:]
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(packed, "w") as copy:
        for entry in archive.infolist():
            part = archive.read(entry)
            copy.writestr(entry.filename, _repeated_paragraphs(part, size, before, behind) if behind in part else part)
    return packed.getvalue()


def mutated(seed: int, samples: Sequence[Path]) -> tuple[bytes, str]:
    """The broken file of a seed and what it came from."""
    rng = random.Random(seed)
    path = rng.choice(samples)
    data = path.read_bytes()
    names = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        mutation = rng.choice(MUTATIONS)
        data = mutation(rng, data)
        names.append(mutation.__name__)
    return data, f"{seed} {path.name} {'+'.join(names)}"


def unpacked_size(data: bytes) -> int:
    """How much a file holds: packed JSON shrinks to a twentieth, and it is what comes out that has to be held."""
    try:
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return max(len(data), *(entry.file_size for entry in archive.infolist()))
        return max(len(data), len(gzip.decompress(data)))
    except Exception:
        return len(data)


def outcome_of(path: Path) -> str:
    """How reading ends: understood, or the status of the first outcome. Any exception is a bug."""
    for found in found_in(path, is_named=False):
        if isinstance(found, Outcome):
            assert found.error is None or len(found.error) < 1000
            return found.status.value
        try:
            normalize(found.mapping)
        except InputError:
            return "refused"
    return "understood"


def main(count: int, folder: Path | None) -> int:
    samples = sample_files() + (sample_files(folder) if folder else [])
    ends: Counter[str] = Counter()
    bad: list[str] = []
    slowest = largest = (0.0, "")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        for seed in range(count):
            data, origin = mutated(seed, samples)
            file = path / (
                "a" + random.Random(seed).choice(("", ".json", ".vtt", ".srt", ".txt", ".csv", ".jsonl", ".zip", ".gz"))
            )
            file.write_bytes(data)
            is_measured = seed % 10 == 0  # tracing makes everything several times slower
            if is_measured:
                tracemalloc.start()
            started = time.process_time()
            try:
                ends[outcome_of(file)] += 1
            except Exception as error:
                bad.append(f"{origin}: {type(error).__name__} {error}")
            taken = time.process_time() - started
            if is_measured:
                times = (tracemalloc.get_traced_memory()[1] - FREE_BYTES) / max(1, unpacked_size(data))
                tracemalloc.stop()
                largest = max(largest, (times, f"{origin} {len(data):,} bytes"))
            else:
                slowest = max(slowest, (taken, f"{origin} {len(data):,} bytes"))
            file.unlink()
    report = [
        f"{count:,} mutations of {len(samples)} samples: {dict(ends)}",
        f"slowest {slowest}",
        f"most memory, times the input {largest}",
    ]
    sys.stdout.write("\n".join([*report, f"{len(bad)} crashes", *bad[:20]]) + "\n")
    return 1 if bad or slowest[0] > MAX_S or largest[0] > MAX_TIMES else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
