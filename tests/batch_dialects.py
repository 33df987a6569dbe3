"""How other servers speak of batches, for the loopback server: each a function from a step's reply to theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Dress = Callable[[str, int, Any], tuple[int, Any]]
"""From a step (`create`), a status and what OpenAI would say to what this server says."""
Words = Mapping[str, str]

CAPITALS = {word: word.upper() for word in ("in_progress", "completed", "failed", "expired", "cancelling", "cancelled")}
RUN_WORDS = {
    "in_progress": "RUNNING",
    "completed": "SUCCESS",
    "failed": "FAILED",
    "expired": "TIMEOUT_EXCEEDED",
    "cancelling": "CANCELLATION_REQUESTED",
    "cancelled": "CANCELLED",
}
JOB_STATES = {
    "in_progress": "JOB_STATE_RUNNING",
    "completed": "JOB_STATE_SUCCEEDED",
    "failed": "JOB_STATE_FAILED",
    "expired": "JOB_STATE_EXPIRED",
    "cancelling": "JOB_STATE_CANCELLING",
    "cancelled": "JOB_STATE_CANCELLED",
}
CAMELS = {
    "in_progress": "InProgress",
    "completed": "Succeeded",
    "failed": "Failed",
    "expired": "TimedOut",
    "cancelling": "Canceling",
    "cancelled": "Canceled",
}


def envelope(step: str, status: int, said: Any) -> tuple[int, Any]:
    """A batch in `job` when it is made, a bare list, times in words, capitals; neither counts nor metadata."""

    def job(batch: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in batch.items() if name not in ("metadata", "request_counts", "object")}
        at = datetime.fromtimestamp(batch["created_at"], UTC).isoformat().replace("+00:00", "Z")
        return {**kept, "status": CAPITALS[batch["status"]], "created_at": at, "progress": 40.5, "user_id": "u-1"}

    if status != 200 or step == "upload":
        return status, said
    if step == "list":
        return 200, [job(one) for one in said["data"]]
    return 200, {"job": job(said), "warning": ""} if step == "create" else job(said)


def jobs(step: str, status: int, said: Any) -> tuple[int, Any]:
    """Files and counts by other names, lists of input files, and a list that tells how many there are."""

    def job(batch: Mapping[str, Any]) -> dict[str, Any]:
        counts = batch["request_counts"]
        return {
            "id": batch["id"],
            "object": "batch",
            "input_files": [batch["input_file_id"]],
            "metadata": batch["metadata"],
            "status": RUN_WORDS[batch["status"]],
            "created_at": batch["created_at"],
            "output_file": batch["output_file_id"],
            "error_file": batch["error_file_id"],
            "total_requests": counts["total"],
            "completed_requests": counts["completed"] + counts["failed"],
            "succeeded_requests": counts["completed"],
            "failed_requests": counts["failed"],
            "errors": [],
        }

    if status != 200 or step == "upload":
        return status, said
    if step == "list":
        return 200, {"object": "list", "total": len(said["data"]), "data": [job(one) for one in said["data"]]}
    return 200, job(said)


def slashes(step: str, status: int, said: Any) -> tuple[int, Any]:
    """Ids with a slash, the states of a cloud's jobs, and an empty object for an empty list."""
    if status != 200 or step == "upload":
        return status, said

    def job(batch: Mapping[str, Any]) -> dict[str, Any]:
        return {**batch, "id": f"batches/{batch['id']}", "status": JOB_STATES[batch["status"]]}

    if step == "list":
        return 200, {"data": [job(one) for one in said["data"]]} if said["data"] else {}
    return 200, job(said)


def wrapped(step: str, status: int, said: Any) -> tuple[int, Any]:
    """Everything in `data` of an envelope with a code of its own, milliseconds, states in camel case."""

    def job(batch: Mapping[str, Any]) -> dict[str, Any]:
        return {**batch, "status": CAMELS[batch["status"]], "created_at": batch["created_at"] * 1000}

    if status != 200:
        return status, said
    if step == "list":
        said = {"items": [job(one) for one in said["data"]], "next": None}
    elif step != "upload":
        said = job(said)
    return 200, {"code": 20000, "message": "Ok", "status": True, "data": said}


def bare(step: str, status: int, said: Any) -> tuple[int, Any]:
    """Nothing but what is needed: an id by another name, a state, empty texts for files that are not there."""

    def job(batch: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "batch_id": batch["id"],
            "state": batch["status"],
            "input_file_id": batch["input_file_id"],
            "output_file_id": batch["output_file_id"] or "",
            "error_file_id": batch["error_file_id"] or "",
        }

    if status != 200 or step == "upload":
        return status, said
    if step == "create":
        return 200, {"batch_id": said["id"]}
    return 200, {"batches": [job(one) for one in said["data"]]} if step == "list" else job(said)


def endless(step: str, status: int, said: Any) -> tuple[int, Any]:
    """The same page for ever, each time with more to come; a batch that calls itself something else."""
    if step == "list" and status == 200:
        return 200, {**said, "has_more": True}
    if step == "retrieve" and status == 200:
        return 200, {**said, "id": f"raw-{said['id']}", "metadata": None}
    return status, said


def relabeled(step: str, status: int, said: Any) -> tuple[int, Any]:
    """A gateway that keeps no metadata and calls a file something else than it did when that was uploaded."""

    def job(batch: Mapping[str, Any]) -> dict[str, Any]:
        return {**batch, "metadata": None, "input_file_id": f"raw-{batch['input_file_id']}"}

    if status != 200 or step == "upload":
        return status, said
    return 200, {**said, "data": [job(one) for one in said["data"]]} if step == "list" else job(said)


DIALECTS: dict[str, Dress] = {
    "envelope": envelope,
    "jobs": jobs,
    "slashes": slashes,
    "wrapped": wrapped,
    "bare": bare,
    "endless": endless,
    "relabeled": relabeled,
}
