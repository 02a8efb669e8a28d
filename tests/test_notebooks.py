"""The chapter contract: what every notebook keeps, so that readers, the mill and reviewers can rely on it."""

import ast
import io
import json
import re
import shutil
import warnings
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

import jupytext
import pytest
import yaml

from polystilts import paths
from polystilts.languages import LANGUAGES
from polystilts.pipeline.chapters import CHAPTERS, Job, jobs_of
from polystilts.pipeline.mill import declared_knobs, values_for
from polystilts.pipeline.params import KNOBS, load_scale, scale_names
from polystilts.pipeline.study import study_of

HEADINGS = ["The question", "How we find out", "Run it", "What it shows", "What we learned", "Your turn"]
NAMES = [chapter.name for chapter in CHAPTERS]
EVERY = pytest.mark.parametrize("chapter", CHAPTERS, ids=NAMES)
MOST_LINES, USUAL_LINES, MOST_CELLS, FEWEST_CELLS = 12, 5, 40, 12
WORDS_FOR_A_LINE = 8


@cache
def read(chapter):
    """A chapter as it is reviewed."""
    return jupytext.read(chapter.script)


def code_cells(notebook) -> list[str]:
    """The code of a chapter, cell by cell."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook) -> str:
    """The words of a chapter, without its exercises' code."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.sub(r"```.*?```", "", text, flags=re.S)


