"""Runs plan and spend together over fakes, as the command line does over the real rooms."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from meetcli.answers import render_version
from meetcli.cache.forgiving import ForgivingCache
from meetcli.config import read_toml
from meetcli.delivery import give_up
from meetcli.discover import discover
from meetcli.keys import asked_parts
from meetcli.models import Assignment, EngineIdentity, Reply, Rules, Usage
from meetcli.plan import plan
from meetcli.plan.ports import PlanPorts
from meetcli.readers import Rereader
from meetcli.spend import spend
from meetcli.spend.ledger import Ledger
from meetcli.spend.ports import SpendPorts
from meetcli.tasks import open_task
from meetcli.tasks.prompt import instructions_text
from tests.fakes import MemoryCache, ScriptedEngine

DAY_S = 86_400.0
IDENTITY = EngineIdentity(
    "openai", "gpt-4o", endpoint="https://api.openai.com/v1", host="api.openai.com", is_openai=True
)


def explicit(transcript="Ana: We will send the plan on Friday.\nRui: Thank you.", **metadata):
    """Return a meeting in the canonical shape, keyed unless an id is given as None."""
    ids = {"meeting_id": "M-1", "customer_id": "C-1", "meet_date": "2025-10-15T10:00:00Z", **metadata}
    return {"transcript": transcript, "metadata": {name: value for name, value in ids.items() if value is not None}}


def extract_answer(**changes):
    """Return what a model answers to `extract`, as a dict."""
    return {
        "language": "en",
        "customer_name": None,
        "banker_name": None,
        "meet_type": None,
        "summary": "They agreed on a plan.",
        "key_points": [{"text": "A plan is sent.", "quote": "We will send the plan on Friday."}],
        "action_items": [
            {
                "description": "Send the plan",
                "owner": "Ana",
                "due_text": "on Friday",
                "status": "agreed",
                "quote": "We will send the plan on Friday.",
            }
        ],
        "topics": ["plan"],
        "decisions": [],
        "open_questions": [],
        "participants": [{"name": "Ana", "role": None, "side": None}],
        **changes,
    }


class World:
    """A folder of inputs, a cache that outlives runs, an engine with a script and a clock turned by hand."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.items = MemoryCache()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.engine = ScriptedEngine(lambda request: answered(extract_answer()))
        self.task = "extract"
        self.identity = IDENTITY
        self.language = "auto"
        self.requires_evidence = False
        self.price = lambda usage: Decimal(usage.input_tokens + usage.output_tokens) / 1000
        self.is_stopping = lambda: False
        self.write_error = None
        self.leases = None
        self.window = None
        self.in_place = {}
        self.prepare = lambda: None
        self.warnings = []

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8"
        )
        return path

    def later(self, **span):
        self.now += timedelta(**span)

    def assignment(self):
        task = open_task(self.task, read_toml)
        parts = asked_parts(
            instructions=instructions_text(task),
            schema_sha256=task.schema_sha256,
            temperature=task.temperature,
            identity=self.identity,
            language=self.language,
        )
        version = render_version(requires_evidence=self.requires_evidence)
        return Assignment(task, self.identity, self.language, parts, version, self.requires_evidence)

    def run(self, *, cached=True, ttl_s=DAY_S, **rules):
        """Plan and spend everything in the folder; return outcomes by path shown, and place where there is one."""
        cache = ForgivingCache(self.items, self.warnings.append) if cached else None
        self.outcomes, self.results = {}, {}

        def deliver(outcome, text):
            if text is not None and self.write_error:
                raise self.write_error
            name = (
                outcome.source.shown
                if outcome.source.place is None
                else f"{outcome.source.shown}.{outcome.source.place}"
            )
            assert name not in self.outcomes, f"{name} ended twice"
            self.outcomes[name] = outcome
            if text is not None:
                self.results[name] = text

        inputs = discover(["."], working_folder=self.folder, stdin_folder=self.folder)
        assignment = self.assignment()
        wanted = Rules(ttl_s=ttl_s, max_bytes=10**6, **rules)

        self.planned = plan(
            inputs,
            assignment=assignment,
            rules=wanted,
            cache=cache,
            ports=PlanPorts(
                self.now,
                deliver,
                find=lambda source, sha256: source.shown if self.in_place.get(source.shown) == sha256 else None,
            ),
        )
        ports = SpendPorts(
            read_again=Rereader().meeting,
            price=lambda usage, lane: self.price(usage),
            now=lambda: self.now,
            monotonic=lambda: 0.0,
            is_stopping=self.is_stopping,
            deliver=deliver,
            prepare=self.prepare,
            window=self.window,
        )
        ledger = Ledger(
            assignment.task.name,
            cache,
            self.leases if cached else None,
            rules=wanted,
            started_at=self.now,
            warn=self.warnings.append,
        )
        self.engine.requests.clear()
        try:
            asyncio.run(spend(self.planned.jobs, assignment=assignment, engine=self.engine, ledger=ledger, ports=ports))
        finally:
            self.calls = len(self.engine.requests)
        return self.outcomes

    def cache(self):
        return ForgivingCache(self.items, self.warnings.append)

    def read_again(self, source, sha256):
        return Rereader().meeting(source, sha256)

    def dry_run(self, **rules):
        """Plan only, giving every job up."""
        outcomes = {}
        cache = ForgivingCache(self.items, self.warnings.append)
        self.planned = planned = plan(
            discover(["."], working_folder=self.folder, stdin_folder=self.folder),
            assignment=self.assignment(),
            rules=Rules(ttl_s=DAY_S, max_bytes=10**6, **rules),
            cache=cache,
            ports=PlanPorts(self.now, lambda outcome, text: outcomes.update({outcome.source.shown: outcome})),
        )
        give_up(planned.jobs, None, lambda outcome, text: outcomes.update({outcome.source.shown: outcome}))
        return outcomes

    def statuses(self):
        return {name: outcome.status.value for name, outcome in self.outcomes.items()}


def answered(answer, **fields):
    """Return a reply that carries an answer."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return Reply("", text, usage=fields.pop("usage", Usage(1000, 0, 100, 1)), **fields)


def to(request, reply):
    """Address a reply to a request."""
    return reply._replace(request_id=request.id)
