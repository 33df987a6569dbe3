import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.errors import InputError, UsageError
from meetcli.meetings.identity import FIELDS, Identity
from meetcli.models import Source

CANARY = "CANARY-7f3a"


def source_of(path, **fields):
    path = Path(path)
    return Source(path, path.name, str(path), path.name, is_named=False)._replace(**fields)


def given_of(identity, path, **fields):
    return dict(identity(source_of(path, **fields)).given)


@pytest.fixture
def put(tmp_path):
    def write(name, content=""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


class TestNamesThatToolsGive:
    @pytest.mark.parametrize(
        ("path", "date"),
        [
            ("GMT20260805-130000_Recording.transcript.vtt", "2026-08-05T13:00:00+00:00"),
            ("GMT20260805-130000_Recording_1920x1080.vtt", "2026-08-05T13:00:00+00:00"),
            ("2026-08-05 13.00.00 Weekly sync 98796876/meeting_saved_closed_caption.txt", "2026-08-05T13:00:00"),
            ("Meeting in General-20260805_130000-Meeting Recording.vtt", "2026-08-05T13:00:00"),
            ("Jour fixe-20260805_130000UTC-Besprechungsaufzeichnung.vtt.gz", "2026-08-05T13:00:00+00:00"),
            ("Weekly sync_2026-08-05.docx", "2026-08-05"),
            ("Weekly sync (2026-08-05 at 06 00 GMT-7).docx", "2026-08-05T06:00:00-07:00"),
            ("Weekly sync (2026-08-05 at 06 00 GMT+5_30) - Transcript.txt", "2026-08-05T06:00:00+05:30"),
            ("Reunião - 2026_07_29 14_32 CEST - Transcript.docx", "2026-07-29T14:32:00+02:00"),
            ("Reunião - 2026_07_29 14_32 CST - Transcript.docx", "2026-07-29T14:32:00"),
            ("Call-20261305_130000-Meeting Recording.vtt", None),
            ("Call-20260805_250000-Meeting Recording.vtt", None),
            ("report-2026-08-05.txt", None),
            ("export_2026-08-05.csv", None),
            ("Call-20260805_130000-list.jsonl", None),
            ("q3.vtt", None),
        ],
    )
    def test_say_when_the_meeting_was(self, path, date):
        assert given_of(Identity(), path) == ({"meet_date": date} if date else {})

    def test_say_less_than_whatever_people_say(self, put):
        name = "Weekly-20260805_130000-Meeting Recording.vtt"
        path = put(f"2026-01-02/{name}")
        assert given_of(Identity(options={"meet_date": "2026-03-03"}), path) == {"meet_date": "2026-03-03"}
        assert given_of(Identity(["{meet_date}/*"]), path) == {"meet_date": "2026-01-02"}
        put(f"2026-01-02/{name.removesuffix('.vtt')}.meta.json", {"meet_date": "2026-04-04"})
        assert given_of(Identity(["{meet_date}/*"]), path) == {"meet_date": "2026-04-04"}

    def test_count_in_archives_too(self):
        inside = "exports.zip/2026-08-05 13.00.00 Weekly/a.vtt"
        assert given_of(Identity(), "exports.zip", name="a.vtt", shown=inside, member=1) == {
            "meet_date": "2026-08-05T13:00:00"
        }


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "path", "found"),
        [
            (
                "{customer_id}/{meet_date}_{meeting_id}.vtt",
                "exports/C-1/2025-10-15_M_7.vtt",
                {"customer_id": "C-1", "meet_date": "2025-10-15", "meeting_id": "M_7"},
            ),
            (
                "{meet_date}_{meeting_id}.vtt",
                "2025-10-15_14-30_M.vtt",
                {"meet_date": "2025-10-15T14:30", "meeting_id": "M"},
            ),
            (
                "{meet_date}-{meeting_id}.*",
                "20251015T143000Z-M-7.srt",
                {"meet_date": "20251015T143000Z", "meeting_id": "M-7"},
            ),
            ("{meeting_id}.vtt", "deep/below/M.1.vtt", {"meeting_id": "M.1"}),
            ("/{meeting_id}.vtt", "M.vtt.gz", {"meeting_id": "M"}),
            (
                "*/{banker_name}/{meet_type} *.txt",
                "x/Ana Sá/review of June.txt",
                {"banker_name": "Ana Sá", "meet_type": "review"},
            ),
            ("{meeting_id}.vtt", "M.srt", {}),
            ("{customer_id}/{meeting_id}.vtt", "M.vtt", {}),
            ("{meet_date}_{meeting_id}.vtt", "yesterday_M.vtt", {}),
            ("a+b ({meeting_id}).vtt", "a+b (7).vtt", {"meeting_id": "7"}),
        ],
    )
    def test_read_the_end_of_a_path(self, pattern, path, found):
        assert given_of(Identity([pattern]), f"/{path}") == found

    def test_the_first_that_fits_is_taken(self):
        identity = Identity(["{customer_id}-{meeting_id}.vtt", "{meeting_id}.vtt"])
        assert given_of(identity, "/a/C-M.vtt") == {"customer_id": "C", "meeting_id": "M"}
        assert given_of(identity, "/a/M.vtt") == {"meeting_id": "M"}

    def test_a_relative_path_is_read_with_the_folders_above_it(self, put, monkeypatch):
        path = put("C-1/M.vtt")
        monkeypatch.chdir(path.parent)
        assert given_of(Identity(["{customer_id}/{meeting_id}.vtt"]), "M.vtt") == {
            "customer_id": "C-1",
            "meeting_id": "M",
        }

    def test_those_of_the_innermost_folder_come_first(self, tmp_path):
        identity = Identity(
            ["{customer_id}.vtt"],
            folder_patterns={str(tmp_path): ["{banker_id}.vtt"], str(tmp_path / "in"): ["{meeting_id}.vtt"]},
        )
        assert given_of(identity, tmp_path / "in" / "x.vtt") == {"meeting_id": "x"}
        assert given_of(identity, tmp_path / "inner" / "x.vtt") == {"banker_id": "x"}
        assert given_of(identity, "/elsewhere/x.vtt") == {"customer_id": "x"}

    def test_a_file_in_an_archive_has_the_archives_path_before_its_own(self):
        identity = Identity(["{customer_id}.zip/{meeting_id}.vtt"])
        assert given_of(identity, "/a/C-1.zip", shown="a/C-1.zip/M.vtt", name="M.vtt", member=3) == {
            "customer_id": "C-1",
            "meeting_id": "M",
        }

    @pytest.mark.parametrize(
        ("pattern", "says"),
        [
            ("{meeting}.vtt", "{meeting}, which is none of"),
            ("{meeting_id}{customer_id}.vtt", "nothing between"),
            ("{meeting_id}*.vtt", "nothing between"),
            ("{meeting_id}/{meeting_id}.vtt", "twice"),
            ("{meeting_id", "not closed"),
            ("meeting_id}", "not closed"),
            ("{}", "none of"),
            ("", "not closed"),
        ],
    )
    def test_that_cannot_be_used_are_refused_by_name(self, pattern, says):
        with pytest.raises(UsageError, match="pattern") as refused:
            Identity([pattern])
        assert says in refused.value.message

    @given(st.permutations(FIELDS), st.text("-_a1", max_size=255))
    def test_lose_no_time_over_any_name(self, fields, name):
        pattern = "-".join(f"{{{field}}}" for field in fields if field != "meet_date")
        Identity([pattern])(source_of(f"/{name or 'x'}"))

    @given(st.text("{}*/ab_.meting_id"))
    def test_are_refused_or_compiled_whatever_they_are(self, pattern):
        with contextlib.suppress(UsageError):
            Identity([pattern])(source_of("/a/b.vtt"))


