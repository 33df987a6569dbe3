"""What people call the fields of speech: the text, who said it and when, in JSON and in tables, in common languages.

Names are compared in small letters without marks, and without the unit at their end: `startTimeMs`, `start_time` and
`Start time (s)` are one. A name never says which unit a time has; the document does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_MARKS = re.compile(r"[\W_]+")
_UNIT = re.compile(r"(?:in)?(?:ms|msecs?|millis|milliseconds?|secs?|seconds?|segundos?|sekunden)\Z")


def _names(text: str) -> dict[str, int]:
    return {name: place for place, name in enumerate(text.split())}


TEXTS = _names(
    """text transcript transcription transcripttext spokentext content body sentence utterance dialog dialogue speech
    said line caption subtitle phrase display snippet message block utt rawtext transcribedtext words punctuatedword
    word utf8 value token term texto fala falas frase conteudo transcricao transcrição transcripcion transcripción
    dialogo diálogo mensagem mensaje discurso texte contenu phrases parole testo contenuto frasi inhalt wortlaut
    gesprochen tekst текст 文本 文字 内容 テキスト 発言 텍스트"""
)
"""What was said, the likeliest name first."""

INNER = _names("words sentences segs elements tokens alignment wdlist spans terms segments utterances")
"""A list of the parts of what was said."""

SPEAKERS = _names(
    """speakername speakerdisplayname speakerfullname participantname participantdisplayname personname
    persondisplayname speaker speakerlabel participant speakertag speakerid speakeruuid speakernumber speakerindex
    speakeridx speakerno spk spkid participantid participantrole falante orador oradora locutor interlocutor hablante
    ponente participante intervenant intervenante locuteur oratore parlante relatore sprecher sprecherin sprechername
    redner spreker talare puhuja mówca говорящий спикер 发言人 说话人 話者 発言者 화자"""
)
"""Who said it, under a name that means a speaker; a name before a label before a number."""

AUTHORS = _names(
    """name displayname fullname username nickname contactname user userid author sender from who person party actor
    character role source channel channelid channelindex channeltag
    channelnumber mediachannel nome nombre nom pessoa persona personne autor
    auteur usuario usuário utente benutzer rolle"""
)
"""Who said it, under a name that other JSON has too."""

STARTS = _names(
    """start starttime startoffset starttimestamp startdatetime startedat startat starts begin begintime
    beginoffset timebegin timestart
    begins bg tstart datastart offset offsetmillisecond timeoffset startoffsettime from in timein timestamp timestamps
    timecode ts time snippettime audiostarttime audiostart relativestarttime relativestart recordingoffset position at
    t início inicio comienzo desde début debut inizio anfang beginn startzeit zeit zeitstempel tempo hora tiempo temps
    marca начало время 开始时间 开始 开始時間 時間 開始 시작"""
)
ENDS = _names(
    """end endtime endoffset endtimestamp enddatetime endedat endat ends endts stop stoptime dataend to out timeout
    audioendtime audioend relativeendtime relativeend fim fin final término termino hasta fine ende endzeit bis конец
    timeend 结束时间 结束 終了 끝"""
)
DURATIONS = _names("duration dur length durationmillisecond ddurationms dduration duração duracao duración dauer durée")

PERSONS = frozenset("name displayname fullname who person nome nombre nom persona personne pessoa".split())  # noqa: SIM905 - words read better than a page of quoted ones
"""Those of them that name somebody, and no account."""

SPOKEN = re.compile(r"transcri|utterance|turns|dialog|sentences|segments|monologue|spoken|speech|captions|falas")
"""What a list is called that holds speech."""

IDS = frozenset(
    """id speakerid speaker speakerlabel label participantid uuid speakeruuid userid key index number spkid tag name
    resourcename""".split()  # noqa: SIM905 - as above
)
"""What identifies somebody in a list of speakers."""

PEOPLE_NAMES = _names(
    "displayname fullname speakername name participantname personname username label nickname title nome nombre nom"
)
PEOPLE = re.compile(r"speaker|participant|attendee|people|person|member|user|name|mapping|falante|orador|sprecher")
"""What a map or list is called that says who a label is."""


@lru_cache(4096)
def folded(name: str) -> str:
    """Return a name as it is compared."""
    return _MARKS.sub("", name.lower())


@lru_cache(4096)
def without_unit(name: str) -> str:
    """Return a name as it is compared, without a unit at its end."""
    bare = folded(name)
    return _UNIT.sub("", bare) or bare


def under(names: Iterable[str], wanted: dict[str, int], *, is_time: bool = False) -> tuple[str, ...]:
    """Return those of some names that are wanted, the likeliest first."""
    fold = without_unit if is_time else folded
    return tuple(
        sorted((name for name in names if fold(name) in wanted), key=lambda name: (wanted[fold(name)], len(name)))
    )
