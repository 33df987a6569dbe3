"""Every way to write who speaks in text, read in a folder as well as when it is named."""

import pytest

from meetcli.models import Outcome, Status
from meetcli.readers.spoken_lines import spoken_lines
from tests.readers.formats_seen import found_in, meetings_in

WAYS = {
    "one space": (
        "Ana Prado 00:01\nGood morning, shall we start?\n\nRui Lima 00:12\nI will send it.\n\nAna Prado 00:20\nThanks.\n\nRui Lima 01:00\nBye.\n",
        [
            ("Ana Prado", "Good morning, shall we start?", 1.0),
            ("Rui Lima", "I will send it.", 12.0),
            ("Ana Prado", "Thanks.", 20.0),
            ("Rui Lima", "Bye.", 60.0),
        ],
    ),
    "bold bracket": (
        "**Ana Prado** [00:01]\n\nGood morning.\n\nShall we start?\n\n**Rui Lima** [00:12]\n\nI will send it.\n\n**Ana Prado** [00:20]\n\nThanks.\n",
        [
            ("Ana Prado", "Good morning. Shall we start?", 1.0),
            ("Rui Lima", "I will send it.", 12.0),
            ("Ana Prado", "Thanks.", 20.0),
        ],
    ),
    "time first": (
        "00:00:01 Speaker 1\nGood morning, shall we start?\n00:00:12 Speaker 2\nI will send it.\n00:00:20 Speaker 1\nThanks.\n",
        [
            ("Speaker 1", "Good morning, shall we start?", 1.0),
            ("Speaker 2", "I will send it.", 12.0),
            ("Speaker 1", "Thanks.", 20.0),
        ],
    ),
    "name then time line": (
        "Speaker 1\n00:00:01\nGood morning, shall we start?\n\nSpeaker 2\n00:00:12\nI will send it.\n\nSpeaker 1\n00:00:20\nThanks.\n\nSpeaker 2\n00:00:25\nBye.\n",
        [
            ("Speaker 1", "Good morning, shall we start?", 1.0),
            ("Speaker 2", "I will send it.", 12.0),
            ("Speaker 1", "Thanks.", 20.0),
            ("Speaker 2", "Bye.", 25.0),
        ],
    ),
    "youtube": (
        "0:01\nhello everyone and welcome\n0:04\nto the review of the fund\n0:09\nwe start with the offer\n",
        [(None, "hello everyone and welcome to the review of the fund we start with the offer", 1.0)],
    ),
    "tabs": (
        "00:00:01\tAna Prado\tGood morning, shall we start?\n00:00:12\tRui Lima\tI will send it.\n00:00:20\tAna Prado\tThanks.\n00:00:23\tRui Lima\tBye.\n",
        [
            ("Ana Prado", "Good morning, shall we start?", 1.0),
            ("Rui Lima", "I will send it.", 12.0),
            ("Ana Prado", "Thanks.", 20.0),
            ("Rui Lima", "Bye.", 23.0),
        ],
    ),
    "span": (
        "Ana Prado (00:00:01 - 00:00:09): Good morning.\nRui Lima (00:00:12 - 00:00:15): I will.\nAna Prado (00:00:20 - 00:00:22): Thanks.\nRui Lima (00:00:23 - 00:00:25): Bye.\n",
        [
            ("Ana Prado", "Good morning.", 1.0),
            ("Rui Lima", "I will.", 12.0),
            ("Ana Prado", "Thanks.", 20.0),
            ("Rui Lima", "Bye.", 23.0),
        ],
    ),
    "court": (
        "1 MR. SMITH: Good morning.\n2 THE WITNESS: Good morning, sir.\n3 MR. SMITH: Who sent the\n4 offer?\n5 THE WITNESS: I did, on Friday.\n6 MR. SMITH: Thanks.\n",
        [
            ("MR. SMITH", "Good morning.", None),
            ("THE WITNESS", "Good morning, sir.", None),
            ("MR. SMITH", "Who sent the offer?", None),
            ("THE WITNESS", "I did, on Friday.", None),
            ("MR. SMITH", "Thanks.", None),
        ],
    ),
    "bare": (
        "Ana Prado\nGood morning, shall we start?\n\nRui Lima\nI will send it.\n\nAna Prado\nThanks.\n\nRui Lima\nBye.\n",
        [
            ("Ana Prado", "Good morning, shall we start?", None),
            ("Rui Lima", "I will send it.", None),
            ("Ana Prado", "Thanks.", None),
            ("Rui Lima", "Bye.", None),
        ],
    ),
    "head": (
        "Title: Fund review\nDate: 15 June 2026\nLocation: Lisbon\nPresenter: Ana Prado\n\nAna Prado: Good morning.\nRui Lima: Hello.\nAna Prado: Shall we?\nRui Lima: Yes.\n",
        [
            ("Ana Prado", "Good morning.", None),
            ("Rui Lima", "Hello.", None),
            ("Ana Prado", "Shall we?", None),
            ("Rui Lima", "Yes.", None),
        ],
    ),
    "irc": (
        "[14:00] <ana> good afternoon\n[14:00] <rui> hello\n[14:01] * ana nods\n[14:02] <ana> who sends the offer?\n[14:03] <rui> me\n",
        [
            ("ana", "good afternoon", 0.0),
            ("rui", "hello", 0.0),
            ("ana", "nods", 60.0),
            ("ana", "who sends the offer?", 120.0),
            ("rui", "me", 180.0),
        ],
    ),
    "stamped": (
        "00:01 Good morning, everybody, and welcome.\n00:06 The offer is ready since Monday.\n00:12 I will send it by Friday.\n",
        [
            (None, "Good morning, everybody, and welcome.", 1.0),
            (None, "The offer is ready since Monday.", 6.0),
            (None, "I will send it by Friday.", 12.0),
        ],
    ),
    "ar": (
        "O Sr. Presidente (Rui Foz): — Boa tarde a todos.\n\nA Sr.ª Ana Lima (ABC): — Obrigada, Sr. Presidente. Peço a palavra.\n\nO Sr. Presidente (Rui Foz): — Faça favor.\n\nA Sr.ª Ana Lima (ABC): — Muito obrigada.\n",
        [
            ("O Sr. Presidente (Rui Foz)", "Boa tarde a todos.", None),
            ("A Sr.ª Ana Lima (ABC)", "Obrigada, Sr. Presidente. Peço a palavra.", None),
            ("O Sr. Presidente (Rui Foz)", "Faça favor.", None),
            ("A Sr.ª Ana Lima (ABC)", "Muito obrigada.", None),
        ],
    ),
    "units": (
        "Ana Prado 1m 2s\nGood morning.\nRui Lima 1m 12s\nHello.\nAna Prado 2m 3s\nBye.\n",
        [("Ana Prado", "Good morning.", 62.0), ("Rui Lima", "Hello.", 72.0), ("Ana Prado", "Bye.", 123.0)],
    ),
    "pipes": (
        "Ana Prado | 00:01 | Good morning.\nRui Lima | 00:12 | I will send it.\nAna Prado | 00:20 | Thanks.\nRui Lima | 00:23 | Bye.\n",
        [
            ("Ana Prado", "Good morning.", 1.0),
            ("Rui Lima", "I will send it.", 12.0),
            ("Ana Prado", "Thanks.", 20.0),
            ("Rui Lima", "Bye.", 23.0),
        ],
    ),
    "cont": (
        "Speaker 1 [00:00:01]: Good morning.\nSpeaker 2 [00:00:12]: I will.\n[00:00:15]: And then more.\nSpeaker 1 [00:00:20]: Thanks.\n",
        [
            ("Speaker 1", "Good morning.", 1.0),
            ("Speaker 2", "I will.", 12.0),
            ("Speaker 2", "And then more.", 15.0),
            ("Speaker 1", "Thanks.", 20.0),
        ],
    ),
    "whisperx": (
        "SPEAKER_00 [00:01.0 - 00:04.2]\nGood morning.\n\nSPEAKER_01 [00:04.5 - 00:09.0]\nI will.\n\nSPEAKER_00 [00:10.0 - 00:11.0]\nThanks.\n",
        [("SPEAKER_00", "Good morning.", 1.0), ("SPEAKER_01", "I will.", 4.5), ("SPEAKER_00", "Thanks.", 10.0)],
    ),
    "break": (
        "[00:00:01] Speaker 1: Good morning.\n\nBreak\n\n[00:10:01] Speaker 2: Welcome back.\n\n[00:10:05] Speaker 1: Thanks.\n\n[00:10:09] Speaker 2: Bye.\n",
        [
            ("Speaker 1", "Good morning.", 1.0),
            ("Speaker 2", "Welcome back.", 601.0),
            ("Speaker 1", "Thanks.", 605.0),
            ("Speaker 2", "Bye.", 609.0),
        ],
    ),
    "cpp": (
        "(speaker 0) Good morning.\n(speaker 1) I will send it.\n(speaker 0) Thanks.\n",
        [("Speaker 0", "Good morning.", None), ("Speaker 1", "I will send it.", None), ("Speaker 0", "Thanks.", None)],
    ),
    "pt": (
        "Nora Moss 0 minutos 3 segundos\nBom dia.\nRui Lima 1 minuto 2 segundos\nEu mando.\nNora Moss 1 hora 2 minutos 5 segundos\nObrigada.\n",
        [("Nora Moss", "Bom dia.", 3.0), ("Rui Lima", "Eu mando.", 62.0), ("Nora Moss", "Obrigada.", 3725.0)],
    ),
    "heading": (
        "### Ana Prado (0:01)\nGood morning.\n\n### Rui Lima (0:12)\nI will.\n\n### Ana Prado (0:20)\nThanks.\n",
        [("Ana Prado", "Good morning.", 1.0), ("Rui Lima", "I will.", 12.0), ("Ana Prado", "Thanks.", 20.0)],
    ),
    "bold": (
        "**Ana Prado**: Good morning.\n\n**rui**: I will send it.\n\nAnd another paragraph.\n\n**Ana Prado**: Thanks.\n\n**rui**: Bye.\n",
        [
            ("Ana Prado", "Good morning.", None),
            ("rui", "I will send it. And another paragraph.", None),
            ("Ana Prado", "Thanks.", None),
            ("rui", "Bye.", None),
        ],
    ),
    "bullets": (
        "- **Ana Prado** (00:01): Good morning.\n- **Rui Lima** (00:12): I will.\n- **Ana Prado** (00:20): Thanks.\n- **Rui Lima** (00:22): Bye.\n",
        [
            ("Ana Prado", "Good morning.", 1.0),
            ("Rui Lima", "I will.", 12.0),
            ("Ana Prado", "Thanks.", 20.0),
            ("Rui Lima", "Bye.", 22.0),
        ],
    ),
    "dash": (
        "00:00:01 - Ana Prado\nGood morning.\n\n00:00:12 - rui\nI will.\n\n00:00:20 - Ana Prado\nThanks.\n",
        [("Ana Prado", "Good morning.", 1.0), ("rui", "I will.", 12.0), ("Ana Prado", "Thanks.", 20.0)],
    ),
    "bracket names": (
        "[Ana Prado] Good morning.\n[Rui Lima] I will.\n[Ana Prado] Thanks.\n[Rui Lima] Bye.\n",
        [
            ("Ana Prado", "Good morning.", None),
            ("Rui Lima", "I will.", None),
            ("Ana Prado", "Thanks.", None),
            ("Rui Lima", "Bye.", None),
        ],
    ),
    "arrow": (
        "00:00:01.000 --> 00:00:04.000 Ana: Good morning.\n00:00:05.000 --> 00:00:07.000 Rui: Hi.\n00:00:08.000 --> 00:00:09.000 Ana: Bye.\n00:00:09.000 --> 00:00:10.000 Rui: Bye.\n",
        [("Ana", "Good morning.", 1.0), ("Rui", "Hi.", 5.0), ("Ana", "Bye.", 8.0), ("Rui", "Bye.", 9.0)],
    ),
    "range in front": (
        "[00:00:01 --> 00:00:05] Ana: Good morning.\n[00:00:06 --> 00:00:08] Rui: Hi.\n[00:00:09 --> 00:00:10] Ana: Bye.\n[00:00:11 --> 00:00:12] Rui: Bye.\n",
        [("Ana", "Good morning.", 1.0), ("Rui", "Hi.", 6.0), ("Ana", "Bye.", 9.0), ("Rui", "Bye.", 11.0)],
    ),
    "read aloud": (
        "Mia Roth 0 minutes 5 seconds\nMia Roth\n0:05\nHello all.\nJon Bay 0 minutes 9 seconds\nJon Bay\n0:09\nHello.\nMia Roth 1 minute 2 seconds\nMia Roth\n1:02\nWho writes?\n",
        [("Mia Roth", "Hello all.", 5.0), ("Jon Bay", "Hello.", 9.0), ("Mia Roth", "Who writes?", 62.0)],
    ),
    "bold name, slanted time": (
        "**Mia Roth** *[00:00:05]*\nHello all.\n\n**Jon Bay** *[00:00:09]*\nHello.\n\n**Mia Roth** *[00:01:02]*\nWho writes?\n",
        [("Mia Roth", "Hello all.", 5.0), ("Jon Bay", "Hello.", 9.0), ("Mia Roth", "Who writes?", 62.0)],
    ),
    "escaped name": (
        "**Mia\\_R (R\\&D \\- East):** Hello all\\.\n\n**Jon Bay:** Hello\\.\n\n**Mia\\_R (R\\&D \\- East):** Who writes?\n\n**Jon Bay:** I do\\.\n",
        [
            ("Mia_R (R&D - East)", "Hello all.", None),
            ("Jon Bay", "Hello.", None),
            ("Mia_R (R&D - East)", "Who writes?", None),
            ("Jon Bay", "I do.", None),
        ],
    ),
    "page of a program": (
        "Audio file\nboard call.m4a\n\nTranscript\n00:00:05 Mia Roth\nHello all.\n00:00:09 Jon Bay\nHello.\n00:01:02 Mia Roth\nWho writes?\n",
        [("Mia Roth", "Hello all.", 5.0), ("Jon Bay", "Hello.", 9.0), ("Mia Roth", "Who writes?", 62.0)],
    ),
    "parliament of portugal": (
        "O Sr. Presidente: — Está aberta a sessão.\n\nO Sr. Jonas Bento (AB): — Peço a palavra.\n\nVozes do CD: — Muito bem!\n\nA Sr.ª Mia Reis (CD): — Eu também: é urgente.\n",
        [
            ("O Sr. Presidente", "Está aberta a sessão.", None),
            ("O Sr. Jonas Bento (AB)", "Peço a palavra.", None),
            ("Vozes do CD", "Muito bem!", None),
            ("A Sr.ª Mia Reis (CD)", "Eu também: é urgente.", None),
        ],
    ),
    "head of a chamber": (
        "SENADO\nNotas Taquigráficas\n3ª REUNIÃO, ORDINÁRIA\n\nO SR. PRESIDENTE (Jonas Bento. AB - MG) – Está aberta.\n\nA SRA. MIA REIS (CD - SP) – Obrigada.\n",
        [
            ("O SR. PRESIDENTE (Jonas Bento. AB - MG)", "Está aberta.", None),
            ("A SRA. MIA REIS (CD - SP)", "Obrigada.", None),
        ],
    ),
    "console with its head": (
        "Detecting language using up to the first 30 seconds. Use `--language` to specify the language\nDetected language: Portuguese\n[00:00.000 --> 00:04.480]  In May we\n[00:04.480 --> 00:08.160]  sold the field.\n[00:08.200 --> 00:11.000]  Nobody minded.\n",
        [(None, "In May we sold the field.", 0.0), (None, "Nobody minded.", 8.2)],
    ),
    "irssi": (
        "--- Log opened Mon Jun 15 14:00:00 2026\n14:00 < mia> hello\n14:01 < jon> hi, who writes?\n14:02 < mia> you do\n14:03 < jon> fine\n--- Log closed Mon Jun 15 14:09:00 2026\n",
        [("mia", "hello", 0.0), ("jon", "hi, who writes?", 60.0), ("mia", "you do", 120.0), ("jon", "fine", 180.0)],
    ),
    "one person in bold": (
        "**Mia Roth:**\n\nHello all, this is the news of the week.\n\n"
        + "**Break:**\n\n**Mia Roth:**\n\n[A link](x)\n\n" * 3,
        [("Mia Roth", "Hello all, this is the news of the week.", None), *[("Mia Roth", "[A link](x)", None)] * 3],
    ),
    "console diar": (
        "[00:00:00.000 --> 00:00:04.480]  [SPEAKER_00] In March the client\n[00:00:04.880 --> 00:00:08.160]  [SPEAKER_01] which was ready.\n[00:00:08.200 --> 00:00:11.000]  [SPEAKER_00] Ok.\n",
        [
            ("SPEAKER_00", "In March the client", 0.0),
            ("SPEAKER_01", "which was ready.", 4.88),
            ("SPEAKER_00", "Ok.", 8.2),
        ],
    ),
}


