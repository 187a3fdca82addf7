"""The figures' style: three marks for every algorithm, and what is drawn is what was given."""

import itertools
import math

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from ravine import figures, optimizers
from ravine.results import published
from ravine.surfaces import SURFACES, Path, ravine

STEPS = 20


@pytest.fixture(autouse=True)
def clean():
    """Draw in the course's style, and put matplotlib's own back."""
    with mpl.rc_context():
        figures.use_style()
        yield
        plt.close("all")


@pytest.fixture
def walks():
    t = np.linspace(0, 1, STEPS + 1)[:, None]
    return {
        name: Path((1 - t) * [-2.5, 0.4] + k * t**2, np.exp(-t[:, 0]))
        for k, name in enumerate(("GD", "Adam"))
    }


def drawn():
    """Lay everything out and render it; a wrong label or size raises here."""
    plt.gcf().canvas.draw()


def contrast(one, other):
    """Return the contrast ratio of two colours as WCAG 2 defines it, from 1 to 21."""

    def luminance(colour):
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_known_colours():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.01)


def test_every_algorithm_of_the_course_has_a_look():
    classes = {
        name for name in optimizers.__all__ if hasattr(getattr(optimizers, name), "update_step")
    }
    assert "Adam" in classes
    for name in classes:
        assert ("GD" if name == "GradientDescent" else name) in figures.LOOKS


@pytest.mark.parametrize("mark", ["colour", "marker", "dash"])
def test_no_two_algorithms_share_a_mark(mark):
    marks = [getattr(look, mark) for look in figures.LOOKS.values()]
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize("name", figures.LOOKS)
def test_lines_stand_out_from_the_page(name):
    assert contrast(figures.LOOKS[name].colour, figures.PAPER) >= 3


def test_text_stands_out_from_the_page():
    assert contrast(figures.INK, figures.PAPER) >= 7


# Linear RGB seen with one kind of cone missing (Viénot, Brettel and Mollon 1999).
BLIND = {
    "protan": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deutan": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}


@pytest.mark.parametrize("kind", BLIND)
def test_colours_differ_for_colour_blind_eyes(kind):
    seen = {
        name: np.array(BLIND[kind]) @ np.power(to_rgb(look.colour), 2.2)
        for name, look in figures.LOOKS.items()
    }
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 0.04, (one, other)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Adam", "Adam"),
        ("Adam, ε = 1e-3", "Adam"),
        ("AdamW", "AdamW"),
        ("SGD 0.1", "SGD"),
        ("GD", "GD"),
    ],
)
def test_a_name_may_go_on(name, known):
    assert figures.look(name) is figures.LOOKS[known]


@pytest.mark.parametrize("name", ["AdamX", "Adamax", "minimum", ""])
def test_other_names_look_like_none_of_them(name):
    look = figures.look(name)
    assert look not in figures.LOOKS.values() and look.colour == figures.INK


@pytest.mark.parametrize("name", SURFACES)
def test_contours(name):
    surface = SURFACES[name]()
    _, ax = figures.figure()
    figures.contours(ax, surface)
    drawn()
    assert (ax.get_xlim(), ax.get_ylim()) == surface.window
    crosses = [line for line in ax.lines if line.get_marker() == "+"]
    assert sum(len(line.get_xdata()) for line in crosses) == len(surface.minima)


def test_paths(walks):
    _, ax = figures.figure()
    figures.contours(ax, ravine())
    figures.paths(ax, walks, steps=10, every=3)
    ax.legend()
    drawn()
    lines = {line.get_label(): line for line in ax.lines}
    for name, path in walks.items():
        np.testing.assert_array_equal(lines[name].get_xydata(), path.points[:11])
        assert lines[name].get_color() == figures.LOOKS[name].colour
        assert lines[name].get_marker() == figures.LOOKS[name].marker
        assert lines[name].get_markevery() == 3


