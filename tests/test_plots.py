"""The figures' style: three marks for every algorithm, and what is drawn is what was given."""

import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from ravine import optimizers, plots
from ravine.descent import Path
from ravine.surfaces import SURFACES, ravine

STEPS = 20


@pytest.fixture(autouse=True)
def clean():
    """Draw in the course's style, and put matplotlib's own back."""
    with mpl.rc_context():
        plots.use_style()
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
    for name in optimizers.__all__:
        assert ("GD" if name == "GradientDescent" else name) in plots.LOOKS


@pytest.mark.parametrize("mark", ["colour", "marker", "dash"])
def test_no_two_algorithms_share_a_mark(mark):
    marks = [getattr(look, mark) for look in plots.LOOKS.values()]
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize("name", plots.LOOKS)
def test_lines_stand_out_from_the_page(name):
    assert contrast(plots.LOOKS[name].colour, plots.PAPER) >= 3


def test_text_stands_out_from_the_page():
    assert contrast(plots.INK, plots.PAPER) >= 7


# Linear RGB seen with one kind of cone missing (Viénot, Brettel and Mollon 1999).
BLIND = {
    "protan": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deutan": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}


@pytest.mark.parametrize("kind", BLIND)
def test_colours_differ_for_colour_blind_eyes(kind):
    seen = {
        name: np.array(BLIND[kind]) @ np.power(to_rgb(look.colour), 2.2)
        for name, look in plots.LOOKS.items()
    }
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 0.04, (one, other)


@pytest.mark.parametrize(
    ("name", "known"),
    [("Adam", "Adam"), ("Adam, ε = 1e-3", "Adam"), ("SGD 0.1", "SGD"), ("GD", "GD")],
)
def test_a_name_may_go_on(name, known):
    assert plots.look(name) is plots.LOOKS[known]


@pytest.mark.parametrize("name", ["AdamW", "Adamax", "minimum", ""])
def test_other_names_look_like_none_of_them(name):
    look = plots.look(name)
    assert look not in plots.LOOKS.values() and look.colour == plots.INK


@pytest.mark.parametrize("name", SURFACES)
def test_contours(name):
    surface = SURFACES[name]()
    _, ax = plots.figure()
    plots.contours(ax, surface)
    drawn()
    assert (ax.get_xlim(), ax.get_ylim()) == surface.window
    crosses = [line for line in ax.lines if line.get_marker() == "+"]
    assert sum(len(line.get_xdata()) for line in crosses) == len(surface.minima)


def test_paths(walks):
    _, ax = plots.figure()
    plots.contours(ax, ravine())
    plots.paths(ax, walks, steps=10, every=3)
    ax.legend()
    drawn()
    lines = {line.get_label(): line for line in ax.lines}
    for name, path in walks.items():
        np.testing.assert_array_equal(lines[name].get_xydata(), path.points[:11])
        assert lines[name].get_color() == plots.LOOKS[name].colour
        assert lines[name].get_marker() == plots.LOOKS[name].marker
        assert lines[name].get_markevery() == 3


def test_surface_3d_cuts_off_what_is_too_high_or_outside():
    surface = ravine()
    t = np.linspace(0, 1, STEPS + 1)[:, None]
    inside = Path((1 - t) * [-2.5, 0.4], t[:, 0])
    leaving = Path(t * [0.0, 1.5], t[:, 0])
    ax = plt.figure().add_subplot(projection="3d")
    plots.surface_3d(ax, surface, {"GD": inside, "Adam": leaving}, steps=18, height=30.0)
    plots.surface_3d(ax, surface, {"GD": inside}, steps=18, height=2.0)
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
    plots.surface_3d(ax, SURFACES[name]())
    drawn()


def test_curve():
    _, ax = plots.figure()
    plots.curve(ax, range(40), np.arange(40.0), "Momentum")
    plots.curve(ax, range(3), np.arange(3.0), "Adam", label="", color="black")
    drawn()
    momentum, adam = ax.lines
    assert momentum.get_label() == "Momentum" and momentum.get_markevery() == 5
    assert momentum.get_color() == plots.LOOKS["Momentum"].colour
    assert adam.get_label().startswith("_")  # not in the legend
    assert adam.get_color() == "black"


def test_band():
    _, ax = plots.figure()
    runs = np.array([[3.0, 2.0, 1.0], [5.0, 1.0, 0.5]])
    plots.band(ax, [0, 1, 2], runs, "RMSprop")
    drawn()
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [4.0, 1.5, 0.75])
    corners = ax.collections[0].get_paths()[0].vertices
    assert {tuple(point) for point in corners} >= {(0, 3), (0, 5), (1, 1), (1, 2), (2, 0.5), (2, 1)}


def test_updates(walks):
    _, axes = plots.figure(1, 2)
    plots.updates(axes, walks, steps=8)
    drawn()
    for k, ax in enumerate(axes):
        assert ax.get_yscale() == "log"
        for line, path in zip(ax.lines, walks.values(), strict=True):
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 9))
            np.testing.assert_allclose(line.get_ydata(), np.abs(np.diff(path.points[:9, k])))


def test_figures_suit_the_page():
    assert plots.figure()[0].get_size_inches() == pytest.approx([6.4, 3.4])
    fig, axes = plots.figure(2, 2)
    assert fig.get_size_inches() == pytest.approx([8.4, 6.8]) and axes.shape == (2, 2)
    assert plots.figure(figsize=(3, 3))[0].get_size_inches() == pytest.approx([3, 3])
