"""Archives and compressed files: a folder in one file, with the same rules, and no bomb or odd path does harm."""

from __future__ import annotations

import gc
import gzip
import io
import json
import random
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from meetcli.errors import InputError
from meetcli.meetings.normalize import normalize
from meetcli.models import Outcome, Status
from meetcli.readers import Rereader, Transcript, Unit, parse, read
from meetcli.readers.containers import MAX_MEMBERS
from meetcli.readers.raw import Raw
from tests.readers.formats_seen import SAMPLES, found_in, source_of

ONE = {"transcript": "Ana: oi", "metadata": {"meeting_id": "M1"}}
TWO = {"transcript": "Bob: olá", "metadata": {"meeting_id": "M2"}}
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>oi\n"


def zipped(members, **options):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members:
            archive.writestr(name, content if isinstance(content, str | bytes) else json.dumps(content))
    return stream.getvalue()


@pytest.fixture
def put(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def places(found):
    return [(one.source.result_path, one.source.place) for one in found if isinstance(one, Transcript)]


def skipped(found):
    return [(one.source.shown.rpartition(".zip/")[2], one.reason) for one in found if isinstance(one, Outcome)]


class TestZip:
    def test_holds_files_that_are_read_as_those_of_a_folder(self, put):
        members = [
            ("b/q3.vtt", VTT),
            ("a.json", ONE),
            ("b/", ""),
            ("notes.bin", b"\0\1"),
            (".hidden.json", ONE),
            ("__MACOSX/a.json", ONE),
        ]
        found = found_in(put("exports.zip", zipped(members)))
        assert places(found) == [("exports.zip", 1), ("exports.zip", 2)]
        assert [one.source.name for one in found[:2]] == ["q3.vtt", "a.json"]
        assert skipped(found) == [
            ("notes.bin", "no_transcript"),
            (".hidden.json", "hidden"),
            ("__MACOSX/a.json", "hidden"),
        ]

    def test_gives_a_file_what_its_sidecar_beside_it_says(self, put):
        members = [
            ("a/q3.vtt", VTT),
            ("a/q3.meta.json", {"meeting_id": "S"}),
            ("q3.vtt", VTT),
            ("b.vtt", VTT),
            ("b.vtt.meta.json", "{"),
        ]
        found = found_in(put("e.zip", zipped(members)))
        first, sidecar, second, broken, _ = found
        assert [one.source.given for one in (first, second)] == [(("meeting_id", "S"),), ()]
        assert normalize(first.mapping).meeting_id == "S"
        assert sidecar.reason == "sidecar"
        assert "its b.vtt.meta.json is not valid JSON" in broken.error

    def test_gives_lists_and_lines_inside_it_two_places(self, put):
        lines = f"{json.dumps(ONE)}\n{json.dumps(TWO)}"
        found = found_in(
            put(
                "e.zip",
                zipped(
                    [("l.jsonl", lines), ("l.json", [ONE, TWO]), ("o.json.gz", gzip.compress(json.dumps(ONE).encode()))]
                ),
            )
        )
        assert places(found) == [("e.zip.1", 1), ("e.zip.1", 2), ("e.zip.2", 1), ("e.zip.2", 2), ("e.zip", 3)]

    @pytest.mark.parametrize("is_named", [True, False])
    def test_without_a_transcript_is_one_file_that_is_none(self, put, is_named):
        path = put(
            "letter.docx", zipped([("[Content_Types].xml", "<Types/>"), ("word/document.xml", "<w:document/>" * 100)])
        )
        [found] = found_in(path, is_named=is_named)
        assert found.status is (Status.FAILED if is_named else Status.SKIPPED)

    def test_with_a_broken_transcript_only_fails(self, put):
        [found] = found_in(put("e.zip", zipped([("a.json", '{"transcript": "cut')])), is_named=False)
        assert (found.status, found.source.place) == (Status.FAILED, 1)
        assert "e.zip/a.json" in found.source.label

    def test_is_known_by_its_bytes_also_when_it_is_empty(self, put):
        assert places(found_in(put("exports", zipped([("a.json", ONE)])))) == [("exports", 1)]
        [found] = found_in(put("empty.zip", zipped([])))
        assert "empty archive" in found.error

    @pytest.mark.parametrize(
        "name", ["../../etc/passwd.json", "/etc/a.json", "..\\..\\a.json", "a/./b/../../../c.json", ".."]
    )
    def test_uses_no_path_that_leads_out(self, put, name):
        content = zipped([(name, ONE)])
        for found in found_in(put("e.zip", content)):
            assert ".." not in found.source.shown.partition("e.zip")[2]
            assert found.source.result_path == "e.zip"

    def test_that_is_encrypted_or_linked_says_so_for_the_member(self, put):
        linked = zipfile.ZipInfo("l.json")
        linked.external_attr = 0o120777 << 16
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("a.json", json.dumps(ONE))
            archive.writestr(linked, "/etc/passwd")
            archive.writestr("s.json", json.dumps(ONE))
        content = bytearray(stream.getvalue())
        at = content.rindex(b"PK\x01\x02")
        content[at + 8] |= 1
        found = found_in(put("e.zip", bytes(content)))
        assert [one.status for one in found[1:]] == [Status.SKIPPED, Status.FAILED]
        assert "encrypted" in found[2].error

    def test_inside_a_zip_is_not_opened(self, put):
        found = found_in(put("e.zip", zipped([("a.json", ONE), ("in.zip", zipped([("b.json", ONE)]))])))
        assert skipped(found) == [("in.zip", "no_transcript")]

    @pytest.mark.parametrize("cut", [1, 30, 200, 10_000])
    def test_that_is_damaged_fails(self, put, cut):
        content = zipped([("a.json", {"transcript": "Ana: " + "oi " * 30, "x": [str(i) for i in range(9_000)]})])
        [found] = found_in(put("e.zip", content[:-cut]), is_named=False)
        assert found.status is Status.FAILED
        assert "zip archive" in found.error

    def test_with_garbage_in_a_member_harms_no_other(self, put):
        content = bytearray(
            zipped([("a.json", ONE), ("b.json", {"x": [str(i) for i in range(9_000)]}), ("c.json", TWO)])
        )
        middle = content.index(b"b.json") + 500
        content[middle : middle + 50] = bytes(50)
        found = found_in(put("e.zip", bytes(content)))
        assert [isinstance(one, Transcript) for one in found] == [True, False, True]
        assert "cannot be unpacked" in found[1].error


class TestOtherThings:
    """What only shares the packing is skipped in a folder, as it would be outside of it."""

    @pytest.mark.parametrize("name", ["program.jar", "sheet.xlsx", "noname"])
    def test_damaged_archives_by_other_names(self, put, name):
        [found] = found_in(put(name, zipped([("a.json", ONE)])[:-5]), is_named=False)
        assert found.status is Status.SKIPPED

    @pytest.mark.parametrize("content", [b"\0" * 60_000_000, b"no transcript " * 5_000_000])
    def test_large_recordings_and_logs(self, put, content):
        for name, data in (
            ("backup.gz", gzip.compress(content, 1)),
            ("e.zip", zipped([("a.json", ONE), ("talk.mp4", content)], compresslevel=1)),
        ):
            assert found_in(put(name, data), is_named=False)[-1].status is Status.SKIPPED

    def test_damaged_gzip_of_anything(self, put):
        [found] = found_in(put("log.gz", gzip.compress(b"x" * 999)[:-9]), is_named=False)
        assert found.status is Status.SKIPPED


class TestBombs:
    def test_a_member_that_grows_too_much_is_refused(self, put):
        found = found_in(put("e.zip", zipped([("a.json", ONE), ("bomb.json", b" " * 30_000_000)])))
        assert "200 times its size" in found[1].error

    def test_a_gzip_that_grows_too_much_is_refused_unread(self, put):
        path = put("bomb.json.gz", gzip.compress(b" " * 100_000_000))
        tracemalloc.start()
        [found] = found_in(path)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
        tracemalloc.stop()
        assert "200 times its size" in found.error

    def test_what_comes_out_is_bounded_as_a_file_is(self, put):
        noise = bytes(range(32, 127)) * 400
        path = put("a.json.gz", gzip.compress(noise))
        [found] = read(source_of(path), max_bytes=10_000)
        assert "larger than 10,000 bytes" in found.error

    def test_an_archive_that_promises_too_many_files_is_refused_before_they_are_listed(self, put):
        content = bytearray(zipped([("a.json", ONE)]))
        end = content.rindex(b"PK\x05\x06")
        struct.pack_into("<HH", content, end + 8, MAX_MEMBERS + 1, MAX_MEMBERS + 1)
        [found] = found_in(put("e.zip", bytes(content)))
        assert "more than 10,000 files" in found.error

    def test_an_archive_that_hides_its_files_in_a_record_of_64_bits_is_refused_too(self, put):
        content = zipped([("a.json", ONE)])
        end = content.rindex(b"PK\x05\x06")
        size, offset = struct.unpack_from("<LL", content, end + 12)
        # The library reads as many bytes of the directory as this record says, and counts the files in them itself.
        record = struct.pack(
            "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, MAX_MEMBERS + 1, MAX_MEMBERS + 1, size, offset
        )
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
        [found] = found_in(put("e.zip", content[:end] + record + locator + content[end:]))
        assert "more than 10,000 files" in found.error
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, offset)
        assert places(found_in(put("e.zip", content[:end] + record + locator + content[end:]))) == [("e.zip", 1)]

    def test_files_that_share_their_bytes_are_refused(self, put):
        content = zipped([("a.json", ONE)])
        start, end = content.index(b"PK\x01\x02"), content.rindex(b"PK\x05\x06")
        directory = content[start:end] * 1_000
        record = bytearray(content[end:])
        struct.pack_into("<HHL", record, 8, 1_000, 1_000, len(directory))
        [found] = found_in(put("e.zip", content[:start] + directory + record))
        assert "overlap" in found.error

    def test_an_archive_is_bounded_as_a_whole(self, put):
        text = json.dumps({"transcript": "Ana: " + "oi tudo bem " * 50})
        path = put("e.zip", zipped([(f"{number}.json", text) for number in range(60)]))
        found = list(read(source_of(path), max_bytes=1_000))
        assert isinstance(found[-1], Outcome)
        assert "more than 20,000 bytes" in found[-1].error


