"""Engines room: what goes over the wire to a chat.completions server and comes back. Never sends anything, never waits.

The only translation of vendor errors: what leaves here is a `Failure` in our own words, because the
vendor's quote keys ("Incorrect API key provided: sk-...") and prompts. The SDK is imported only where an error of it is
at hand.
"""

from __future__ import annotations

import email.utils
import json
import logging
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from meetcli.engines.openai_bounds import Bounds, read_bounds, says_too_long
from meetcli.engines.openai_limits import seconds_until
from meetcli.engines.openai_scrub import scrubbed
from meetcli.engines.openai_words import worded
from meetcli.models import Usage
from meetcli.plain_text import printable

if TYPE_CHECKING:
    import openai

NO_BOUNDS: Final = Bounds()
ONE_CALL: Final = Usage(requests=1)
QUOTA_CODES: Final = frozenset(
    {"insufficient_quota", "billing_not_active", "billing_hard_limit_reached", "budget_exceeded"}
)
MODEL_CODES: Final = frozenset({"model_not_found", "model_decommissioned"})
FILTER_CODES: Final = frozenset({"content_filter", "content_policy_violation"})
CAPACITY_CODES: Final = frozenset({"resource_unavailable"})
LENGTH_CODES: Final = frozenset({"context_length_exceeded", "string_above_max_length", "request_too_large"})
UNKNOWN_FATE_STATUSES: Final = frozenset(
    {408, 502, 504, *range(520, 528)}
)  # said by a gateway, while the model may have answered
logger = logging.getLogger("meetcli.engines.openai")

MOST_SAID: Final = 4_000  # characters of an error body that are looked at
VENDORS: Final = frozenset({"openai", "httpx2", "aiohttp", "anyio"})
BATCH_PATH: Final = re.compile(r"/(files|batches)/?$")  # below them stand single files and batches, which may be gone
CODE_WORDS: Final = frozenset(
    """
    above access account active api authentication bad balance batch below billing blocked cancelled capacity code
    completion connection content context credit custom data denied disabled duplicate empty endpoint enqueued error
    exceeded exhausted expired failed file filter flex for forbidden found generation hard id input insufficient
    internal invalid json key large length limit line long max message messages method mismatched missing model network
    no not organization output overloaded parameter parse payload payment per permission permissions policy project
    prompt quota rate reached refused region request requests required resource response schema server service size
    small soft spend status string supported tier timeout token tokens too type unauthorized unavailable unexpected
    unknown unsupported upload url usage value violation
    """.split()  # noqa: SIM905  # read as a list of words
)
"""What the error codes of OpenAI and its likes are made of. A server may put anything there, a key or a word of the
transcript too.
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt gave no answer. `ends` says what is over: the attempt (try again), the request, or the run.

    `is_unexplained` says that nothing tells why the request was refused; one without an optional part may work. `said`
    are the server's own words in lower case, for comparing only, `bounds` what they name. `retry_after_s` is what the
    server asked for. `usage` is what the attempt cost: one request unless nothing reached the server.
    `is_uncertain` says that it may have cost more: the model may have answered. `headers` are those of the answer.
    """

    reason: str
    message: str
    ends: Literal["attempt", "request", "run"]
    hint: str | None = None
    is_unexplained: bool = False
    said: str = field(default="", repr=False)
    bounds: Bounds = NO_BOUNDS
    retry_after_s: float | None = None
    usage: Usage = ONE_CALL
    is_uncertain: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def bad_reply(why: str) -> Failure:
    """Return the failure of an attempt whose answer cannot be read; it may be billed."""
    return Failure("bad_reply", f"the server's answer {why}", "attempt", is_uncertain=True)


class SentElsewhere(Exception):
    """A server answered with a redirect to another one, which was not followed."""

    def __init__(self, host: str) -> None:
        super().__init__(f"sent on to {host}")
        self.host = host


def translate(error: Exception, sent: Mapping[str, Any], now_s: float) -> Failure | None:
    """Return what a vendor's exception means for the body `sent`; None for what is no vendor's and so a bug of ours.

    `now_s` is seconds since the epoch, for a Retry-After that is a date.
    """
    import aiohttp
    import httpx2
    import openai
    import pydantic

    if isinstance(error, SentElsewhere):
        return Failure(
            "bad_endpoint",
            f"the server sends requests on to {printable(error.host)}, which was not asked",
            "run",
            "give that address with --base-url if it may read the transcripts",
        )
    if isinstance(error, openai.APIStatusError):
        return replace(_status_failure(error, sent, now_s), headers=error.response.headers)
    if isinstance(
        error, openai.APIResponseValidationError | json.JSONDecodeError | UnicodeDecodeError | pydantic.ValidationError
    ):
        return bad_reply("cannot be read")
    if isinstance(
        error, openai.APIConnectionError | httpx2.HTTPError | aiohttp.ClientError | httpx2.InvalidURL | OSError
    ):
        return _connection_failure(error)
    if (
        type(error).__module__.partition(".")[0] in VENDORS
    ):  # what an upgrade may add must not end the run as a bug of ours
        return Failure(
            "client_error", f"the OpenAI client failed: {type(error).__name__}", "attempt", is_uncertain=True
        )
    return None


