"""Reader of meetcli's own input shapes: explicit (`transcript`, `metadata`) and upstream raw (`meet_transcription`,
`meet_id`).
"""

from __future__ import annotations

from meetcli.readers.content import Content, is_own_shape
from meetcli.readers.format import Format, Found


def _claims(content: Content) -> bool:
    return is_own_shape(content.document)


def _read(content: Content) -> list[Found]:
    return [(None, content.document)]


FORMATS = (
    Format(
        "meetcli JSON",
        "meetcli",
        _claims,
        _read,
        speakers="names",
        times="none",
        ids=("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type"),
    ),
)