MEMBERS = 20
NOISE = random.Random(7).randbytes(400_000).hex()
"""Does not shrink by more than half, so that no limit but the one that is meant is met."""


class TestMemory:
    """What was refused is gone before the next one is read, also while nobody collects garbage, as in a run."""

    @pytest.mark.parametrize(
        ("name", "body", "max_bytes"),
        [
            ("large.json", json.dumps({"transcript": f"Ana: {NOISE}"}), 500_000),
            ("broken.json", '{"transcript": "' + NOISE, 5_000_000),
            ("latin.txt", b"Ana: \xe9 " + NOISE.encode(), 5_000_000),
            ("other.json", json.dumps({"other": NOISE}), 5_000_000),
            ("other.txt", NOISE, 5_000_000),
            ("cut.json.gz", gzip.compress(json.dumps({"transcript": NOISE}).encode())[:-20], 5_000_000),
            ("large.json.gz", gzip.compress(json.dumps({"transcript": NOISE}).encode()), 700_000),
        ],
    )
    def test_is_that_of_one_file_of_an_archive(self, put, name, body, max_bytes):
        path = put("e.zip", zipped([(f"{number}{name}", body) for number in range(MEMBERS)], compresslevel=1))
        assert peak(lambda: list(read_and_parsed(path, max_bytes))) < 8_000_000

    def test_is_that_of_one_damaged_file_of_an_archive(self, put):
        content = bytearray(zipped([(f"{number}.json", NOISE) for number in range(MEMBERS)], compresslevel=1))
        place = 0
        while (place := content.find(b"PK\x01\x02", place + 1)) > 0:
            content[place + 16] ^= 1  # the checksum, which is known to be wrong when all has been unpacked
        path = put("e.zip", bytes(content))
        assert peak(lambda: list(read_and_parsed(path, 5_000_000))) < 8_000_000

    def test_is_that_of_one_file_that_is_read_a_second_time(self, put):
        body = json.dumps({"transcript": f"Ana: {NOISE}"})
        path = put("e.zip", zipped([(f"{number}.json", body) for number in range(MEMBERS)], compresslevel=1))
        found = [(unit.source, unit.sha256) for unit in read(source_of(path))]

        def read_again():
            rereader = Rereader()
            for source, sha256 in found:
                rereader.read(source, sha256)

        assert peak(read_again) < 8_000_000  # the archive itself has 8


