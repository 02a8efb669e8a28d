"""Numbers that somebody typed: a reader of source text that looks for results no file made.

The record that this study grew from was falsified because its check took the largest entry of a dictionary of
claimed scores. Such a dictionary is recognised by its shape: names of models, languages, tasks or measures,
and a score for each.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from polystilts.languages import LANGUAGES
from polystilts.tasks import STRATEGIES, TASKS

MEASURES = {"accuracy", "f1", "exact_match", "map@20", "mrr@20", "em", "gain", "avg", "average"}
MODELS = re.compile(r"bert|xlm|gpt|t5|llama|roberta|baseline|bloom|ours", re.IGNORECASE)
RESULT = re.compile(
    r"score|result|accurac|(^|_)f1($|_)|claimed|reported|(^|_)gains?($|_)|outcome", re.IGNORECASE
)
KNOWN = {*LANGUAGES, *TASKS, *STRATEGIES, *MEASURES}


@cache  # a gate that judges several studies reads the same sources
def typed_results(source: str, where: str = "") -> tuple[str, ...]:
    """Every hard-coded table of scores, and every result typed as a number, in Python source.

    >>> typed_results("claimed_scores = {'XLM-R': 68.1, 'ours': 73.5}")
    ("line 1: a hard-coded score dictionary, claimed_scores = {'XLM-R': 68.1, 'ours': 73.5}",)
    >>> typed_results("best_accuracy = 83.9")
    ('line 1: a result typed as a number, best_accuracy = 83.9',)
    >>> typed_results("updates = {'udpos': 150}; learning_rate = 0.001")
    ()
    """
    tree = ast.parse(source)
    prefix = f"{where}, " if where else ""
    found = []
    for node, name in _named(tree):
        if isinstance(node, ast.Dict | ast.List | ast.Tuple) and _is_score_table(node, name):
            what = "a hard-coded score dictionary"
        elif _fraction(node) and name and RESULT.search(name):
            what = "a result typed as a number"
        else:
            continue
        text = f"{name} = {ast.unparse(node)}" if name else ast.unparse(node)
        found.append(f"{prefix}line {node.lineno}: {what}, {text[:80]}")
    return tuple(found)


SHOWN_BY = {"print", "display", "Markdown", "HTML", "Latex", "show", "write", "text", "title", "annotate"}


@cache
def printed_numbers(source: str) -> tuple[str, ...]:
    """Numbers that a cell shows and nobody computed: typed into a call that prints, or into its names.

    >>> printed_numbers('print("gains", 31.4)')
    ("line 1: a typed number is shown, print('gains', 31.4)",)
    >>> printed_numbers('best = 71.5; print(f"it reached {best}")')
    ("line 1: a typed number is shown, print(f'it reached {best}')",)
    >>> printed_numbers('print("rows", len(rows)); plot(rows, alpha=0.4)')
    ()
    """
    tree = ast.parse(source)
    typed = {target.id for node in ast.walk(tree) if isinstance(node, ast.Assign) and _number(node.value) is
    not None
             for target in node.targets if isinstance(target, ast.Name)}  # fmt: skip
    found = []
    for node in ast.walk(tree):
        name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        if name in SHOWN_BY and any(_typed_in(argument, typed) for argument in node.args):
            words = any(isinstance(part, ast.Constant) and isinstance(part.value, str)
                        for argument in node.args for part in ast.walk(argument))  # fmt: skip
            if words or name in ("print", "display"):
                found.append(f"line {node.lineno}: a typed number is shown, {ast.unparse(node)[:80]}")
    return tuple(found)


def _typed_in(argument: ast.expr, typed: set[str]) -> bool:
    """Whether an argument is a typed number, a name of one, or a text with either in it."""
    if isinstance(argument, ast.JoinedStr):
        parts = (part.value for part in argument.values if isinstance(part, ast.FormattedValue))
        return any(_typed_in(part, typed) for part in parts)
    if isinstance(argument, ast.Call) and getattr(argument.func, "id", "") in ("str", "round", "format"):
        return any(_typed_in(part, typed) for part in argument.args[:1])
    return _number(argument) is not None or isinstance(argument, ast.Name) and argument.id in typed


def _named(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Every table and assigned value of a source, with the name it is given."""
    names: dict[ast.AST, str] = {}
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            names[node.value] = target.id if isinstance(target, ast.Name) else ""
        elif isinstance(node, ast.Dict):  # {"accuracy": [..]}: a list is named by its key
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.List | ast.Tuple):
                    names.setdefault(value, str(key.value))
    for node in nodes:
        if node in names or isinstance(node, ast.Dict):
            yield node, names.get(node, "")


def _is_score_table(node: ast.expr, name: str) -> bool:
    if isinstance(node, ast.Dict):
        keys = [
            key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
        scores = [value for value in node.values if _score(value)]
        named = sum(key.lower() in KNOWN or bool(MODELS.search(key)) for key in keys)
        whole = len(keys) == len(node.keys) == len(scores) > 1
        return whole and any(_fraction(value) for value in scores) and bool(named or RESULT.search(name))
    values = node.elts
    return (
        len(values) > 2
        and all(map(_score, values))
        and any(map(_fraction, values))
        and bool(RESULT.search(name))
    )


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return float(node.value) if number else None


def _score(node: ast.expr) -> bool:
    value = _number(node)
    return value is not None and abs(value) <= 100


def _fraction(node: ast.expr) -> bool:
    """A number with decimals that could be a score; limits (0, 1, 100) and learning rates are none."""
    value = _number(node)
    literal = node.operand if isinstance(node, ast.UnaryOp) else node
    decimal = isinstance(literal, ast.Constant) and isinstance(literal.value, float)
    return decimal and value is not None and 0.05 <= abs(value) <= 100 and value not in (1.0, 100.0)


def scan_sources(files: list[Path], root: Path) -> list[str]:
    """Typed results in Python files; what cannot be parsed is named as well."""
    found = []
    for file in files:
        where = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
        try:
            found += typed_results(file.read_text(encoding="utf-8"), where)
        except SyntaxError as problem:
            found.append(f"{where} is no Python: {problem.msg}, line {problem.lineno}")
    return found
