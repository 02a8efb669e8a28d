"""Rows of benchmarks: one form for all of them, kept as CSV, shown as tables in bench/README.md.

A row says what one side did in one round. Sides of the same setting did the same work, in turn, in the same
run; `clock` names the seconds that count, those of the processor or those on the wall.
"""

import os
import platform
import re
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from polystilts.files import write_table, write_text

HERE = Path(__file__).parent
COLUMNS = ["setting", "side", "round", "amount", "unit", "wall_s", "cpu_s", "clock", "check"]
MACHINE = ["date", "processor", "cores", "python", "torch", "transformers"]
TABLES = ("training", "encoder", "questions", "retrieval", "features", "jobs", "starts", "gpu")
OURS = "ours"


def processor() -> str:
    """The name of the processor."""
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    except OSError:
        found = None
    return found.group(1) if found else platform.machine()


def write_rows(folder: Path, name: str, rows: list[dict], device: str = "") -> None:
    """Write the rows of one benchmark with date, hardware and versions; `device` names a GPU."""
    machine = {
        "date": date.today().isoformat(),
        "processor": device or processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "transformers": version("transformers"),
    }
    frame = pd.DataFrame(rows, columns=COLUMNS).assign(**machine)
    write_table(folder / f"{name}.csv", frame)


def rates(frame: pd.DataFrame) -> pd.DataFrame:
    """The median rate of each side, and the median over rounds of our rate over its own."""
    frame = frame.copy()
    seconds = frame["wall_s"].where(frame["clock"] == "wall", frame["cpu_s"])
    frame["rate"] = frame["amount"] / seconds
    ours = frame[frame["side"] == OURS].set_index(["setting", "round"])["rate"]
    keys = pd.MultiIndex.from_frame(frame[["setting", "round"]])
    frame["ratio"] = ours.reindex(keys).to_numpy() / frame["rate"]
    groups = frame.groupby(["setting", "side"], sort=False)
    found = groups.agg(
        rate=("rate", "median"), ratio=("ratio", "median"), low=("ratio", "min"), high=("ratio", "max"),
        unit=("unit", "first"), clock=("clock", "first"), check=("check", "last"),
    )  # fmt: skip
    return found.reset_index()


def markdown(folder: Path, name: str) -> str:
    """The table of one benchmark, or a line that says that it was not measured."""
    file = folder / f"{name}.csv"
    if not file.exists():
        return "Not measured.\n"
    frame = pd.read_csv(file, keep_default_na=False)
    lines = ["| setting | side | rate | ours over it (range) | check |", "| --- | --- | --- | --- | --- |"]
    for row in rates(frame).itertuples():
        ratio = "" if row.side == OURS else f"{row.ratio:.2f} ({row.low:.2f}–{row.high:.2f})"
        second = "CPU second" if row.clock == "cpu" else "second"
        rate = f"{row.rate:,.0f}" if row.rate >= 10 else f"{row.rate:.3g}"
        lines.append(f"| {row.setting} | {row.side} | {rate} {row.unit} / {second} | {ratio} | {row.check} |")
    rounds, last = frame["round"].nunique(), frame.iloc[-1]
    machine = f"{last.date}, {last.processor}, {last.cores} cores, Python {last.python}, torch {last.torch}"
    lines += ["", f"{machine}, transformers {last.transformers}; rounds: {rounds}."]
    return "\n".join(lines) + "\n"


def render(text: str, folder: Path) -> str:
    """A page whose tables are those of the CSV files in a folder."""
    for name in TABLES:
        start, end = f"<!-- table {name} -->\n", f"<!-- end {name} -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = before + start + markdown(folder, name) + end + after
    return text


def refresh(folder: Path = HERE) -> None:
    """Bring the tables of bench/README.md in step with the CSV files beside it."""
    page = folder / "README.md"
    write_text(page, render(page.read_text("utf-8"), folder))