def read_and_parsed(path, max_bytes):
    for unit in read(source_of(path, is_named=False), max_bytes=max_bytes):
        yield from [unit] if isinstance(unit, Outcome) else [one.source for one in parse(unit)]


def peak(work):
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.enable()


class TestGzip:
    @pytest.mark.parametrize("name", ["q3.vtt.gz", "q3.vtt", "q3", "stdin"])
    def test_is_the_file_it_holds(self, put, name):
        [found] = found_in(put(name, gzip.compress(VTT.encode())))
        assert (found.format, found.source.place, found.source.result_path) == ("WebVTT", None, name)

    def test_holds_lines(self, put):
        lines = f"{json.dumps(ONE)}\n{json.dumps(TWO)}".encode()
        assert places(found_in(put("a.jsonl.gz", gzip.compress(lines[:20]) + gzip.compress(lines[20:])))) == [
            ("a.jsonl.gz", 1),
            ("a.jsonl.gz", 2),
        ]

    @pytest.mark.parametrize(
        "damage", [lambda data: data[:-9], lambda data: data[:12], lambda data: data[:20] + b"\0" * 9 + data[29:]]
    )
    def test_that_is_damaged_fails(self, put, damage):
        [found] = found_in(put("a.json.gz", damage(gzip.compress(json.dumps(ONE).encode() * 3))), is_named=False)
        assert found.status is Status.FAILED
        assert "not valid gzip" in found.error