def test_surface_3d_cuts_off_what_is_too_high_or_outside():
    surface = ravine()
    t = np.linspace(0, 1, STEPS + 1)[:, None]
    inside = Path((1 - t) * [-2.5, 0.4], t[:, 0])
    leaving = Path(t * [0.0, 1.5], t[:, 0])
    ax = plt.figure().add_subplot(projection="3d")
    figures.surface_3d(ax, surface, {"GD": inside, "Adam": leaving}, steps=18, height=30.0)
    figures.surface_3d(ax, surface, {"GD": inside}, steps=18, height=2.0)
    drawn()
    height, y_high = surface.value(inside.points[:19]), surface.window[1][1]
    for line, path, shown in zip(
        ax.lines,
        (inside, leaving, inside),
        (height < np.inf, leaving.points[:19, 1] <= y_high, height <= 2),
        strict=True,
    ):
        expected = np.column_stack([path.points, surface.value(path.points)])[:19]
        expected[~shown] = np.nan
        assert shown.any()
        np.testing.assert_allclose(np.transpose(line.get_data_3d()), expected)


@pytest.mark.parametrize("name", SURFACES)
def test_surface_3d(name):
    ax = plt.figure().add_subplot(projection="3d")
    figures.surface_3d(ax, SURFACES[name]())
    drawn()


def test_curve():
    _, ax = figures.figure()
    figures.curve(ax, range(40), np.arange(40.0), "Momentum")
    figures.curve(ax, range(3), np.arange(3.0), "Adam", label="", color="black")
    drawn()
    momentum, adam = ax.lines
    assert momentum.get_label() == "Momentum" and momentum.get_markevery() == 5
    assert momentum.get_color() == figures.LOOKS["Momentum"].colour
    assert adam.get_label().startswith("_")  # not in the legend
    assert adam.get_color() == "black"


def test_band():
    _, ax = figures.figure()
    runs = np.array([[3.0, 2.0, 1.0], [5.0, 1.0, 0.5]])
    figures.band(ax, [0, 1, 2], runs, "RMSprop")
    drawn()
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [4.0, 1.5, 0.75])
    corners = ax.collections[0].get_paths()[0].vertices
    assert {tuple(point) for point in corners} >= {(0, 3), (0, 5), (1, 1), (1, 2), (2, 0.5), (2, 1)}


def test_updates(walks):
    _, axes = figures.figure(1, 2)
    figures.updates(axes, walks, steps=8)
    drawn()
    for k, ax in enumerate(axes):
        assert ax.get_yscale() == "log"
        for line, path in zip(ax.lines, walks.values(), strict=True):
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 9))
            np.testing.assert_allclose(line.get_ydata(), np.abs(np.diff(path.points[:9, k])))


def test_network_diagram():
    _, ax = figures.figure()
    names = [["$x_1$", "$x_2$"], ["a", "b", "c"], ["y"]]
    first = [[f"{j}{k}" for k in range(2)] for j in range(3)]
    centres = figures.network_diagram(ax, [2, 3, 1], names, [first, [["p", "q", "r"]]])
    drawn()
    assert [layer.shape for layer in centres] == [(2, 2), (3, 2), (1, 2)]
    np.testing.assert_allclose(centres[0], [[0, 0.5], [0, -0.5]])  # the first neuron is on top
    np.testing.assert_allclose(centres[1][:, 1], [2 / 3, 0, -2 / 3], atol=1e-12)
    edges = [tuple(map(tuple, line.get_xydata())) for line in ax.lines if line.get_zorder() == 1]
    expected = [
        (tuple(source), tuple(target))
        for layer in (0, 1)
        for source in centres[layer]
        for target in centres[layer + 1]
    ]
    assert sorted(edges) == sorted(expected)
    texts = {text.get_text(): np.array(text.get_position()) for text in ax.texts}
    assert len(texts) == 6 + 6 + 3
    np.testing.assert_allclose(texts["b"], centres[1][1])
    # the text of weights[0][2][1] stands on the line from the second input to the third neuron
    along = (texts["21"] - centres[0][1]) / (centres[1][2] - centres[0][1])
    assert along[0] == pytest.approx(along[1]) and 0 < along[0] < 0.5


def test_network_diagram_without_texts():
    _, ax = figures.figure()
    figures.network_diagram(ax, [1, 4])
    drawn()
    assert not [text for text in ax.texts if text.get_text()]
    assert sum(line.get_zorder() == 1 for line in ax.lines) == 4


def test_figures_suit_the_page():
    assert figures.figure()[0].get_size_inches() == pytest.approx([6.4, 3.4])
    fig, axes = figures.figure(2, 2)
    assert fig.get_size_inches() == pytest.approx([8.4, 6.8]) and axes.shape == (2, 2)
    assert figures.figure(figsize=(3, 3))[0].get_size_inches() == pytest.approx([3, 3])


