import hashlib
import json
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli import readers
from meetcli.errors import InputError
from meetcli.models import Outcome, Source, Status
from meetcli.readers import Rereader, Transcript, Unit, parse, read
from meetcli.readers.raw import Raw

ONE = {"transcript": "Ana: oi", "metadata": {"meeting_id": "M1"}}
RAW = {"meet_id": "M2", "meet_transcription": "Bob: olá"}
CANARY = "CANARY-7f3a"


def source_of(path, *, is_named=True):
    return Source(Path(path), Path(path).name, str(path), Path(path).name, is_named)


@pytest.fixture
def put(tmp_path):
    def write(content, name="a.json", *, is_named=True):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode())
        return source_of(path, is_named=is_named)

    return write


def all_of(source, **options):
    found = []
    for unit in read(source, **options):
        found.extend([unit] if isinstance(unit, Outcome) else parse(unit))
    return found


def mappings(found):
    return [one.mapping if isinstance(one, Transcript) else one.status for one in found]


def only_failure(source, **options):
    [found] = all_of(source, **options)
    assert isinstance(found, Outcome), found
    assert found.status is Status.FAILED
    assert found.error
    return found


class TestShapes:
    @pytest.mark.parametrize("meeting", [ONE, RAW])
    def test_one_meeting(self, put, meeting):
        [found] = all_of(put(meeting))
        assert found.mapping == meeting
        assert (found.source.place, found.source.offset, found.format) == (None, None, "meetcli JSON")

    def test_a_list(self, put):
        found = all_of(put([ONE, RAW]))
        assert mappings(found) == [ONE, RAW]
        assert [one.source.place for one in found] == [1, 2]

    def test_json_lines(self, put):
        content = f"{json.dumps(ONE)}\r\n\n{json.dumps(RAW)}\n".encode()
        found = all_of(put(content, "a.jsonl"))
        assert mappings(found) == [ONE, RAW]
        assert [one.source.place for one in found] == [1, 3]
        for one in found:
            line = content[one.source.offset : one.source.offset + one.source.size]
            assert json.loads(line) == one.mapping

    @pytest.mark.parametrize("name", ["a.json", "a", "stdin", "a.txt"])
    def test_json_lines_by_content(self, put, name):
        found = all_of(put(f"\n{json.dumps(ONE)}\n{json.dumps(RAW)}".encode(), name))
        assert [one.source.place for one in found] == [2, 3]

    def test_one_line_is_a_place_only_where_the_suffix_says_lines(self, put):
        assert all_of(put(ONE, "a.jsonl"))[0].source.place == 1
        assert all_of(put(ONE, "a.json"))[0].source.place is None

    def test_a_pretty_document_with_the_suffix_of_lines_is_a_document(self, put):
        assert mappings(all_of(put(json.dumps(ONE, indent=1).encode(), "a.jsonl"))) == [ONE]

    @pytest.mark.parametrize("name", ["a", "a.txt", "stdin"])
    def test_are_known_by_content_not_suffix(self, put, name):
        assert mappings(all_of(put(ONE, name))) == [ONE]

    @pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a"])
    def test_a_bom_and_crlf_just_work(self, put, name):
        content = (
            b"\xef\xbb\xbf"
            + json.dumps(ONE, indent=1 if name == "a.json" else None).replace("\n", "\r\n").encode()
            + b"\r\n"
        )
        assert mappings(all_of(put(content, name))) == [ONE]

    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(["customer_id", "x", "é"]),
                st.text() | st.none() | st.integers() | st.lists(st.booleans()),
                max_size=3,
            ),
            min_size=2,
            max_size=5,
        ),
        st.sampled_from(["list", "lines"]),
        st.booleans(),
    )
    def test_any_json_comes_back_as_it_was(self, tmp_path_factory, extras, shape, is_ascii):
        meetings = [{**ONE, "extra": extra} for extra in extras]
        texts = [json.dumps(meeting, ensure_ascii=is_ascii) for meeting in meetings]
        content = f"[{','.join(texts)}]" if shape == "list" else "\n".join(texts)
        path = tmp_path_factory.mktemp("any") / "a.json"
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
        assert mappings(all_of(source_of(path))) == meetings


class TestDigest:
    def test_is_of_the_bytes(self, put):
        source = put(ONE)
        [unit] = read(source)
        assert unit.sha256 == hashlib.sha256(source.path.read_bytes()).hexdigest()

    def test_of_a_line_is_of_its_bytes_without_the_end(self, put):
        line = json.dumps(ONE).encode()
        digests = {unit.sha256 for unit in read(put(line + b"\r\n" + line, "a.jsonl"))}
        assert digests == {hashlib.sha256(line).hexdigest()}