class TestReadAgain:
    def test_each_meeting_of_a_container_is_found_again(self, put):
        lines = f"{json.dumps(ONE)}\n{json.dumps(TWO)}"
        gong = (SAMPLES / "documented" / "gong.json").read_bytes()
        content = zipped(
            [
                ("l.jsonl", lines),
                ("skip.bin", b"\0"),
                ("l.json", [TWO, ONE]),
                ("g.json", gong),
                ("l.jsonl.gz", gzip.compress(lines.encode())),
            ]
        )
        for path in (put("e.zip", content), put("l.jsonl.gz", gzip.compress(lines.encode())), put("gong.json", gong)):
            rereader = Rereader()
            units = [unit for unit in read(source_of(path)) if isinstance(unit, Unit)]
            found = [(unit, one) for unit in units for one in parse(unit) if isinstance(one, Transcript)]
            assert len(found) > 1
            for unit, one in [*found, *reversed(found)]:
                again = rereader.read(one.source, unit.sha256)
                assert (again.mapping, again.source) == (one.mapping, one.source)

    @pytest.mark.parametrize("max_bytes", [50_000_000, 500])
    def test_an_archive_is_listed_once_for_its_files(self, put, monkeypatch, max_bytes):
        path = put("e.zip", zipped([(f"{number}.json", {**ONE, "n": number}) for number in range(9)]))
        assert path.stat().st_size > 500
        listed = []
        original = zipfile.ZipFile.__init__
        monkeypatch.setattr(
            zipfile.ZipFile,
            "__init__",
            lambda self, *args, **options: listed.append(1) or original(self, *args, **options),
        )
        units = list(read(source_of(path), max_bytes=max_bytes))
        assert len(listed) == 1
        rereader = Rereader(max_bytes=max_bytes)
        assert [rereader.read(unit.source, unit.sha256).mapping["n"] for unit in units] == list(range(9))
        assert len(listed) == 2

    def test_an_archive_is_given_back_for_the_next_one_and_at_the_end(self, put, monkeypatch):
        closed = []
        original = Raw.close
        monkeypatch.setattr(Raw, "close", lambda self: closed.append(self.size) or original(self))
        paths = [put(f"{name}.zip", zipped([("a.json", {**ONE, "n": name})])) for name in ("one", "second")]
        units = [unit for path in paths for unit in read(source_of(path))]
        closed.clear()
        rereader = Rereader()
        for unit in units:
            rereader.read(unit.source, unit.sha256)
        assert closed == [paths[0].stat().st_size]
        del rereader
        assert closed == [path.stat().st_size for path in paths]

    def test_an_archive_that_was_written_anew_is_opened_anew(self, put):
        path = put("e.zip", zipped([("a.json", ONE), ("b.json", ONE)]))
        units = list(read(source_of(path)))
        rereader = Rereader()
        rereader.read(units[0].source, units[0].sha256)
        put("e.zip", zipped([("a.json", ONE), ("b.json", TWO)]))
        with pytest.raises(InputError, match="has changed"):
            rereader.read(units[1].source, units[1].sha256)
        put("e.zip", b"no archive any more")
        with pytest.raises(InputError):
            rereader.read(units[1].source, units[1].sha256)

    def test_a_container_is_unpacked_once_for_its_lines(self, put, monkeypatch):
        path = put("l.jsonl.gz", gzip.compress("\n".join([json.dumps(ONE)] * 5).encode()))
        units = list(read(source_of(path)))
        opened = []
        original = gzip.GzipFile.__init__
        monkeypatch.setattr(
            gzip.GzipFile,
            "__init__",
            lambda self, *args, **options: opened.append(1) or original(self, *args, **options),
        )
        rereader = Rereader()
        for unit in units:
            rereader.read(unit.source, unit.sha256)
        assert len(opened) == 1


