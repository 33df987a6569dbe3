"""The words of minutes that are no one's own: headings, dates, in English and Portuguese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

_BARE_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")

LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "meeting": "Meeting",
        "date": "Date",
        "banker": "Banker",
        "participants": "Participants",
        "talk": "Talk time",
        "meeting_id": "Meeting id",
        "customer_id": "Customer id",
        "topics": "Topics",
        "made_by": "Written by",
        "summary": "Summary",
        "key_points": "Key points",
        "decisions": "Decisions",
        "action_items": "Action items",
        "open_questions": "Open questions",
        "risks": "Risks",
        "sentiment": "Sentiment",
        "speakers": "Sentiment by speaker",
        "due": "due:",
        "because": "because",
        "tentative": "tentative",
        "nobody": "nobody named",
        "unsupported": "no quote in the transcript supports it",
        "yes": "yes",
        "no": "no",
        "low": "low",
        "medium": "medium",
        "high": "high",
        "positive": "positive",
        "neutral": "neutral",
        "negative": "negative",
    },
    "pt": {
        "meeting": "Reunião",
        "date": "Data",
        "banker": "Gerente",
        "participants": "Participantes",
        "talk": "Tempo de fala",
        "meeting_id": "Id da reunião",
        "customer_id": "Id do cliente",
        "topics": "Temas",
        "made_by": "Redigido por",
        "summary": "Resumo",
        "key_points": "Pontos principais",
        "decisions": "Decisões",
        "action_items": "Pendências",
        "open_questions": "Perguntas em aberto",
        "risks": "Riscos",
        "sentiment": "Sentimento",
        "speakers": "Sentimento por participante",
        "due": "prazo:",
        "because": "porque",
        "tentative": "a confirmar",
        "nobody": "sem responsável",
        "unsupported": "nenhuma citação da transcrição o sustenta",
        "yes": "sim",
        "no": "não",
        "low": "baixo",
        "medium": "médio",
        "high": "alto",
        "positive": "positivo",
        "neutral": "neutro",
        "negative": "negativo",
    },
}
_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "pt": (
        *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
        *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    ),
}


def date_text(value: str, language: str) -> str:
    """Return a date as people write it, with the time and zone it was given with; what is no date stays as it is."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    month = _MONTHS[language][at.month - 1]
    day = f"{at.day} de {month} de {at.year}" if language == "pt" else f"{at.day} {month} {at.year}"
    if _BARE_DATE.fullmatch(value):
        return day
    return f"{day}, {at:%H:%M}" + (f" {at:%Z}" if at.tzinfo else "")