class TestBadJson:
    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "empty"),
            (b" \n", "empty"),
            (b"\xef\xbb\xbf", "empty"),
            (f"no json {CANARY}".encode(), "not valid JSON"),
            (f'{{"transcript": "{CANARY}'.encode(), "cut off"),
            (f'{{"transcript": "{CANARY}"'.encode(), "cut off"),
            (f'{{"transcript": "{CANARY}", }}'.encode(), "line 1, column"),
            (f'{{"transcript": "{CANARY}"}} {CANARY}'.encode(), "line 1, column"),
            (f'{{\n"transcript": "a\nb{CANARY}"}}'.encode(), "line 2, column 17"),
            (f'{{"transcript": "\\q{CANARY}"}}'.encode(), "line 1, column"),
            (f'{{"transcript": "{CANARY}\0"}}'.encode(), "line 1, column"),
            (b"\0" * 100, "NUL"),
            (json.dumps({"transcript": CANARY}).encode("utf-16"), "UTF-16"),
            (json.dumps({"transcript": CANARY}).encode("utf-16-le"), "UTF-16"),
            (json.dumps({"transcript": CANARY}).encode("utf-16-be"), "UTF-16"),
            (json.dumps({"transcript": f"{CANARY} não"}, ensure_ascii=False).encode("latin-1"), "Latin-1"),
            (json.dumps({"transcript": f"{CANARY} “n”"}, ensure_ascii=False).encode("cp1252"), "Windows-1252"),
            (json.dumps({"transcript": f"{CANARY}ã"}, ensure_ascii=False).encode()[:-3], "cut off"),
            (b"[" * 100_000, "nested too deeply"),
            (b'{"transcript":' * 100_000, "nested too deeply"),
            (b'{"transcript": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        ],
    )
    @pytest.mark.parametrize("is_named", [True, False])
    def test_fails_and_says_where_without_quoting(self, put, content, says, is_named):
        failure = only_failure(put(content, is_named=is_named))
        assert says in failure.error
        assert CANARY not in repr(failure)

    @pytest.mark.parametrize(
        ("text", "field", "says"),
        [
            ('{"transcript": NaN}', "transcript", "NaN"),
            ('{"transcript": "a", "metadata": {"meet_type": Infinity}}', "metadata.meet_type", "Infinity"),
            ('{"transcript": "a", "metadata": {"x": [1, -Infinity]}}', "metadata.x[2]", "-Infinity"),
            ('{"transcript": "a", "score": 1e999}', "score", "too large"),
            (
                '{"transcript": "a", "metadata": {"meeting_id": ' + "9" * 5000 + "}}",
                "metadata.meeting_id",
                "5,000 digits",
            ),
            ('{"transcript": "a", "transcript": "b"}', "the meeting", "transcript twice"),
            ('{"transcript": "a", "metadata": {"meeting_id": "1", "meeting_id": "1"}}', "metadata", "meeting_id twice"),
            (f'{{"transcript": "a", "{CANARY} x": 1, "{CANARY} x": 2}}', "the meeting", "a key of 13 characters twice"),
        ],
    )
    def test_values_that_json_does_not_have_name_their_field(self, put, text, field, says):
        failure = only_failure(put(text.encode()))
        assert failure.error.startswith(f"{field} ")
        assert says in failure.error
        assert CANARY not in failure.error

    def test_in_a_list_leave_the_other_places_alone(self, put):
        found = all_of(
            put(
                f'[{json.dumps(ONE)}, {{"transcript": NaN}}, {{"a": 1, "a": 2}}, 7, {{"x": 1}}, {json.dumps(RAW)}]'.encode()
            )
        )
        assert mappings(found) == [ONE, Status.FAILED, Status.FAILED, Status.FAILED, Status.FAILED, RAW]
        assert [one.source.place for one in found] == [1, 2, 3, 4, 5, 6]

    def test_in_a_line_leaves_the_other_lines_alone(self, put):
        lines = [json.dumps(ONE), '{"transcript": "cut', "[]", '{"x": 1}', json.dumps(RAW)]
        found = all_of(put("\n".join(lines).encode(), "a.jsonl", is_named=False))
        assert mappings(found) == [ONE, Status.FAILED, Status.FAILED, Status.FAILED, RAW]

    def test_a_bad_first_line_leaves_the_other_lines_alone(self, put):
        found = all_of(put(b"{cut\n" + json.dumps(ONE).encode(), "a.jsonl"))
        assert mappings(found) == [Status.FAILED, ONE]

    def test_a_file_of_nothing_but_bad_lines_is_one_failure(self, put):
        assert "none of its first 100 lines" in only_failure(put(b"{cut\n" * 5000, "a.jsonl", is_named=False)).error
        assert len(all_of(put(b"{cut\n" * 99, "a.jsonl"))) == 99
        assert mappings(all_of(put(b"{cut\n" * 99 + json.dumps(ONE).encode(), "a.jsonl"))) == [Status.FAILED] * 99 + [
            ONE
        ]

    def test_ids_without_a_text_are_a_meeting_whose_text_is_missing(self, put):
        mapping = {"metadata": {"meeting_id": "M1"}}
        assert mappings(all_of(put(mapping, is_named=False))) == [mapping]


