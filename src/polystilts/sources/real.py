"""Real data as a prepared study: examples, text and word lists in the form that the generated world has.

What is written is fixed by rules, not by chance: rows in the order of the hash of their meaning, text in the
order of the hash of its lines, in an order of its own for each pair of allotments. Rows that share a meaning
or a text with a test are dropped and counted.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from polystilts import files
from polystilts.errors import StudyError, WrongUse
from polystilts.languages import LANGUAGES
from polystilts.sources.allotments import low_resource_in
from polystilts.sources.dealing import dealt, refuse_other_labels
from polystilts.sources.doors import Door
from polystilts.sources.leakage import Sentences, count_leaks, recognised, text_sentences, without_overlap
from polystilts.sources.real_text import write_lexicon, write_text_of
from polystilts.tasks import STRATEGIES, TASKS, Arm
from polystilts.tasks.arms import LANGUAGE_SETS

NO_TEXT = {"lines": 0, "characters": 0, "asked": 0, "held_test_sentences": 0, "words": 0}
DEV_SHARE = 10  # one meaning in so many is kept for development where a data set has no such rows


def write_real(
    folder: Path,
    door: Door,
    allotment: int,
    languages: Iterable[str],
    source_language: str,
    low_resource: Iterable[str],
    tasks: Iterable[str],
    arms: Iterable[Arm],
    rows: Mapping[str, int],
    documents_by_resource: Mapping[str, int],
    lexicon_coverage: float = 1.0,
    refuse_leaks: bool = True,
    tested_only: Iterable[str] = (),
) -> dict:
    """Write the data of one allotment into `folder` and return their card.

    Leaves what `sources.world.write_world` leaves, language by language as far as there are data. The even
    allotments give the languages of `low_resource` little text and the others much; the odd ones exchange the
    two groups. Each pair of them (0 and 1, 2 and 3) draws other lines. Languages `tested_only` have tests and
    nothing else. Raises WrongUse for arms that no data exist for, StudyError on a leak.
    """
    languages, arms = list(languages), list(arms)
    study = _Writer(folder, door, languages, source_language, rows, tested_only)
    tasks = list(tasks)
    for task in tasks:
        study.write_tests(task)
    for task in sorted(tasks, key=lambda name: TASKS[name].role == "intermediate"):  # these give way
        study.write_home_rows(task)
    for arm in arms:
        study.write_arm(arm)
    poor = low_resource_in(allotment, tuple(low_resource), languages, source_language, study.tested_only)
    card: dict = {"source_language": source_language, "allotment": allotment, "languages": {}}
    home, most = set(), max(documents_by_resource.values())
    for code in [source_language, *(code for code in languages if code != source_language)]:
        level = "low" if code in poor else "high"
        forbidden = Sentences(study.forbidden.get(code, ()))
        if code in study.tested_only:
            told, words = NO_TEXT, set()
        else:
            given = door.text(code, most) if most else []
            wanted = documents_by_resource[level]
            told, words = write_text_of(folder / "corpus", code, given, wanted, forbidden, allotment // 2)
        home = home or words
        card["languages"][code] = told | {
            "resource": level,
            "shared_words": round(len(words & home) / max(len(words), 1), 4),
            "order_distance": LANGUAGES[code].distance or 0.0,
            "lexicon": 0 if code == source_language or code in study.tested_only
            else write_lexicon(folder / "lexicons", door, code, lexicon_coverage),
        }  # fmt: skip
    card |= {
        "tasks": study.counts, "labels": study.labels, "left_out": study.left_out, "dropped": study.dropped,
        "files": door.files, "licences": door.licences, "missing": sorted(set(door.missing)),
        "notes": door.notes, "leaks": count_leaks(folder),
    }  # fmt: skip
    if card["leaks"]["total"] and refuse_leaks:
        raise StudyError(f"the data leak between splits: {card['leaks']}; no result may rest on them")
    files.write_json(folder / "data_card.json", card)
    return card


def sample(frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """The first `count` rows in the order of the hash of their meaning: the same items in every language."""
    order = frame["meaning_id"].map(lambda name: files.fingerprint(name))
    return frame.iloc[order.argsort(kind="stable").to_numpy()[:count]].reset_index(drop=True)


class _Writer:
    """Writes the example files of one study, and remembers what later files must not repeat."""

    def __init__(
        self,
        folder: Path,
        door: Door,
        languages: list[str],
        source: str,
        rows: Mapping[str, int],
        tested_only: Iterable[str],
    ):
        self.folder, self.door, self.languages, self.source, self.rows = folder, door, languages, source, rows
        self.tested_only = set(tested_only)
        self.counts: dict[str, dict[str, int]] = {}
        self.labels: dict[str, list[str]] = {}
        self.left_out: dict[str, dict[str, int]] = {}
        self.dropped: dict[str, int] = {}
        self.forbidden: dict[str, set[str]] = {}  # by language: sentences of its tests
        # By split and task: the meanings of its rows, and the texts by which they are recognised.
        self.meanings: dict[str, dict[str, set[str]]] = {"test": {}, "dev": {}, "targets' dev": {}}
        self.units: dict[str, dict[str, set[str]]] = {"test": {}, "dev": {}, "targets' dev": {}}
        self.home: dict[str, pd.DataFrame] = {}  # training rows in the source language

    def write_tests(self, task: str) -> None:
        """The test of a target in every language that has one."""
        row = TASKS[task]
        if row.role != "target":
            return
        for code in self.languages:
            if row.search and row.search.source_side and code == self.source:
                continue
            frame = self.door.examples(task, "test", code)
            if frame is not None:
                self._write(task, "test", code, self._fewer_questions(task, frame))
                if row.metric == "bucc_f1":  # the least margin of a pair is learned in each language
                    dev = self.door.examples(task, "dev", code)
                    self._write(task, "dev", code, self._clean(task, "dev", dev, ("test",), len(dev)))
        if not self.counts.get(task):
            raise WrongUse(f"{task}: no test data in any of {', '.join(self.languages)}; leave it out of "
                           "target_tasks")  # fmt: skip
        if row.search and row.search.entities:
            self._write_entities(task, "test")

    def write_home_rows(self, task: str) -> None:
        """Training and development rows in the source language: without what the tests hold, cut to size."""
        row = TASKS[task]
        if row.role == "target" and row.training_task != task:
            return
        self.meanings["dev"], self.units["dev"] = {}, {}  # those of one target bind no other target
        train = self.door.examples(task, "train", self.source)
        dev = self.door.examples(task, "dev", self.source)
        if train is None:
            raise WrongUse(f"{task}: no rows to train on in {self.source}; leave it out of arms and targets")
        if dev is None:
            train, dev = _parted(task, train)
        self._write(task, "dev", self.source, self._clean(task, "dev", dev, ("test",), self.rows["dev"]))
        kept_from = ("test", "dev")
        if row.role == "intermediate":
            wanted, kept_from = self.rows["intermediate"], (*kept_from, "targets' dev")
        else:
            wanted = self.rows["target"]
            self.meanings["targets' dev"] |= self.meanings["dev"]
            self.units["targets' dev"] |= self.units["dev"]
        self.home[task] = self._clean(task, "train", train, kept_from, wanted)
        self._write(task, "train", self.source, self.home[task])
        if row.search and row.search.entities:
            self._write_entities(task, "train")

    def write_arm(self, arm: Arm) -> None:
        """What an arm needs beside the rows of `english`."""
        reads = STRATEGIES[arm.strategy].reads
        if not arm.language_set or reads == "lexicon":
            return
        task = arm.intermediate_task
        others = [code for code in self.languages
                  if code not in (self.source, *self.tested_only)
                  and LANGUAGES[code].language_set in LANGUAGE_SETS]  # fmt: skip
        if reads == "native":
            self._write_native(task, others)
        elif not any((self.folder / "examples" / task / f"train-{code}.parquet").exists() for code in others):
            self._write_translations(task, others)

    def _write_native(self, task: str, others: list[str]) -> None:
        found = {code: self.door.examples(task, "native", code) for code in others}
        found = {code: frame for code, frame in found.items() if frame is not None}
        if not found:
            raise WrongUse(f"native:{task}: there are no rows of {task} outside {self.source}; drop the arm")
        for code, frame in found.items():
            shared = _known(self.meanings, ("test",), task) & set(frame["meaning_id"])
            if shared:
                raise WrongUse(f"native:{task}: {len(shared)} rows in {code} are items of a test of this "
                               "study; leave that target out, or the arm")  # fmt: skip
            self._write(task, "native", code, sample(frame, self.rows["intermediate"]))

    def _write_translations(self, task: str, others: list[str]) -> None:
        """The rows of `english` in other languages, each row in one language of each set."""
        english = self.home[task]
        given = {code: self.door.examples(task, "train", code, role="translated") for code in others}
        given = {code: frame for code, frame in given.items() if frame is not None}
        if not given:
            raise WrongUse(f"translated:{task}: there is no real translated {task} in any language of this "
                           "study; use code-switched, or drop the arm")  # fmt: skip
        for code, frame in given.items():
            alike = refuse_other_labels(task, code, english, frame)
            self.door.notes[f"{task} translated {code}"] = alike
        for language_set in LANGUAGE_SETS:
            mine = {c: frame for c, frame in given.items() if LANGUAGES[c].language_set == language_set}
            drawn = dealt(task, language_set, self.source, english["meaning_id"], mine)
            for code, frame in mine.items():
                rows = [drawn.get(name) == code for name in frame["meaning_id"]]
                self._write(task, "train", code, frame[rows].reset_index(drop=True))

    def _fewer_questions(self, task: str, frame: pd.DataFrame) -> pd.DataFrame:
        """As many items as the scale asks for; in retrieval all stay candidates, and fewer are asked."""
        search = TASKS[task].search
        if search is None or search.entities:
            return sample(frame, self.rows["test"])
        asked = set(sample(frame[frame[search.query] != ""], self.rows["test"])["example_id"])
        queries = frame[search.query].where(frame["example_id"].isin(asked), "")
        return frame.assign(**{search.query: queries})

    def _clean(
        self, task: str, split: str, frame: pd.DataFrame, against: tuple[str, ...], count: int
    ) -> pd.DataFrame:
        """The first `count` rows, in the order of `sample`, that no test (or development) knows."""
        meanings, units = _known(self.meanings, against, task), _known(self.units, against, task)
        ordered = sample(frame, len(frame))
        kept, self.dropped[f"{task} {split}"] = without_overlap(TASKS[task], ordered, meanings, units, count)
        if frame.empty:
            raise WrongUse(
                f"{task} {split}: the data set is too small to have any such rows; take a larger one"
            )
        if kept.empty:
            raise WrongUse(f"{task} {split}: every row is also in a test of this study; leave one out")
        kept.attrs = frame.attrs
        return kept

    def _write(self, task: str, split: str, code: str, frame: pd.DataFrame) -> None:
        row = TASKS[task]
        files.write_table(self.folder / "examples" / task / f"{split}-{code}.parquet", frame)
        self.counts.setdefault(task, {})[f"{split}-{code}"] = len(frame)
        left_out = {reason: count for reason, count in frame.attrs.get("left_out", {}).items() if count}
        if left_out:
            self.left_out[f"{task} {split}-{code}"] = left_out
        if "label" in frame or "tags" in frame:
            found = frame["label"] if "label" in frame else frame["tags"].explode()
            self.labels[task] = sorted({*self.labels.get(task, []), *map(str, found.unique())})
        if split in self.meanings:
            self.meanings[split].setdefault(task, set()).update(frame["meaning_id"])
            units = self.units[split].setdefault(task, set())
            for record in frame.to_dict("records"):
                units.update(recognised(row, record))
        if split == "test" or row.kept_from_text:
            self.forbidden.setdefault(code, set()).update(text_sentences(row, frame))

    def _write_entities(self, task: str, split: str) -> None:
        entities = self.door.entities(split)
        if split == "test":
            known = entities["language"].isin(self.languages)
            entities = entities[known].reset_index(drop=True)
        files.write_table(self.folder / "examples" / task / f"entities-{split}.parquet", entities)
        self.counts[task][f"entities-{split}"] = len(entities)


def _known(known: Mapping[str, dict[str, set[str]]], splits: tuple[str, ...], task: str) -> set[str]:
    """What rows of a task must not repeat of these splits: nothing of the targets that it shuts out."""
    return set().union(*(found for split in splits for target, found in known[split].items()
                         if not TASKS[task].shuts_out(TASKS[target])))  # fmt: skip


def _parted(task: str, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and development rows of a data set that has only the former; a passage stays on one side."""
    key = frame["context"] if "context" in frame else frame["meaning_id"]
    held = key.map(lambda text: int(files.fingerprint(f"{task} {text}")[:8], 16) % DEV_SHARE == 0)
    parts = [frame[part].reset_index(drop=True) for part in (~held, held)]
    for part in parts:
        part.attrs = frame.attrs
    return parts[0], parts[1]
