"""Each figure function turns a tidy table into one figure with a title, units and its marks."""

import math
from itertools import combinations

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from polystilts import figures
from polystilts.evidence.claim import Claim, signed
from polystilts.evidence.hypotheses import every_hypothesis, load_hypotheses
from polystilts.evidence.ledger import build_claims
from polystilts.figures.forest import TITLES
from polystilts.figures.style import ARMS, FAMILY_COLOURS, GREY, INK, arm_title, family_styles, save
from polystilts.pipeline.reading.parts import parts_of
from polystilts.statistics.averages import Measure
from polystilts.statistics.compare import Subset, compare
from polystilts.statistics.factors import factor_effects
from polystilts.statistics.gains import contrast, gains, transfer_gap
from polystilts.statistics.planted import planted_scores
from polystilts.statistics.tables import with_levels
from polystilts.tasks import STRATEGIES, TASKS

LANGUAGES = pd.DataFrame(
    [
        ("alb", "Albish", "Albic", "Latin", 400_000, "high", "near", 0.0, True, "-"),
        ("dor", "Dorvan", "Albic", "Latin", 400_000, "high", "near", 0.2, True, "A"),
        ("lir", "Lirish", "Albic", "Latin", 30_000, "high", "far", 0.3, True, "B"),
        ("var", "Varazi", "Narran", "Georgian", 400_000, "low", "far", 0.8, True, "A"),
        ("nar", "Narekhi", "Narran", "Armenian", 30_000, "low", "near", 0.9, True, "B"),
    ],
    columns=[
        "language",
        "name",
        "family",
        "script",
        "resource",
        "overlap",
        "order",
        "distance",
        "seen",
        "set",
    ],
)
LOW = ["lir", "nar"]
RUN_ARMS = ("none", "english:squad_v2", "translated:squad_v2:A", "translated:squad_v2:B")
SCORES = planted_scores(
    RUN_ARMS, LANGUAGES, ("xcopa", "panx", "xquad", "tatoeba"), {"translated": 3.0}, cell_sd=1.0
)
GAINS = gains(SCORES)
CURVES = pd.DataFrame(
    [
        (arm_title(arm), arm, run, 10 * i, 30.0 + i + run)
        for arm in ("none", "english")
        for run in (0, 1)
        for i in range(8)
    ],
    columns=["arm", "strategy", "run", "update", "value"],
)
DETECTABLE = pd.DataFrame(
    [
        (spread, seeds, worlds, 6.0 / worlds**0.5)
        for spread in (0.0, 1.0)
        for seeds in (1, 2)
        for worlds in (3, 5, 9)
    ],
    columns=["between_worlds", "seeds", "worlds", "effect"],
)
DRAWINGS = {
    "gains_heatmap": lambda: figures.gains_heatmap(GAINS),
    "forest": lambda: figures.forest(
        build_claims(SCORES, GAINS, LANGUAGES, load_hypotheses(), "planted", LOW)
    ),
    "gain_by_language": lambda: figures.gain_by_language(
        contrast(SCORES, "translated", "english"), LANGUAGES
    ),
    "gain_by_property": lambda: figures.gain_by_property(
        contrast(SCORES, "translated", "english"), LANGUAGES
    ),
    "gap_slopes": lambda: figures.gap_slopes(SCORES, LANGUAGES),
    "transfer_slopes": lambda: figures.transfer_slopes(SCORES, LANGUAGES),
    "what_it_takes": lambda: figures.what_it_takes(DETECTABLE, (5, 2)),
    "none_scores": lambda: figures.none_scores(SCORES, LANGUAGES),
    "contrasts_by_kind": lambda: figures.contrasts_by_kind(parts_of(with_levels(SCORES, LOW), LANGUAGES)),
    "factor_effects": lambda: figures.factor_effects(factor_effects(SCORES, LANGUAGES, LOW)),
    "learning_curves": lambda: figures.learning_curves(CURVES, baseline=33.3),
    "pretraining_curve": lambda: figures.pretraining_curve(CURVES.rename(columns={"value": "loss"})),
    "retrieval_by_layer": lambda: figures.retrieval_by_layer(SCORES, LANGUAGES),
    "fertility_bars": lambda: figures.fertility_bars(LANGUAGES.assign(fertility=1.1), LANGUAGES),
    "language_map": lambda: figures.language_map(LANGUAGES, LOW),
    "method_drawing": lambda: figures.method_drawing("Albish"),
    "time_bars": lambda: figures.time_bars(pd.DataFrame({"kind": ["train", "start"], "cpu_s": [90.0, 10.0]})),
}