def test_what_is_given_fills_what_is_absent_and_no_id_is_given_to_many(put):
    given = (("meeting_id", "G"), ("customer_id", "C"))

    def identify(source):
        return source._replace(given=given)

    contents = {
        "own.json": json.dumps({"transcript": "Ana: oi", "metadata": {"meeting_id": "own", "customer_id": " "}}),
        "raw.json": json.dumps({"meet_transcription": "Ana: oi", "meet_id": "own"}),
        "a.vtt": VTT,
        "list.json": json.dumps([ONE["transcript"] and {"transcript": "Ana: oi"}, ONE]),
        "l.jsonl": '{"transcript": "Ana: oi"}\n{"transcript": "Ana: oi"}',
        "t.csv": "meeting_id,transcript\n,Ana: oi\n",
    }
    seen = {}
    for name, content in contents.items():
        path = put(name, content.encode())
        found = [one for unit in read(source_of(path), identify=identify) for one in parse(unit)]
        seen[name] = [
            (meeting.meeting_id, meeting.customer_id) for meeting in (normalize(one.mapping) for one in found)
        ]
    assert seen == {
        "own.json": [("own", "C")],
        "raw.json": [("own", "C")],
        "a.vtt": [("G", "C")],
        "list.json": [(None, "C"), ("M1", "C")],
        "l.jsonl": [(None, "C"), (None, "C")],
        "t.csv": [(None, "C")],
    }
    path = put("e.zip", zipped([("a.vtt", VTT), ("l.json", [ONE, {"transcript": "x"}])]))
    found = [one for unit in read(source_of(path), identify=identify) for one in parse(unit)]
    assert [normalize(one.mapping).meeting_id for one in found] == ["G", "M1", None]


def test_a_stream_cut_anywhere_ends_in_an_outcome(put):
    content = zipped([("a.json", ONE), ("b.vtt", VTT)])
    packed = gzip.compress(VTT.encode())
    for whole, name in ((content, "e.zip"), (packed, "a.vtt.gz"), (zlib.compress(packed), "a.vtt.gz")):
        for end in range(0, len(whole), 3):
            assert found_in(put(name, whole[:end]))
