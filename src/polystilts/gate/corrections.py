"""Corrections are dated, public and additive: an event is appended, and nothing is rewritten silently."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polystilts import __version__
from polystilts.errors import StudyError, WrongUse
from polystilts.files import fingerprint, read_json, write_json
from polystilts.gate.evidence import Evidence
from polystilts.gate.finding import Check, Finding, counted, falsifies
from polystilts.gate.history import history_of
from polystilts.gate.schemas import about, check_document

RECORD = "record/correction-record.json"
CHAIN = "corrections.json"  # beside the claims: how many there are, and the hash of the last
CORRECTIONS = ("METADATA", "ARTIFACT", "CLAIM", "BENCHMARK", "PROVENANCE", "QUALITY_ASSESSMENT")


def correction_record(folder: Path, scale: str) -> dict[str, Any]:
    """After correction-record-v1: the corrections so far, as they lie there; none where there is no file."""
    events = _events(folder)
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
    document |= {
        "correction_events": [*events, event],
        "correction_count": len(events) + 1,
        "correction_state": "CORRECTED",
        "last_corrected_at": when,
    }
    check_document("correction-record", document)
    write_json(folder / RECORD, document)
    write_json(folder / CHAIN, {"corrections": len(events) + 1, "last": fingerprint(event)})
    return event


def check_corrections(evidence: Evidence) -> Check:
    """Every correction is there, unchanged: chained, counted beside the claims, asked of git."""
    question = "Are all corrections there, as they were made?"
    name, findings = RECORD, []
    try:
        events = _events(evidence.folder)
        check_chain(events)
    except (StudyError, ValueError, KeyError, TypeError) as problem:
        events = []
        findings.append(
            falsifies(f"{problem}" if isinstance(problem, StudyError) else f"{name} cannot be read")
        )
    chain = evidence.folder / CHAIN
    last = {"corrections": len(events), "last": fingerprint(events[-1]) if events else ""}
    if not findings and (chain.is_file() or events):
        kept = read_json(chain) if chain.is_file() else None
        if kept is None:
            findings.append(
                Finding("note", f"{CHAIN} is not there: the last correction is chained to nothing")
            )
        elif kept != last:
            what = f"{CHAIN} counts {kept.get('corrections')} corrections, {name} holds {len(events)}"
            findings.append(falsifies(f"{what}, or the last is another: one was changed or taken out"))
    findings += _forgotten(evidence, events)
    done = f"{counted(len(events), 'correction')} followed from one to the next."
    return Check("corrections", question, done, tuple(findings))


def _events(folder: Path) -> list[Mapping[str, Any]]:
    file = folder / RECORD
    return read_json(file)["correction_events"] if file.is_file() else []


def _forgotten(evidence: Evidence, events: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """Corrections that git has and that are no longer there."""
    history, _ = history_of(evidence.repository)
    if history is None or not evidence.folder.is_relative_to(evidence.repository):
        return
    place = evidence.folder.relative_to(evidence.repository).as_posix()
    committed = history.committed(f"{place}/{RECORD}")
    before = json.loads(committed)["correction_events"] if committed else []
    if list(events[: len(before)]) != before:
        yield falsifies(
            f"{RECORD} as committed holds {len(before)} corrections that are not these: corrections "
            "are only ever added"
        )


def check_chain(events: list[Mapping[str, Any]]) -> None:
    """Refuse a history in which an event was changed or taken out: each names the hash of the one before."""
    for number, event in enumerate(events):
        before = fingerprint(events[number - 1]) if number else ""
        if event["previous"] != before or event["event_id"] != f"correction-{number + 1}":
            raise StudyError(
                f"record/correction-record.json was rewritten before {event['event_id']}: "
                "corrections are only ever added"
            )