def large_study():
    """Drawings of a study as large as they come: sixteen languages of many families, eleven targets."""
    real = ("Indo-European", "Niger-Congo", "Afro-Asiatic", "Basque (isolate)", "Sino-Tibetan")
    rows = [
        (f"l{i}", f"Language {i}", real[i % 5], "Latin", 5_000 + 70_000 * (i % 2), i / 16, i / 20, i / 20,
         True, "AB"[i % 2])
        for i in range(16)
    ]  # fmt: skip
    source = ("alb", "Albish", "Indo-European", "Latin", 400_000, 1.0, 0.0, 0.0, True, "-")
    languages = pd.DataFrame([source, *rows], columns=[*LANGUAGES.columns])
    targets = ["xnli", "xcopa", "udpos", "panx", "xquad", "tydiqa", "tatoeba", "lareqa", "masakhaner",
               "masakhapos", "americasnli"]  # fmt: skip
    arms = ("none", "none-long", "english:mnli", "english:squad_v2", "code-switched:mnli:A",
            "code-switched:squad_v2:B", "english+mlm:squad_v2", "mlm-multilingual", "untrained")  # fmt: skip
    scores = planted_scores(arms, languages, targets, {"english": 3.0}, cell_sd=1.0)
    low = [f"l{i}" for i in range(0, 16, 2)]
    cells = contrast(with_levels(scores, low), "code-switched", "english")
    draw = {
        "gains_heatmap": lambda: figures.gains_heatmap(gains(scores)),
        "gain_by_language": lambda: figures.gain_by_language(cells, languages),
        "gain_by_property": lambda: figures.gain_by_property(cells, languages),
        "gap_slopes": lambda: figures.gap_slopes(scores, languages),
        "transfer_slopes": lambda: figures.transfer_slopes(scores, languages),
        "none_scores": lambda: figures.none_scores(scores, languages),
        "factor_effects": lambda: figures.factor_effects(factor_effects(scores, languages, low)),
        "retrieval_by_layer": lambda: figures.retrieval_by_layer(scores, languages),
        "language_map": lambda: figures.language_map(languages, low),
        "contrasts_by_kind": lambda: figures.contrasts_by_kind(parts_of(with_levels(scores, low), languages)),
        "method_drawing": lambda: figures.method_drawing("Albish", list(STRATEGIES)),
    }
    return {f"large {name}": one for name, one in draw.items()}


def words(figure: Figure) -> str:
    """Every word that a reader sees."""
    return " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def test_every_figure_of_the_room_is_drawn_here():
    assert set(DRAWINGS) == set(figures.__all__)


@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_one_figure_with_a_title_in_words(name, tmp_path):
    figure = DRAWINGS[name]()
    assert isinstance(figure, Figure)
    assert len(figure.get_suptitle().split()) >= 4 and "practice" not in figure.get_suptitle()
    path = save(figure, tmp_path / f"{name}.png")
    assert path.stat().st_size > 5000
    assert [path.name] == [file.name for file in tmp_path.iterdir()]  # no draft stays behind


def test_languages_appear_by_name_and_never_by_code():
    for name in ("gain_by_language", "none_scores", "language_map", "fertility_bars"):
        told = words(DRAWINGS[name]()).split()
        assert "Narekhi" in told and "nar" not in told


def test_the_heatmap_prints_every_gain_and_boxes_the_same_kind():
    figure = DRAWINGS["gains_heatmap"]()
    boxes = [patch for patch in figure.axes[0].patches if not patch.get_fill()]
    assert len(boxes) == 3  # XQuAD under each of the three arms that practise SQuAD
    mean = GAINS[
        (GAINS["strategy"] == "english") & (GAINS["target_task"] == "panx") & (GAINS["exposure"] == "none")
    ]
    assert f"{mean['gain'].mean():+.1f}".replace("-", "−") in words(figure)


def test_missing_cells_and_single_seeds_are_drawn_without_an_interval():
    one = GAINS[(GAINS["seed"] == 0) & ~((GAINS["strategy"] == "english") & (GAINS["target_task"] == "panx"))]
    told = words(figures.gains_heatmap(one))
    assert "one seed" in told and "±0" not in told and "±1" not in told