def lines_of(code: str) -> list[str]:
    """The lines of code that a reader has to read."""
    return [line for line in code.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def answers(notebook) -> list[str]:
    """The code of the folded answers."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    folded = re.findall(r"<details>(.*?)</details>", text, flags=re.S)
    return [code for answer in folded for code in re.findall(r"```python\n(.*?)```", answer, flags=re.S)]


def test_every_chapter_is_there_and_nothing_else():
    assert sorted(path.stem for path in paths.NOTEBOOKS.glob("*.py")) == sorted(NAMES)
    assert sorted(path.stem for path in paths.NOTEBOOKS.glob("*.ipynb")) == sorted(NAMES)


@EVERY
def test_the_twin_is_in_step_and_carries_no_output(chapter):
    script, twin = read(chapter), jupytext.read(chapter.script.with_suffix(".ipynb"))
    hint = f"run: jupytext --sync notebooks/{chapter.name}.py"
    assert [(c.cell_type, c.source) for c in twin.cells] == [(c.cell_type, c.source) for c in script.cells], (
        hint
    )
    tags = [[cell.metadata.get("tags", []) for cell in notebook.cells] for notebook in (script, twin)]
    assert tags[0] == tags[1], hint
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in twin.cells)
    # A sync may leave the filters it used in the twin, but never a version of a tool.
    assert set(twin.metadata) - {"jupytext"} == {"kernelspec"}
    assert "text_representation" not in twin.metadata.get("jupytext", {})
    head = chapter.script.read_text(encoding="utf-8").split("# ---\n")[1]
    assert set(yaml.safe_load(re.sub(r"(?m)^# ", "", head))["jupyter"]) == {"kernelspec"}


@EVERY
def test_one_literal_parameters_cell_right_after_the_opening(chapter):
    notebook = read(chapter)
    tagged = [i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == [1]
    source = notebook.cells[1].source
    for node, line in zip(ast.parse(source).body, source.splitlines(), strict=True):
        assert isinstance(node, ast.AnnAssign), f"{line!r}: one knob a line, with its type"
        ast.literal_eval(node.value)
        assert re.search(r"  # \w", line), f"{line!r}: say what the knob does"


@EVERY
def test_six_headings_in_order(chapter):
    assert re.findall(r"(?m)^## (.+)$", prose(read(chapter))) == HEADINGS


@EVERY
def test_the_opening_says_what_is_read_and_written_and_leads_on(chapter):
    opening = read(chapter).cells[0].source
    assert re.match(r"# \d · \w", opening)
    assert all(word in opening for word in ("*Reads*", "*writes*", "*time*", "[Contents]"))
    number = NAMES.index(chapter.name)
    beside = [NAMES[i] for i in (number - 1, number + 1) if 0 <= i < len(NAMES)]
    assert all(f"({name}.ipynb)" in opening for name in beside)
    assert "reading.opening(study" in code_cells(read(chapter))[1], "the scale is named at the top"


@EVERY
def test_code_tells_and_does_not_build(chapter):
    for code in code_cells(read(chapter)):
        for node in ast.walk(ast.parse(code)):
            built = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While)
            assert not isinstance(node, built), f"{chapter.name}: {ast.unparse(node)[:60]} belongs to src"


@EVERY
def test_cells_are_short_and_prose_carries(chapter):
    notebook = read(chapter)
    lengths = sorted(len(lines_of(code)) for code in code_cells(notebook))
    assert lengths[-1] <= MOST_LINES
    assert lengths[len(lengths) // 2] <= USUAL_LINES
    assert FEWEST_CELLS <= len(notebook.cells) <= MOST_CELLS
    words = len(re.findall(r"\w[\w'’-]*", prose(notebook)))
    assert words >= WORDS_FOR_A_LINE * sum(lengths)


@EVERY
def test_numbers_of_results_are_never_typed(chapter):
    typed = re.findall(
        r"\d+(?:\.\d+)? ?(?:points|%|percent) (?:better|worse|higher|lower|more|less)", prose(read(chapter))
    )
    assert not typed, f"{chapter.name}: computed, not typed: {typed}"


@EVERY
def test_every_table_and_figure_is_followed_by_words(chapter):
    cells = read(chapter).cells
    for cell, after in zip(cells, cells[1:] + [None], strict=True):
        if cell.cell_type == "code" and re.search(r"(?m)^reading\.(table|show)\(", cell.source):
            assert after is not None and after.cell_type == "markdown", cell.source


@EVERY
def test_two_to_four_exercises_with_folded_answers(chapter):
    text = "\n\n".join(cell.source for cell in read(chapter).cells if cell.cell_type == "markdown")
    turn = text.split("## Your turn")[1]
    asked = len(re.findall(r"(?m)^\*\*\d\. ", turn))
    assert asked in (2, 3, 4)
    assert turn.count("<details><summary>Answer</summary>") == turn.count("</details>") == asked
    assert len(answers(read(chapter))) == asked
    for code in answers(read(chapter)):
        assert len(lines_of(code)) <= USUAL_LINES
        ast.parse(code)


@EVERY
def test_links_lead_somewhere(chapter):
    for target in re.findall(r"\]\(([^)#]+)\)", prose(read(chapter))):
        if target.startswith("http"):
            assert target.startswith("https://"), target
        else:
            assert (paths.NOTEBOOKS / target).resolve().exists(), f"{chapter.name} links to {target}"


def anchors_of(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    found = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-") for words in found}


@EVERY
def test_the_first_hard_word_leads_to_the_glossary(chapter):
    glossary = paths.REPOSITORY / "docs" / "glossary.md"
    led = re.findall(r"\]\(\.\./docs/glossary\.md#([^)]+)\)", prose(read(chapter)))
    assert led and set(led) <= anchors_of(glossary), chapter.name


def test_links_stay_below_the_folder_that_lab_opens():
    """A page of JupyterLab that leads above its root is a dead end."""
    verbs = (paths.REPOSITORY / "Makefile").read_text(encoding="utf-8")
    (line,) = re.findall(r"(?m)^\t.*jupyter ?lab.*$", verbs)
    named = re.search(r"(?:root_dir=|cd )(\S+)", line)  # else Lab opens where it is called, in the repository
    root = (paths.REPOSITORY / (named[1] if named else ".")).resolve()
    for chapter in CHAPTERS:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", prose(read(chapter))):
            if not target.startswith("http"):
                assert (paths.NOTEBOOKS / target).resolve().is_relative_to(root), f"{chapter.name}: {target}"


@EVERY
def test_the_words_of_the_field_stand_first(chapter):
    """Who looks for intermediate training must find it before its short word."""
    text = prose(read(chapter))
    short = re.search(r"\bpracti[cs]", text)
    assert short is None or re.search(r"intermediate[ -](task|training)", text[: short.start()]), chapter.name


@EVERY
@pytest.mark.parametrize("scale", scale_names())
def test_every_scale_can_fill_every_knob(chapter, scale):
    study = study_of(load_scale(scale))
    names = declared_knobs(read(chapter))
    known = {"scale", "tag", "batch", *KNOBS["shared"], *KNOBS.get(chapter.section, {})}
    assert set(names) <= known
    job = next(job for job in jobs_of(study) if job.chapter == chapter)
    values = values_for(names, job, study, {})
    assert set(values) == set(names)


@EVERY
def test_the_defaults_are_those_of_the_smallest_scale(chapter):
    notebook, study = read(chapter), study_of(load_scale("tiny"), "lab")
    defaults = {
        node.target.id: ast.literal_eval(node.value) for node in ast.parse(notebook.cells[1].source).body
    }
    assert values_for(list(defaults), Job(chapter, 1, 1), study, {}) == defaults


# --- executed -------------------------------------------------------------------------------------------

EXECUTED = sorted((paths.REPOSITORY / "outputs").glob("*/chapters/*.ipynb"))


@pytest.mark.skipif(not EXECUTED, reason="no executed chapters in outputs/")
@pytest.mark.parametrize("file", EXECUTED, ids=lambda file: f"{file.parts[-3]}-{file.stem}")
def test_executed_chapters_show_no_error_warning_log_or_address(file):
    for cell in code_outputs(file):
        for output in cell["outputs"]:
            assert output["output_type"] in ("display_data", "execute_result"), output
            assert set(output["data"]) & {"text/markdown", "text/html", "image/png"}, output["data"]
            shown = "".join(str(value) for kind, value in output["data"].items() if kind != "image/png")
            assert "Warning" not in shown


def code_outputs(file: Path) -> list[dict]:
    """The code cells of an executed chapter."""
    return [
        cell for cell in json.loads(file.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"
    ]


@pytest.fixture(scope="module")
def somewhere(tmp_path_factory):
    """Outputs and scales of the tests' own, shared by all chapters; every stage is very short."""
    patch = pytest.MonkeyPatch()
    root = tmp_path_factory.mktemp("study")
    shutil.copytree(paths.PARAMS, root / "params")
    tiny = root / "params" / "tiny.yaml"
    sections = yaml.safe_load(tiny.read_text(encoding="utf-8"))
    sections["pretraining"]["updates"] = 20
    sections["data_preparation"]["documents"] = {"high": 100, "low": 30}
    sections["data_preparation"]["rows"] = {"intermediate": 100, "target": 100, "dev": 20, "test": 20}
    sections["intermediate_training"]["updates"] = 10
    sections["target_finetuning"]["updates"] = dict.fromkeys(sections["target_finetuning"]["updates"], 10)
    tiny.write_text(yaml.safe_dump(sections, sort_keys=False), encoding="utf-8")
    patch.setattr(paths, "PARAMS", root / "params")
    patch.setattr(paths, "OUTPUTS", root / "outputs")
    rows = dict(LANGUAGES)  # exercises invent languages, which last as long as the process
    yield root / "outputs"
    LANGUAGES.clear()
    LANGUAGES.update(rows)
    patch.undo()


def execute(cells: list[str], namespace: dict, what: str) -> None:
    """Run cells in this process; whatever they show is thrown away, and no warning may be among it."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(record=True) as caught:
        for number, code in enumerate(cells, start=1):
            exec(compile(code, f"{what} {number}", "exec"), namespace)
    told = [str(warning.message) for warning in caught if "IProgress" not in str(warning.message)]
    assert not told, f"{what}: {told}"


def run_script(chapter, somewhere) -> dict:
    """The names that the code of a chapter leaves, run from its first cell to its last."""
    namespace: dict = {}
    execute(code_cells(read(chapter)), namespace, f"{chapter.name}, code cell")
    assert namespace["study"].folder == somewhere / "tiny+lab"
    return namespace


@pytest.mark.slow
@EVERY
def test_a_paired_script_runs(chapter, somewhere):
    study = run_script(chapter, somewhere)["study"]
    assert all((study.folder / name).exists() for name in chapter.writes)


@pytest.mark.slow
@pytest.mark.proof
@EVERY
def test_the_answers_of_the_exercises_run(chapter, somewhere):
    namespace = run_script(chapter, somewhere)
    execute(answers(read(chapter)), namespace, f"{chapter.name}, answer")
