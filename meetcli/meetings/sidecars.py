"""What a sidecar, a JSON file beside a transcript, says about its meeting. Pure.

That of `q3.vtt` is `q3.meta.json` or `q3.vtt.meta.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from meetcli.errors import InputError
from meetcli.meetings.field_names import FIELDS, misspelled

SIDECAR_SUFFIX = ".meta.json"
MAX_SIDECAR_BYTES = 1_000_000


def sidecar_names(name: str) -> tuple[str, ...]:
    """Return what the sidecar of a file may be called, the closest name first."""
    plain = name.removesuffix(".gz")
    wanted = (f"{base}{SIDECAR_SUFFIX}" for base in (name, plain, plain.rpartition(".")[0] or plain))
    return tuple(sidecar for sidecar in wanted if sidecar != name)


def sidecar_fields(content: bytes, name: str) -> dict[str, str]:
    """Return the fields of a sidecar, at its top or under `metadata`; `InputError` where it cannot be used.

    Unknown ones are ignored, but those that are a field misspelled stand under the name that they have, empty.
    """
    if len(content) > MAX_SIDECAR_BYTES:
        raise InputError(f"its {name} is larger than {MAX_SIDECAR_BYTES:,} bytes")
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"its {name} is not UTF-8", hint="save it as UTF-8") from None
    except (ValueError, RecursionError):
        raise InputError(f"its {name} is not valid JSON") from None
    fields = document.get("metadata", document) if isinstance(document, Mapping) else None
    if not isinstance(fields, Mapping):
        raise InputError(f"its {name} is no object of fields such as meeting_id")
    found = {}
    for field in FIELDS:
        value = fields.get(field)
        if value is None:
            continue
        if not isinstance(value, str):
            raise InputError(
                f"its {name} has a {field} that is no text",
                field=field,
                hint="put it in quotes: an id such as 007 is not the number 7",
            )
        if value.strip():
            found[field] = value.strip()
    return found | {name: "" for name, _ in misspelled(fields)}