def test_a_heatmap_of_many_targets_stands_in_blocks_of_a_width_that_a_phone_can_show():
    renamed = [GAINS[GAINS["target_task"] == "panx"].assign(target_task=name) for name in TASKS
               if TASKS[name].role == "target" and name not in set(GAINS["target_task"])]  # fmt: skip
    many = pd.concat([GAINS[GAINS["seed"] == 0], *(part[part["seed"] == 0] for part in renamed)])
    figure = figures.gains_heatmap(many)
    asked = [tick.get_text() for axes in figure.axes for tick in axes.get_xticklabels()]
    assert len(figure.axes) == 3 and all(len(axes.get_xticklabels()) <= 6 for axes in figure.axes)
    assert len(asked) == len(set(asked)) == many["target_task"].nunique()


def test_the_forest_shows_hypotheses_that_were_not_run():
    told = words(DRAWINGS["forest"]())
    assert "Control: longer fine-tuning adds little" in told


def test_every_hypothesis_has_a_title_in_plain_words_and_no_two_the_same():
    assert set(TITLES) == set(every_hypothesis())
    assert all(len(title) <= 44 for title in TITLES.values()) and len(set(TITLES.values())) == len(TITLES)


def test_the_forest_names_claims_in_words():
    told = words(DRAWINGS["forest"]())
    assert "Plain text beside English adds little" in told and "masked-lm" not in told


def test_a_learning_curve_has_a_line_for_every_run_and_one_for_their_mean():
    assert len(DRAWINGS["learning_curves"]().axes[0].lines) == 1 + 2 * (2 + 1)  # and the dotted guess


def test_gaps_join_no_arms_and_mark_the_baseline_across():
    panel = DRAWINGS["gap_slopes"]().axes[0]
    across = [line for line in panel.lines if list(line.get_xdata()) == [0, 1]]
    joined = [line for line in panel.lines if line.get_linestyle() == "-" and len(set(line.get_xdata())) > 1]
    assert len(across) == 2 and joined == across  # zero, and the gap without practice


def test_the_map_of_real_languages_speaks_of_syntax():
    real = LANGUAGES.assign(order=[0.0, 0.1, 0.2, 0.5, 0.6])
    assert "farther syntax" in words(figures.language_map(real, LOW))
    assert "syntax" not in words(DRAWINGS["language_map"]())


def test_a_line_too_long_for_the_axis_ends_in_an_arrow():
    lines = [(2.0, 1.0, 3.0), (1.0, 0.0, 2.0), (-1.0, -2.0, 0.0), (1.0, -80.0, 90.0)]
    claims = [Claim(str(i), "x", "", "mean", *ends, 9, 3, "undecided") for i, ends in enumerate(lines)]
    axes = figures.forest(claims).axes[0]
    assert axes.get_xlim()[1] < 20
    assert {line.get_marker() for line in axes.lines} >= {"<", ">"}


def test_gaps_are_of_languages_without_labels():
    """Labels in a language close its gap, and must not be counted as zero-shot transfer."""
    exposed = (SCORES["strategy"] == "translated") & (SCORES["exposure"] == "task")
    raised = SCORES.assign(value=SCORES["value"].where(~exposed, 99.0))
    assert transfer_gap(raised, "alb", unexposed=True).equals(transfer_gap(SCORES, "alb", unexposed=True))
    assert not transfer_gap(raised, "alb").equals(transfer_gap(SCORES, "alb"))


def test_the_power_figure_marks_the_study_and_says_when_nothing_is_known():
    assert "this study" in words(DRAWINGS["what_it_takes"]())
    assert "this study" not in words(figures.what_it_takes(DETECTABLE, (1, 3)))
    assert "not measured" in words(figures.what_it_takes(DETECTABLE.head(0)))


def test_a_slope_over_two_places_is_no_slope():
    flat = LANGUAGES.assign(distance=[0.0, 0.0, 0.0, 0.8, 0.8])
    told = words(figures.gain_by_property(contrast(SCORES, "translated", "english"), flat))
    assert "no slope" in told and "per tenfold text" not in told  # resource has two values, too