def record(**losses):
    """Return a table of runs: for each optimizer one list of losses (epochs 1, 2...) per seed."""
    return pd.DataFrame(
        {
            "optimizer": optimizer,
            "seed": seed,
            "epoch": epoch,
            "loss": loss,
            "diverged": math.isinf(loss),
        }
        for optimizer, seeds in losses.items()
        for seed, curve in enumerate(seeds)
        for epoch, loss in enumerate([9.0, *curve])
    )


def labelled(ax):
    """Return the lines that the legend names, by their labels."""
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def crosses(ax):
    return [line for line in ax.lines if line.get_marker() == "X" and len(line.get_xdata())]


def test_training_curves_are_means_with_bands_and_without_the_start():
    _, ax = figures.figure()
    figures.training_curves(ax, record(SGD=[[4.0, 2.0], [2.0, 1.0]], Adam=[[1.0, 0.5], [1.0, 0.1]]))
    drawn()
    lines = labelled(ax)
    assert list(lines) == ["SGD", "Adam"]
    np.testing.assert_array_equal(lines["SGD"].get_xydata(), [[1, 3.0], [2, 1.5]])
    np.testing.assert_allclose(lines["Adam"].get_xydata(), [[1, 1.0], [2, 0.3]])
    assert lines["SGD"].get_color() == figures.LOOKS["SGD"].colour
    corners = {tuple(point) for point in ax.collections[0].get_paths()[0].vertices}
    assert corners >= {(1, 4), (1, 2), (2, 2), (2, 1)}
    assert ax.get_yscale() == "log" and ax.get_xlim()[0] == 0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "training loss (nats)")


def test_training_curves_of_parts_of_epochs():
    frame = record(Adam=[[4.0, 3.0, 2.0, 1.0]])
    frame["epoch"] /= 2
    frame["eval_loss"] = frame["loss"].where(frame["epoch"] % 1 == 0)
    _, axes = figures.figure(1, 2)
    figures.training_curves(axes[0], frame)
    figures.training_curves(axes[1], frame, "eval_loss")
    drawn()
    np.testing.assert_array_equal(axes[0].lines[0].get_xdata(), [0.5, 1, 1.5, 2])
    np.testing.assert_array_equal(axes[1].lines[0].get_xydata(), [[1, 3.0], [2, 1.0]])
    assert axes[1].get_ylabel() == "test loss (nats)"


def test_markers_are_few_and_take_turns():
    _, ax = figures.figure()
    figures.training_curves(ax, record(SGD=[[1.0] * 80], Adam=[[0.9] * 80]))
    assert [line.get_markevery() for line in ax.lines] == [(0, 10), (1, 10)]


def test_a_curve_ends_where_its_first_seed_diverged():
    _, ax = figures.figure()
    figures.training_curves(
        ax, record(SGD=[[4.0, 2.0, 1.0], [4.0, 3.0, math.inf]], Adam=[[1.0, 0.5, 0.2]] * 2)
    )
    drawn()
    lines = labelled(ax)
    assert list(lines) == ["SGD (1 of 2 diverged)", "Adam"]
    np.testing.assert_array_equal(lines["SGD (1 of 2 diverged)"].get_xydata(), [[1, 4.0], [2, 2.5]])
    (cross,) = crosses(ax)
    np.testing.assert_array_equal(cross.get_xydata(), [[2, 2.5]])
    assert cross.get_color() == figures.LOOKS["SGD"].colour


def test_runs_that_diverged_at_once_are_a_cross_at_the_top():
    _, ax = figures.figure()
    figures.training_curves(ax, record(SGD=[[math.inf] * 2] * 2, Adam=[[1.0, 0.5]] * 2))
    drawn()
    (cross,) = crosses(ax)
    assert cross.get_label() == "SGD (2 of 2 diverged)"
    height = ax.transAxes.inverted().transform(cross.get_transform().transform(cross.get_xydata()))[
        0, 1
    ]
    assert height == pytest.approx(1)
    assert ax.get_ylim()[1] < 2  # the axis is Adam's


def test_two_curves_of_one_look_can_be_told_apart():
    frame = record(Adam=[[1.0, 0.5]], Other=[[1.0, 0.7]])
    frame["optimizer"] = frame["optimizer"].replace("Other", "Adam, uncorrected")
    _, ax = figures.figure()
    figures.training_curves(ax, frame)
    first, second = ax.lines
    assert first.get_color() == second.get_color()
    assert first.get_linestyle() != second.get_linestyle()
    assert second.get_markerfacecolor() == figures.PAPER != first.get_markerfacecolor()