def _connection_failure(error: BaseException) -> Failure:
    """Tell an endpoint that cannot be reached from a connection lost and from silence.

    The SDK cannot: its aiohttp transport reports a refused connection and a dropped one alike, as a connect timeout.
    aiohttp's own exception is among the causes.
    """
    import aiohttp
    import httpx2
    import openai

    causes = list(_causes(error))

    def is_any(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if is_any(httpx2.UnsupportedProtocol, httpx2.InvalidURL, aiohttp.InvalidURL):
        return Failure(
            "bad_endpoint", "the base URL cannot be called", "run", "give a URL such as https://host/v1", usage=Usage()
        )
    if is_any(aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, httpx2.ConnectError):
        why = "its name is not known" if is_any(aiohttp.ClientConnectorDNSError) else "no connection"
        if is_any(aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError):
            why = "TLS failed"
        hint = "check the network and the base URL"
        if why == "TLS failed":
            hint = (
                "name the file of your certificate authority with --ca-file (or REQUESTS_CA_BUNDLE, SSL_CERT_FILE); "
                "a server on this machine may have http://"
            )
        return Failure(
            "unreachable",
            f"the server cannot be reached: {why}",
            "attempt",
            hint,
            usage=Usage(),
        )
    is_silence = is_any(TimeoutError, openai.APITimeoutError, httpx2.TimeoutException) and not is_any(
        aiohttp.ClientConnectionError
    )
    if is_silence or is_any(aiohttp.ServerTimeoutError):
        hint = "raise --timeout or lower --concurrency"
        return Failure("timeout", "the server did not answer in time", "attempt", hint, is_uncertain=True)
    return Failure("connection_lost", "the connection was lost", "attempt", is_uncertain=True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


class Said(NamedTuple):
    """What a server said with a status: `codes` in lower case, `message` its words, `path` the one that was asked.

    `text` is the whole of it in lower case, cut where nobody would read on.
    """

    status: int
    codes: frozenset[str]
    shown: str
    param: str
    message: str
    text: str
    path: str = ""


def _said_by(error: openai.APIStatusError) -> Said:
    try:
        data: object = json.loads(error.response.content, strict=False)
    except (ValueError, RecursionError, UnicodeDecodeError, RuntimeError):  # a page for people, or nothing was read
        data = error.body
    return _said(error.status_code, data, error.request.url.path)


def _said(status: int, data: object, path: str = "") -> Said:
    """Return what an error body says, in whichever of the usual shapes: an error object, a list of one, a bare text."""
    outer = data[0] if isinstance(data, list) and data else data
    outer = outer if isinstance(outer, dict) else {"message": outer}
    inner = outer.get("error")
    inner = inner if isinstance(inner, dict) else {"message": inner}
    nodes = (inner, outer)
    named = [node.get(name) for node in nodes for name in ("code", "type", "status")]
    codes = [code for code in named if isinstance(code, str)]
    shown = next((f" ({code})" for code in codes if is_known_code(code)), "")
    told = [node.get(name) for node in nodes for name in ("message", "detail", "msg")]
    words = [str(text) for text in told if text]
    param = next((node["param"] for node in nodes if isinstance(node.get("param"), str)), "")
    text = json.dumps(data, ensure_ascii=False, default=str)[:MOST_SAID].lower()
    return Said(
        status, frozenset(code.lower() for code in codes), shown, param, " ".join(words)[:MOST_SAID], text, path
    )


def failure_in_body(data: object) -> Failure | None:
    """Return what an error in the body of a 200 means: as if its code had been the status. None where there is none."""
    given = data[0] if isinstance(data, list) and data else data
    error = given.get("error") if isinstance(given, dict) else None
    if not error:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    code = error.get("status") if code is None and isinstance(error, dict) else code
    try:
        status = int(str(code))
    except ValueError:
        status = 0
    said = _said(status if 400 <= status < 600 else 500, given)
    failure = _refusal(said, {}, None)
    return replace(
        failure, message=failure.message.replace("the server answered", "the server answered 200 with an error", 1)
    )


def _status_failure(error: openai.APIStatusError, sent: Mapping[str, Any], now_s: float) -> Failure:
    said = _said_by(error)
    if (
        said.status in (404, 405)
        and BATCH_PATH.search(said.path)
        and "model_not_found" not in said.codes
        and not said.param
    ):
        message = f"the server answered {said.status}{said.shown}: this server has no batch lane"
        return Failure("lane_not_served", message, "run", "use --lane standard")
    return _refusal(said, sent, _retry_after_s(error.response.headers, now_s))


def _refusal(said: Said, sent: Mapping[str, Any], retry_after_s: float | None) -> Failure:
    """Return what a status and the words with it mean for the body `sent`."""
    status, codes = said.status, said.codes
    message = f"the server answered {status}{said.shown}"
    transcript = "\n".join(str(one.get("content")) for one in sent.get("messages", ()) if isinstance(one, dict))
    logger.info("%s: %s", message, scrubbed(said.message, transcript, None) or "nothing that can be shown")
    if stopping := _stopping_failure(said, message):
        return stopping
    if sent.get("service_tier") and re.search(r"service.?tier|\bflex\b", said.text) and status in (400, 404, 422):
        return Failure(
            "lane_not_served", f"{message}: the flex lane does not have this model", "run", "use --lane standard"
        )
    if codes & FILTER_CODES:
        return Failure("content_filter", f"{message}: the content filter refused the request", "request")
    if worded(status, said.message.lower()) == "flagged":
        return Failure("flagged", f"{message}: the content filter refused the request, as it seems", "request")
    if bounded := _bounded_failure(said, sent, message):
        return bounded
    if status == 429 and (codes & CAPACITY_CODES or "resource unavailable" in said.text):
        hint = "try again later, raise --max-wait, or pay the standard price with --flex-fallback"
        return Failure(
            "no_capacity", f"{message}: the flex lane has no capacity", "attempt", hint, retry_after_s=retry_after_s
        )
    if status == 429 and "request too large" in said.text:
        return Failure("too_large", f"{message}: the request is larger than the limit of tokens a minute", "request")
    if status == 429:
        return Failure("rate_limited", message, "attempt", "lower --concurrency", retry_after_s=retry_after_s)
    if status in (408, 409) or status >= 500:
        is_uncertain = status in UNKNOWN_FATE_STATUSES
        return Failure(
            "server_error",
            message,
            "attempt",
            retry_after_s=retry_after_s,
            is_uncertain=is_uncertain,
            is_unexplained=status in (500, 501),
            said=said.text,
        )
    if shown := scrubbed(said.message, transcript):
        message += f": {shown}"
    return Failure("bad_request", message, "request", is_unexplained=status in (400, 422), said=said.text)


def _bounded_failure(said: Said, sent: Mapping[str, Any], message: str) -> Failure | None:
    """Return the failure of a request that is larger than what the server takes, or asks for more; None for others."""
    if said.status not in (400, 413, 422, 500):
        return None
    cap = next((value for name, value in sent.items() if name.startswith("max_") and isinstance(value, int)), None)
    bounds = read_bounds(said.text, cap=cap, status=said.status)
    if bounds.output is not None:
        shown = f"{message}: it writes at most {bounds.output:,} tokens"
        return Failure("cap_refused", shown, "request", said=said.text, bounds=bounds)
    is_too_long = bounds.window or said.codes & LENGTH_CODES or said.status == 413 or says_too_long(said.text)
    if not is_too_long:
        return None
    hint = "say with --context-tokens how much it reads, or use a larger one"
    shown = f"{message}: the request is too long for the model"
    if bounds.window is not None:
        shown += f", which reads and writes {bounds.window:,} tokens"
    return Failure("too_long", shown, "request", hint, said=said.text, bounds=bounds)


def is_known_code(code: object) -> bool:
    """Return whether an error code can be shown: one that says no more than what error codes say."""
    return isinstance(code, str) and code.count("_") < 8 and CODE_WORDS.issuperset(code.split("_"))


def _stopping_failure(said: Said, message: str) -> Failure | None:
    """Return the failure after which no call of this run can work, where nobody else is answered, or None."""
    status, codes, reason = said.status, said.codes, worded(said.status, said.message.lower())
    if codes & QUOTA_CODES or status == 402 or reason == "insufficient_quota":
        return Failure(
            "insufficient_quota",
            f"{message}: the account has no quota left",
            "run",
            "check plan and billing of the account",
        )
    if status == 401 or reason == "key_refused":
        return Failure("key_refused", f"{message}: the API key was refused", "run", "check OPENAI_API_KEY")
    if codes & MODEL_CODES or reason == "unknown_model":
        return Failure(
            "unknown_model",
            f"{message}: the model is not known there",
            "run",
            "check --model, and what the key may use",
        )
    if status == 403 and not codes & FILTER_CODES and reason != "flagged":
        return Failure(
            "forbidden", f"{message}: this key may not do this", "run", "check the key's permissions, model and region"
        )
    if status in (404, 405):
        return Failure(
            "not_found",
            f"{message}: no such model or path",
            "run",
            "check --model and --base-url (it often ends in /v1)",
        )
    return None


def _retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Return how long the server asks to wait.

    Read from OpenAI's `retry-after-ms`, else from `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
    """
    for name, scale in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            wait_s = float(headers.get(name, "")) / scale
        except ValueError:
            continue
        if math.isfinite(wait_s):
            return max(0.0, seconds_until(wait_s, now_s))
    try:
        return max(0.0, email.utils.parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - now_s)
    except (ValueError, OverflowError):
        return None