def test_languages_that_had_little_and_much_text_are_compared_with_themselves():
    scores = planted_scores(RUN_ARMS, LANGUAGES, ("xcopa", "panx"), {"translated": 3.0}, (0, 1), cell_sd=1.0)
    cells = contrast(with_levels(scores, {0: LOW, 1: ["dor", "var"]}), "translated", "english")
    figure = figures.gain_by_property(cells, LANGUAGES)
    assert "little minus much text" in words(figure) and "tenfold" not in words(figure)
    change = compare(Subset().of(cells), Measure("between", "resource_level", ("low",), ("high",))).these
    assert signed(change.estimate) in figure.axes[0].get_title(loc="left")
    joined = [line for line in figure.axes[0].get_lines() if list(line.get_xdata()) == [0, 1]]
    assert len(joined) == 4 + 1  # the languages but the source, and the zero line
    assert "Narekhi  0.90" in words(figures.gain_by_language(cells, LANGUAGES))  # by distance


def test_overhead_is_counted():
    assert "10 % of 100 s" in words(DRAWINGS["time_bars"]())


def test_families_keep_their_colour_and_marker_apart():
    styles = family_styles(LANGUAGES)
    assert styles["Albic"] == (FAMILY_COLOURS[0], "o")
    assert (
        len({colour for colour, _ in styles.values()}) == len({marker for _, marker in styles.values()}) == 2
    )


def test_equal_tables_give_equal_bytes(tmp_path):
    first, second = (save(DRAWINGS["time_bars"](), tmp_path / f"{i}.png").read_bytes() for i in range(2))
    assert first == second


ENGLISH_ALONE = SCORES[SCORES["strategy"] == "english"]
ABROAD_ALONE = SCORES[(SCORES["target_task"] == "tatoeba") & (SCORES["language"] != "alb")]
TWO_LANGUAGES = SCORES[SCORES["language"].isin(["alb", "lir"])]


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: figures.learning_curves(pd.DataFrame()), "no run of this page is trained here"),
        (lambda: figures.transfer_slopes(ENGLISH_ALONE, LANGUAGES), "are of other arms"),
        (lambda: figures.none_scores(ENGLISH_ALONE, LANGUAGES), "are of other arms"),
        (lambda: figures.transfer_slopes(ABROAD_ALONE, LANGUAGES), "in the source language, too"),
        (lambda: figures.gap_slopes(ABROAD_ALONE, LANGUAGES), "in the source language, too"),
        (
            lambda: figures.factor_effects(factor_effects(TWO_LANGUAGES, LANGUAGES, LOW)),
            "on both of its sides",
        ),
        (
            lambda: figures.gain_by_language(contrast(ABROAD_ALONE, "translated", "english"), LANGUAGES),
            "no target of another kind",
        ),
        (
            lambda: figures.gain_by_property(contrast(ABROAD_ALONE, "translated", "english"), LANGUAGES),
            "no target of another kind",
        ),
        (lambda: figures.what_it_takes(DETECTABLE.head(0)), "not measured"),
    ],
)
def test_where_there_is_nothing_to_draw_the_picture_says_why(draw, words):
    figure = draw()
    assert figure.get_suptitle()
    assert any(words in text.get_text() for axes in figure.axes for text in axes.texts)


def test_an_axis_names_what_was_compared():
    usual = figures.gain_by_language(contrast(SCORES, "translated", "english"), LANGUAGES)
    assert usual.axes[0].get_xlabel() == "multilingual − English\n(points)"
    other = figures.gain_by_language(contrast(SCORES, "english", "none"), LANGUAGES)
    assert other.axes[0].get_xlabel() == "English − none\n(points)"
    assert "English" in usual.get_suptitle() and "English" not in other.get_suptitle()


# --- what every figure keeps ----------------------------------------------------------------------------


def drawn_texts(figure: Figure) -> list:
    """Every text that is drawn, with its box in pixels: what is hidden, or beyond an axis, is never drawn."""
    seen, draw = [], Text.draw
    figure.set_dpi(100)
    canvas = FigureCanvasAgg(figure)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", lambda self, renderer: (seen.append(self), draw(self, renderer)))
        canvas.draw()
    seen = [text for text in dict.fromkeys(seen) if text.get_text().strip() and text.get_visible()]
    return [(text, text.get_window_extent(canvas.get_renderer())) for text in seen]


LARGE = large_study()
EVERY_DRAWING = {**DRAWINGS, **LARGE}


