"""Corrections are dated, public and additive: an event is appended, and nothing is rewritten silently."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polystilts import __version__
from polystilts.errors import StudyError, WrongUse
from polystilts.files import fingerprint, read_json, write_json
from polystilts.gate.schemas import about, check_document

CORRECTIONS = ("METADATA", "ARTIFACT", "CLAIM", "BENCHMARK", "PROVENANCE", "QUALITY_ASSESSMENT")


def correction_record(folder: Path, scale: str) -> dict[str, Any]:
    """After correction-record-v1: the corrections so far, as they lie there; none where there is no file."""
    file = folder / "record" / "correction-record.json"
    events = read_json(file)["correction_events"] if file.is_file() else []
    return about("correction-record-v1") | {
        "work": {"title": f"polystilts, scale {scale}", "version": __version__},
        "manifest": {"path": "record/paper-manifest.json"},
        "correction_state": "CORRECTED" if events else "CURRENT",
        "correction_count": len(events),
        "last_corrected_at": events[-1]["corrected_at"] if events else None,
        "correction_events": events,
        "known_superseded_manifest_urls": [],
        "policy": {"corrections_are_additive": True, "no_silent_public_rewrites": True},
        "interpretation": "Each event is dated and names the hash of the one before; none is ever removed.",
        "limitations": ["earlier versions of a file are in the history of the repository"],
    }


def correct(folder: Path, kind: str, note: str, fields: list[str], when: str) -> dict[str, Any]:
    """Append one dated event to the correction record; what is already there is checked and never changed."""
    if kind not in CORRECTIONS:
        raise WrongUse(f"unknown kind of correction {kind!r}; kinds are {', '.join(CORRECTIONS)}")
    if not note.strip():
        raise WrongUse("the note is empty; say what was wrong and what is right: --note WORDS")
    if not (folder / "claims.json").is_file():
        raise WrongUse(f"{folder} has no claims.json, so nothing to correct; name the outputs of a study")
    document = correction_record(folder, folder.name)
    events = document["correction_events"]
    check_chain(events)
    event = {
        "event_id": f"correction-{len(events) + 1}",
        "corrected_at": when,
        "correction_type": kind,
        "public_note": note,
        "affected_fields": fields,
        "previous": fingerprint(events[-1]) if events else "",
    }
    document |= {"correction_events": [*events, event], "correction_count": len(events) + 1,
                 "correction_state": "CORRECTED", "last_corrected_at": when}  # fmt: skip
    check_document("correction-record", document)
    write_json(folder / "record" / "correction-record.json", document)
    return event


def check_chain(events: list[Mapping[str, Any]]) -> None:
    """Refuse a history in which an event was changed or taken out: each names the hash of the one before."""
    for number, event in enumerate(events):
        before = fingerprint(events[number - 1]) if number else ""
        if event["previous"] != before or event["event_id"] != f"correction-{number + 1}":
            raise StudyError(f"record/correction-record.json was rewritten before {event['event_id']}: "
                             "corrections are only ever added")  # fmt: skip
