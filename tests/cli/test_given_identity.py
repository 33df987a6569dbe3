"""What a sidecar, a path or an option says about a meeting is part of it: a changed one is never a stale hit."""

from __future__ import annotations

import json

import pytest

VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Ana>Shall we start with the renewal?\n\n00:03.000 --> 00:04.000\n<v Bob>Yes.\n"
IDS = {"meeting_id": "M-1", "customer_id": "C-1", "meet_date": "2026-03-02"}


@pytest.fixture
def run(meetcli):
    def extract(*arguments):
        done = meetcli("extract", *arguments, "--summary", "json", "--cache-dir", "cache", "--ttl", "none")
        [file] = [file for file in done.summary["files"] if file["status"] != "skipped"]
        return file

    return extract


def test_a_changed_sidecar_is_another_meeting(meetcli, run):
    (meetcli.folder / "q3.vtt").write_text(VTT, encoding="utf-8")
    sidecar = meetcli.folder / "q3.meta.json"
    seen = []
    for fields in (
        IDS,
        IDS,
        {**IDS, "meeting_id": "M-2"},
        {**IDS, "customer_name": "Acme"},
        {**IDS, "banker_id": "B-1"},
        IDS,
    ):
        sidecar.write_text(json.dumps(fields), encoding="utf-8")
        file = run("q3.vtt")
        result = json.loads((meetcli.folder / file["output"]).read_text(encoding="utf-8"))
        seen.append((file["status"], result["meeting_id"], result["banker_id"]))
        assert result["customer_name"] == "Acme" or "customer_name" not in fields
    assert seen == [
        ("miss", "M-1", None),
        ("hit", "M-1", None),
        ("miss", "M-2", None),
        ("changed", "M-1", None),
        ("hit", "M-1", "B-1"),  # told to nobody, so the answer still holds; the result is rendered anew
        ("hit", "M-1", None),
    ]


def test_a_changed_option_or_pattern_is_another_meeting(meetcli, run):
    folder = meetcli.folder / "C-1"
    folder.mkdir()
    (folder / "M-1.vtt").write_text(VTT, encoding="utf-8")
    options = ("C-1", "--meet-date", "2026-03-02")
    seen = [
        run(*options, "--patterns", "{customer_id}/{meeting_id}.vtt"),
        run(*options, "--patterns", "{customer_id}/{meeting_id}.vtt"),
        run(*options, "--patterns", "{banker_id}/{meeting_id}.vtt", "--customer-id", "C-2"),
        run(*options[:-1], "2026-03-09", "--patterns", "{customer_id}/{meeting_id}.vtt"),
    ]
    assert [file["status"] for file in seen] == ["miss", "hit", "miss", "miss"]
    assert len({file["idempotency_key"] for file in seen}) == 3


def test_a_file_is_the_same_meeting_whether_it_is_named_or_a_folder_that_it_lies_in(meetcli, run):
    folder = meetcli.folder / "exports" / "C-1"
    folder.mkdir(parents=True)
    (folder / "2026-03-02_M-1.vtt").write_text(VTT, encoding="utf-8")
    pattern = 'patterns = ["{customer_id}/{meet_date}_{meeting_id}.vtt"]\n'
    (meetcli.folder / "exports" / "meetcli.toml").write_text(pattern, encoding="utf-8")
    first = run("exports")
    for path in ("exports/C-1", "exports/C-1/2026-03-02_M-1.vtt", "exports/*/*.vtt", str(folder)):
        again = run(path)
        assert (again["status"], again["idempotency_key"]) == ("hit", first["idempotency_key"]), path
    (meetcli.folder / "exports" / "meetcli.toml").write_text('base_url = "http://elsewhere/v1"\n', encoding="utf-8")
    refused = meetcli("extract", "exports/C-1/2026-03-02_M-1.vtt")
    assert refused.exit_code == 2
    assert "exports/meetcli.toml came with the inputs and may hold patterns only" in refused.stderr


def test_a_file_with_ids_of_its_own_keeps_them(meetcli, run):
    text = json.dumps({"transcript": "Ana: Shall we start?", "metadata": IDS})
    (meetcli.folder / "a.json").write_text(text, encoding="utf-8")
    first = run("a.json")
    again = run("a.json", "--meeting-id", "X", "--customer-id", "X")
    assert (first["status"], again["status"]) == ("miss", "hit")
    assert first["idempotency_key"] == again["idempotency_key"]


def test_one_meeting_in_a_list_keeps_its_place_when_it_is_a_hit(meetcli, run):
    text = json.dumps([{"transcript": "Ana: Shall we start?", "metadata": IDS}])
    (meetcli.folder / "a.json").write_text(text, encoding="utf-8")
    assert [run("a.json")["output"] for _ in range(3)] == ["results/a.1.extract.json"] * 3


def test_results_are_called_after_the_file_and_the_place(meetcli):
    import gzip
    import io
    import zipfile

    (meetcli.folder / "q3.vtt").write_text(VTT, encoding="utf-8")
    (meetcli.folder / "q4.vtt.gz").write_bytes(gzip.compress(VTT.encode()))
    (meetcli.folder / "t.csv").write_text('transcript,meeting_id\n"Ana: oi",M-1\n"Ana: olá",M-2\n', encoding="utf-8")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x/a.vtt", VTT)
        archive.writestr("b.csv", 'transcript,meeting_id\n"Ana: oi",M-1\n')
    (meetcli.folder / "e.zip").write_bytes(packed.getvalue())
    done = meetcli("extract", "q3.vtt", "q4.vtt.gz", "t.csv", "e.zip", "--summary", "json", "--cache-dir", "cache")
    assert done.exit_code == 0
    assert sorted(file["output"] for file in done.summary["files"]) == [
        "results/e.zip.1.extract.json",
        "results/e.zip.2.1.extract.json",
        "results/q3.vtt.extract.json",
        "results/q4.vtt.gz.extract.json",
        "results/t.csv.1.extract.json",
        "results/t.csv.2.extract.json",
    ]