@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_write_labels_is_read(tmp_path, way, is_named):
    text, expected = WAYS[way]
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    [(_, meeting)] = meetings_in(path, is_named=is_named)
    assert [(turn.speaker, " ".join(turn.text.split()), turn.start_s) for turn in meeting.turns] == expected


def test_a_head_is_no_speech_and_names_the_meeting():
    text = "Title: Fund review\nDate: 15 June 2026\nAttendees: Ana Prado, Rui Lima\nLocation: Lisbon\n\nAna: oi\nRui: sim\nAna: ok"
    found = spoken_lines(text.split("\n"))
    assert found is not None
    assert found.head == ("Fund review", "2026-06-15", ("Ana Prado", "Rui Lima"))
    assert [(turn.speaker, turn.text) for turn in found.turns] == [("Ana", "oi"), ("Rui", "sim"), ("Ana", "ok")]


def test_a_date_that_was_given_beside_the_file_wins_over_its_head(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Date: 15 June 2026\n\nAna: oi\nRui: sim\nAna: ok\nRui: sim\n", encoding="utf-8")
    [(_, meeting)] = meetings_in(path)
    assert meeting.meet_date == "2026-06-15"


def test_sections_and_their_fields_do_not_speak():
    text = "## Report\n\nPresenter: Rob Palm (RP)\n\nRP: Here it is.\n\nMB: Thanks.\n\n## Plan\n\nTopic: The plan\n\nRP: We go on.\n\nMB: Fine."
    found = spoken_lines(text.split("\n"))
    assert found is not None
    assert found.is_sure
    assert [(turn.speaker, turn.text) for turn in found.turns] == [
        ("RP", "Here it is."),
        ("MB", "Thanks."),
        ("RP", "We go on."),
        ("MB", "Fine."),
    ]


def test_plain_text_that_was_read_right_stays_as_it_was_given(tmp_path):
    text = "Weekly review\n\nAna: oi\nBob: tudo bem?\nAna: tudo\nBob: vamos"
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    [(_, meeting)] = meetings_in(path)
    assert meeting.transcript == text


NO_TRANSCRIPTS = {
    "a talk with questions": "Welcome to you all.\n\n" * 400 + "Q: Why?\n\nA: Because it is so.\n\n" * 4,
    "a manual": "Type: string\nDefault: none\n\nThe name of it.\n\n" * 6,
    "a changelog": "Added: a flag.\nFixed: a crash.\n\nSome words about it that go on.\n\n" * 6,
    "code": "try:\n    run()\nexcept ValueError:\n    pass\nelse:\n    stop()\n\n" * 6,
    "a log": "[00:00:01] INFO: started\n[00:00:02] WARNING: slow\n" * 6,
    "a log with levels": "2026-06-15 04:30:30, Info      CBS  Loaded the stack: 6.1\n2026-06-15 04:30:31, Info      CSI  Went on: yes.\n2026-06-15 04:30:32, Warning      CSI  Slow disk.\n"
    * 6,
    "bold terms": "**Data Source:** where it is from.\n\n**Note:** read this.\n\n" * 3,
    "chapters": "Our talk\n\n0:00 Intro\n12:01 Setup of it all\n48:22 Questions\n",
    "a novel": "“I will not,” said Ana.\n\n“Then who?” asked Bob.\n\nNobody spoke: it was late.\n\n" * 6,
    "a mail": "From: Ana\nTo: Bob\nSubject: Fund\n\nDear Bob,\n\nI will send it.\n\n> On Monday, Bob wrote:\n> When?\n",
}


@pytest.mark.parametrize("kind", NO_TRANSCRIPTS)
def test_other_text_is_no_transcript_in_a_folder(tmp_path, kind):
    path = tmp_path / "a.txt"
    path.write_text(NO_TRANSCRIPTS[kind], encoding="utf-8")
    [found] = found_in(path, is_named=False)
    assert isinstance(found, Outcome)
    assert found.status is Status.SKIPPED


@pytest.mark.parametrize("text", ["", "\n\n", "---\n---\n", "[", "0:01", "Ana", "**", "---\na: b"])
def test_next_to_nothing_is_no_transcript(text):
    assert spoken_lines(text.split("\n")) is None