class TestSidecars:
    @pytest.mark.parametrize("name", ["q3.meta.json", "q3.vtt.meta.json"])
    @pytest.mark.parametrize("wrap", [lambda fields: fields, lambda fields: {"metadata": fields}])
    def test_say_what_the_file_does_not(self, put, name, wrap):
        put(name, wrap({"meeting_id": " M-1 ", "customer_id": "C-1", "meet_date": None, "meet_type": "", "color": 7}))
        assert given_of(Identity(), put("q3.vtt")) == {"meeting_id": "M-1", "customer_id": "C-1"}

    def test_come_before_patterns_and_those_before_options(self, put):
        identity = Identity(
            ["{customer_id}_{meeting_id}.vtt"], options={"meeting_id": "O", "customer_id": "O", "banker_id": "O"}
        )
        put("P_P.meta.json", {"meeting_id": "S"})
        assert given_of(identity, put("P_P.vtt")) == {"meeting_id": "S", "customer_id": "P", "banker_id": "O"}

    def test_are_of_their_own_file_only(self, put):
        put("q3.meta.json", {"meeting_id": "M"})
        assert given_of(Identity(), put("q33.vtt")) == {}
        assert given_of(Identity(), put("below/q3.vtt")) == {}
        assert given_of(Identity(), put("q3.vtt.gz")) == {"meeting_id": "M"}

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ("{", "not valid JSON"),
            ("[1]", "no object"),
            ('{"meeting_id": 7}', "meeting_id that is no text"),
            (f'{{"meeting_id": ["{CANARY}"]}}', "meeting_id that is no text"),
            ("[" * 100_000, "not valid JSON"),
            (" " * 1_000_001, "larger than"),
        ],
    )
    def test_that_cannot_be_used_fail_their_file(self, put, content, says):
        put("q3.meta.json", content)
        with pytest.raises(InputError, match=r"its q3\.meta\.json") as refused:
            Identity()(source_of(put("q3.vtt")))
        assert says in refused.value.message
        assert CANARY not in refused.value.message

    def test_that_are_pipes_are_not_waited_for(self, put, tmp_path):
        os.mkfifo(tmp_path / "q3.meta.json")
        with pytest.raises(InputError, match="no regular file"):
            Identity()(source_of(put("q3.vtt")))

    def test_of_an_archive_are_given_with_the_file_and_come_before_patterns(self, put):
        path = put("e.zip")
        put("q3.meta.json", {"banker_id": "beside the archive"})
        found = given_of(
            Identity(["{meeting_id}.vtt"]),
            path,
            shown="e.zip/q3.vtt",
            name="q3.vtt",
            member=2,
            given=(("meeting_id", "S"),),
        )
        assert found == {"meeting_id": "S"}

    def test_the_option_for_one_meeting_names_none_of_those_in_an_archive(self, put):
        identity = Identity(options={"meeting_id": "O", "customer_id": "O"})
        assert given_of(identity, put("e.zip"), shown="e.zip/q3.vtt", name="q3.vtt", member=2) == {"customer_id": "O"}

    def test_standard_input_has_options_only(self, put):
        put("stdin.meta.json", {"meeting_id": "M"})
        source = source_of(put("stdin"), shown="stdin")
        assert dict(Identity(["{meeting_id}"], options={"customer_id": "C"})(source).given) == {"customer_id": "C"}


def test_nothing_given_leaves_the_source_as_it_is():
    source = source_of("/a/b.vtt")
    assert Identity()(source) is source