@pytest.mark.parametrize("name", sorted(EVERY_DRAWING))
def test_on_a_phone_the_smallest_type_is_eight_pixels_and_no_word_hides_another(name):
    figure = EVERY_DRAWING[name]()
    texts = drawn_texts(figure)
    phone = 390 / (72 * figure.get_figwidth())
    small = [(text.get_text(), text.get_fontsize()) for text, _ in texts if text.get_fontsize() * phone < 8]
    assert not small
    width, height = figure.get_size_inches() * 100
    for text, box in texts:
        inside = box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2
        assert inside, f"{text.get_text()!r} runs out of the picture"
    for (one, first), (other, second) in combinations(texts, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        along = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert across <= 1.5 or along <= 1.5, f"{one.get_text()!r} hides {other.get_text()!r}"


def test_every_arm_has_one_look_and_families_have_none_of_their_colours():
    assert set(STRATEGIES) <= set(ARMS)
    marks = [(look.colour, look.marker) for look in ARMS.values()]
    assert len(set(marks)) == len(marks)
    assert not {look.colour for look in ARMS.values()} & set(FAMILY_COLOURS)
    assert list(ARMS)[0] == "none"


@pytest.mark.parametrize("name", ["gap_slopes", "learning_curves", "retrieval_by_layer", "method_drawing",
                                  "contrasts_by_kind"])  # fmt: skip
def test_a_figure_with_arms_draws_each_in_its_own_colour_and_mark(name):
    figure = DRAWINGS[name]()
    allowed = {(to_hex(look.colour), look.marker) for look in ARMS.values()}
    marked = {
        (to_hex(line.get_color()), line.get_marker())
        for line in figure.findobj(Line2D)
        if line.get_marker() not in ("None", ".", "", 2, 3, 0, 1)
    }
    assert {(to_hex(ARMS[arm].colour), ARMS[arm].marker) for arm in ("none", "english")} & marked
    assert marked <= allowed


def test_arms_stand_in_one_order_everywhere():
    order = [look.title for look in ARMS.values()]
    figures_legends = [DRAWINGS[name]().legends[0] for name in ("gap_slopes", "retrieval_by_layer")]
    for legend in figures_legends:
        told = [text.get_text() for text in legend.get_texts() if text.get_text() in order]
        assert told == sorted(told, key=order.index) and len(told) > 2
    rows = [
        label.get_text().split("\n")[0] for label in DRAWINGS["gains_heatmap"]().axes[0].get_yticklabels()
    ]
    assert rows == sorted(rows, key=order.index)


def test_no_figure_but_of_families_uses_their_colours_and_no_family_figure_those_of_arms():
    families, arms = set(map(to_hex, FAMILY_COLOURS)), {to_hex(look.colour) for look in ARMS.values()}
    neutral = {to_hex(INK), to_hex(GREY), "#000000", "#ffffff"}
    of_families = ("gain_by_language", "gain_by_property", "transfer_slopes", "none_scores", "language_map")
    for name in DRAWINGS:
        used = {to_hex(line.get_color()) for line in DRAWINGS[name]().findobj(Line2D)}
        assert not used & (arms if name in of_families else families) - neutral, name


@pytest.mark.parametrize(("by", "column"), [("resource", "resource"), ("distance", "distance")])
def test_the_arrow_beside_the_languages_points_to_less(by, column):
    """What the arrow promises, less text or a nearer language, must grow in the direction it points."""
    figure = figures.gain_by_language(contrast(SCORES, "translated", "english"), LANGUAGES, by=by)
    drawn_texts(figure)
    axes = figure.axes[0]
    label = axes.yaxis.label
    turned = {"→": 0, "↑": 90, "←": 180, "↓": 270}
    (arrow,) = [sign for sign in turned if sign in label.get_text()]
    upwards = math.sin(math.radians(turned[arrow] + label.get_rotation()))
    assert abs(upwards) > 0.9
    known = LANGUAGES.set_index("name")[column]
    places = {}
    for tick in axes.get_yticklabels():
        x, y = axes.transData.transform(tick.get_position())
        places[known[tick.get_text().rsplit("  ", 1)[0]]] = y
    values = sorted(places)
    least, most = places[values[0]], places[values[-1]]
    assert (least - most) * upwards > 0, "the arrow leads away from what it names"