class TestNoTranscript:
    @pytest.mark.parametrize(
        ("content", "name", "reason"),
        [
            (b'{"name": "x", "version": 1}', "package.json", "no_transcript"),
            (b"[]", "a.json", "no_transcript"),
            (b"[1, 2]", "a.json", "no_transcript"),
            (b'"text"', "a.json", "no_transcript"),
            (b"", "a.jsonl", "no_transcript"),
            (b"", "a.txt", "no_transcript"),
            (b'{"level": "info"}\n' * 1000, "log.jsonl", "no_transcript"),
            (b'{"metadata": {"customer_id": "C1"}, "amount": 5}', "invoice.json", "no_transcript"),
            (b"hello", "a.txt", "no_transcript"),
            (b"[00:01:02] Ana", "a.txt", "no_transcript"),
            (b"[[note]]", "a.md", "no_transcript"),
            ("não".encode("latin-1"), "a.txt", "no_transcript"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.png", "no_transcript"),
            (
                b'{"provenance": {"meetcli_version": "1", "fingerprint": "f"}, "transcript": "x"}',
                "a.extract.json",
                "own_result",
            ),
            (b'[{"provenance": {"meetcli_version": "1", "fingerprint": "f"}}]', "a.json", "own_result"),
            (b'{"provenance": {"meetcli_version": "1", "fingerprint": "f"}}\n' * 2, "r.jsonl", "own_result"),
        ],
    )
    def test_is_skipped_once_in_a_folder_and_fails_once_when_named(self, put, content, name, reason):
        [found] = all_of(put(content, name, is_named=False))
        assert (found.status, found.reason, found.error) == (Status.SKIPPED, reason, None)
        failure = only_failure(put(content, name))
        assert failure.reason == reason

    def test_says_what_was_tried(self, put):
        assert "WebVTT, SRT" in only_failure(put(b"hello", "a.txt")).error
        assert "meetcli JSON" in only_failure(put(b"{}", "a.json")).error


class TestFiles:
    def test_too_large(self, put):
        source = put(ONE)
        assert "larger than 10 bytes" in only_failure(source, max_bytes=10).error
        assert mappings(all_of(source, max_bytes=source.path.stat().st_size)) == [ONE]

    def test_300_mb_are_refused_unread(self, tmp_path):
        path = tmp_path / "a.json"
        with path.open("wb") as file:
            file.write(b'{"transcript": "')
            file.truncate(300_000_000)
        tracemalloc.start()
        assert "50,000,000" in only_failure(source_of(path)).error
        assert tracemalloc.get_traced_memory()[1] < 110_000_000
        tracemalloc.stop()

    def test_a_large_recording_in_a_folder_is_skipped_unread(self, tmp_path):
        for name, start in (("a.mp4", b"\0\0\0\x20ftypisom"), ("a.log", b"x" * 300_000)):
            path = tmp_path / name
            with path.open("wb") as file:
                file.write(start)
                file.truncate(60_000_000)
            [found] = all_of(source_of(path, is_named=False))
            assert found.status is Status.SKIPPED

    def test_a_large_file_of_lines_is_read_line_by_line(self, tmp_path):
        path = tmp_path / "a.jsonl"
        line = json.dumps({"transcript": "Ana: " + "oi " * 30_000}).encode() + b"\n"
        path.write_bytes(line * 200)
        tracemalloc.start()
        count = sum(1 for unit in read(source_of(path), max_bytes=100_000) if isinstance(unit, Unit))
        assert tracemalloc.get_traced_memory()[1] < 10 * len(line)
        tracemalloc.stop()
        assert count == 200

    def test_a_line_too_long_fails_alone(self, put):
        lines = [json.dumps(ONE), json.dumps({"transcript": "x" * 200_000}), json.dumps(RAW)]
        found = all_of(put("\n".join(lines).encode(), "a.jsonl"), max_bytes=1000)
        assert mappings(found) == [ONE, Status.FAILED, RAW]
        assert [one.source.place for one in found] == [1, 2, 3]
        assert found[2].source.offset == len(lines[0]) + len(lines[1]) + 2

    def test_that_grows_while_it_is_read_is_still_bounded(self, put):
        source = put(ONE)
        with Raw(source.path) as raw:
            with source.path.open("ab") as file:
                file.write(b" " * 1000)
            raw.head = b""
            with pytest.raises(InputError, match="larger than 100 bytes"):
                raw.whole(100)

    def test_a_middle_sized_file_is_read_whole(self, put):
        big = {"transcript": "Ana: " + "oi " * 200_000}
        assert mappings(all_of(put(big))) == [big]

    def test_links_that_lead_nowhere_say_so(self, tmp_path):
        (tmp_path / "broken.json").symlink_to("gone.json")
        (tmp_path / "circle.json").symlink_to("circle.json")
        assert (
            "link to a file that is not there"
            in only_failure(source_of(tmp_path / "broken.json", is_named=False)).error
        )
        assert "symbolic links" in only_failure(source_of(tmp_path / "circle.json", is_named=False)).error

    def test_pipes_devices_and_folders_fail_at_once(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        assert "pipe" in only_failure(source_of(tmp_path / "pipe")).error
        assert "device" in only_failure(source_of("/dev/zero")).error
        assert "folder" in only_failure(source_of(tmp_path)).error

    def test_that_cannot_be_read_say_why(self, put, monkeypatch):
        source = put(ONE)

        def refuse(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
        assert "Permission denied" in only_failure(source).error

    def test_that_break_while_they_are_read_fail_and_are_closed(self, put, monkeypatch):
        source = put(ONE)
        before = len(list(Path("/dev/fd").iterdir()))

        def fail(*_):
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(os, "read", fail)
            assert "Input/output error" in only_failure(source).error
        assert len(list(Path("/dev/fd").iterdir())) == before

    def test_are_closed_when_the_reading_is_given_up(self, put):
        before = len(list(Path("/dev/fd").iterdir()))
        units = read(put(b'{"transcript": "a"}\n' * 3))
        next(units)
        units.close()
        assert len(list(Path("/dev/fd").iterdir())) == before


class TestRereader:
    def test_gives_each_place_again(self, put):
        for source in (
            put(ONE),
            put([ONE, RAW], "list.json"),
            put(f"{json.dumps(ONE)}\n{json.dumps(RAW)}".encode(), "lines.jsonl"),
        ):
            rereader = Rereader()
            for unit in read(source):
                for found in parse(unit):
                    assert rereader.read(found.source, unit.sha256) == found

    def test_parses_a_list_once(self, put, monkeypatch):
        [unit] = read(put([ONE] * 5))
        places = parse(unit)
        opened = []
        open_content = readers.open_content
        monkeypatch.setattr(
            readers, "open_content", lambda *given, **options: opened.append(given) or open_content(*given, **options)
        )
        rereader = Rereader()
        for found in places:
            rereader.read(found.source, unit.sha256)
        assert len(opened) == 1

    @pytest.mark.parametrize("change", [b'{"transcript": "Ana: no", "metadata": {"meeting_id": "M1"}}', b"", None])
    def test_refuses_what_has_changed(self, put, change):
        source = put(ONE)
        [unit] = read(source)
        [found] = parse(unit)
        if change is None:
            source.path.unlink()
        else:
            source.path.write_bytes(change)
        with pytest.raises(InputError):
            Rereader().read(found.source, unit.sha256)

    def test_refuses_a_line_that_has_moved(self, put):
        source = put(f"{json.dumps(ONE)}\n{json.dumps(RAW)}".encode(), "a.jsonl")
        units = list(read(source))
        source.path.write_bytes(b"\n" + source.path.read_bytes())
        with pytest.raises(InputError, match="changed"):
            Rereader().read(units[1].source, units[1].sha256)


@pytest.mark.shared
def test_the_reference_meetings_are_read_and_their_papers_are_skipped():
    shared = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    meetings = sorted(shared.glob("transcripts/*/*.json"))
    if not meetings:
        pytest.skip("the reference data is not beside the project")
    for path in meetings:
        [found] = all_of(source_of(path))
        assert isinstance(found, Transcript)
    for name in ("README.md", "SOURCES.md", "zoom-vtt/meeting001_chat.txt"):
        [found] = all_of(source_of(shared / "formats" / name, is_named=False))
        assert found.status is Status.SKIPPED, name