def literature(*rows):
    """Return a table of published numbers (source, optimizer, epoch, value, metric)."""
    return pd.DataFrame(rows, columns=["source", "optimizer", "epoch", "value", "metric"])


def centre(ax, line):
    """Return where a mark stands: its place in data coordinates, and its shift in points."""
    shape = line.get_transform().transform(line.get_xydata())[0]
    base = ax.transData.transform(line.get_xydata())[0]
    return line.get_xydata()[0], (shape - base)[0] * 72 / ax.figure.dpi


def marks(ax):
    """Return the open shapes of published values that stand in the figure."""
    return [line for line in ax.lines if line.get_markersize() == figures.MARK - 1]


def test_published_marks_within_the_axis():
    _, ax = figures.figure()
    figures.training_curves(ax, record(SGD=[[4.0, 2.0]], Adam=[[1.0, 0.5]]))
    figures.published_marks(
        ax,
        literature(
            ("kingma2015adam", "Adam", 2, 0.01, "loss"),
            ("nhu2021training", "SGD", 2, 3.0, "lowest loss"),
            ("nhu2021training", "SGD", 2, 6.0, "seconds per epoch"),
        ),
    )
    ax.legend()
    drawn()
    adam, sgd = marks(ax)
    np.testing.assert_array_equal(adam.get_xydata(), [[2, 0.01]])
    np.testing.assert_array_equal(sgd.get_xydata(), [[2, 3.0]])
    for mark, name, shape in [(adam, "Adam", "o"), (sgd, "SGD", "s")]:
        assert mark.get_color() == figures.LOOKS[name].colour
        assert (mark.get_marker(), mark.get_markerfacecolor()) == (shape, figures.PAPER)
        assert centre(ax, mark)[1] == pytest.approx(0)
    assert list(labelled(ax))[2:] == ["published, paper", "published, thesis"]
    assert ax.get_ylim()[0] < 0.01
    inner = [line.get_marker() for line in ax.lines if line.get_zorder() == 8]
    assert inner == [figures.LOOKS["Adam"].marker, figures.LOOKS["SGD"].marker]


def test_published_marks_beyond_the_axis():
    _, ax = figures.figure()
    figures.training_curves(ax, record(Adam=[[1.0, 0.5]]))
    right = ax.get_xlim()[1]
    figures.published_marks(ax, literature(("kingma2015adam", "Adam", 200, 0.4, "loss")))
    drawn()
    (mark,) = marks(ax)
    x, y = mark.get_transform().transform(mark.get_xydata())[0]
    assert ax.transData.inverted().transform((x, y))[1] == pytest.approx(0.4)
    # wholly outside, so that it hides no curve and the axis does not cut it
    assert (x - ax.bbox.x1) * 72 / ax.figure.dpi > figures.MARK and not mark.get_clip_on()
    assert ax.get_xlim()[1] == right
    assert "published, paper: epoch 200" in labelled(ax)


def test_published_marks_do_not_cover_each_other():
    _, ax = figures.figure()
    figures.training_curves(ax, record(Adam=[[1.0, 0.001]], Momentum=[[1.0, 0.002]]))
    figures.published_marks(
        ax,
        literature(
            ("nhu2021training", "Adam", 2, 0.002, "loss"),
            ("nhu2021training", "Momentum", 2, 0.002, "loss"),
            ("kingma2015adam", "Adam", 2, 0.9, "loss"),
        ),
    )
    drawn()
    shifts = [centre(ax, mark)[1] for mark in marks(ax)]
    assert shifts == pytest.approx([0, figures.MARK, 0])


def test_an_algorithm_that_only_others_ran_is_named():
    _, ax = figures.figure()
    figures.training_curves(ax, record(Adam=[[1.0, 0.5]]))
    figures.published_marks(
        ax,
        literature(
            ("kingma2015adam", "Nesterov", 2, 0.4, "loss"),
            ("kingma2015adam", "Adam", 2, 0.3, "loss"),
        ),
    )
    names = list(labelled(ax))
    assert "Nesterov (published only)" in names and "Adam (published only)" not in names


def test_nothing_published_draws_nothing():
    _, ax = figures.figure()
    figures.training_curves(ax, record(Adam=[[1.0, 0.5]]))
    before = ax.get_ylim()
    figures.published_marks(ax, literature(("kingma2015adam", "Adam", 2, 6.0, "seconds per epoch")))
    assert len(ax.lines) == 1 and ax.get_ylim() == before


def test_every_source_has_its_shape():
    assert len(set(figures.SHAPES.values())) == len(published.SHORT_NAMES)


def grid(**losses):
    """Return a grid: for each optimizer a dict of learning rates with one last loss per seed."""
    return pd.DataFrame(
        {"optimizer": optimizer, "learning_rate": rate, "seed": seed, "epoch": epoch, "loss": loss}
        for optimizer, rates in losses.items()
        for rate, seeds in rates.items()
        for seed, last in enumerate(seeds)
        for epoch, loss in enumerate([9.0, 8.0, last])
    )


def test_sensitivity():
    _, ax = figures.figure()
    figures.sensitivity(
        ax, grid(Adam={1e-3: [1.0, 4.0], 1e-2: [0.1, 0.4], 1e-1: [0.5, math.inf], 1.0: [3.0, 3.0]})
    )
    ax.legend()
    drawn()
    lines = labelled(ax)
    assert list(lines) == ["Adam", "best", "diverged"]
    np.testing.assert_allclose(lines["Adam"].get_xdata(), [1e-3, 1e-2, 1e-1, 1])
    # geometric means; the diverged rate interrupts the line
    np.testing.assert_allclose(lines["Adam"].get_ydata(), [2.0, 0.2, np.nan, 3.0])
    (ring,) = [ln for ln in ax.lines if ln.get_markersize() == 12 and ln.get_label() != "best"]
    np.testing.assert_allclose(ring.get_xydata(), [[1e-2, 0.2]])
    (cross,) = crosses(ax)
    assert cross.get_xdata() == [0.1] and cross.get_color() == figures.LOOKS["Adam"].colour
    assert (
        cross.get_transform().transform(cross.get_xydata())[0, 1] > ax.bbox.y1
        and not cross.get_clip_on()
    )
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    low, high = ax.get_xlim()
    assert low < 1e-3 and high > 1


def test_crosses_of_two_algorithms_do_not_cover_each_other():
    _, ax = figures.figure()
    figures.sensitivity(ax, grid(SGD={1: [0.5], 10: [math.inf]}, Adam={1: [0.7], 10: [math.inf]}))
    drawn()
    heights = [cross.get_transform().transform(cross.get_xydata())[0, 1] for cross in crosses(ax)]
    assert abs(heights[0] - heights[1]) * 72 / ax.figure.dpi == pytest.approx(9)


def test_sensitivity_tells_two_curves_of_one_look_apart():
    _, ax = figures.figure()
    figures.sensitivity(
        ax, grid(Adam={1: [0.7], 10: [0.8]}, **{"Adam twice": {1: [0.6], 10: [0.9]}})
    )
    lines = labelled(ax)
    assert lines["Adam"].get_linestyle() == "-" and lines["Adam twice"].get_linestyle() == ":"
    assert lines["Adam"].get_color() == lines["Adam twice"].get_color()


def test_sensitivity_where_all_diverged():
    _, ax = figures.figure()
    figures.sensitivity(ax, grid(SGD={1: [math.inf], 10: [math.inf]}, Adam={1: [0.7], 10: [0.8]}))
    drawn()
    assert len(crosses(ax)) == 2


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.06, 1.1, ["0.1", "0.2", "0.5", "1"]),
        (0.0015, 2.0, ["0.01", "0.1", "1"]),
        (101.0, 178.0, ["120", "140", "160"]),
        (8e-6, 1.0, ["$\\mathdefault{10^{-5}}$", "$\\mathdefault{10^{-4}}$"]),
    ],
)
def test_log_ticks_are_few_and_plain(low, high, expected):
    _, ax = figures.figure()
    ax.plot([1, 2], [low, high])
    ax.set(yscale="log", ylim=(low, high))
    figures.tidy_log_axis(ax)
    drawn()
    ticks = [
        label.get_text()
        for label, tick in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)
        if low <= tick <= high
    ]
    assert ticks[: len(expected)] == expected
    assert 3 <= len(ticks) <= 7
