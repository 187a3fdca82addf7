"""What the homework on rare words says of its race is what its own cells measure."""

import numpy as np
import pytest

from tests.homework.samples import assignments
from tools.homework import edition, vault

LINES = assignments()["language"].lines
NEEDED = ("imports", "bigram-class", "train", "race", "reading")


def disturbed(frequencies):
    """Yields frequencies, and two that differ by what no student's reading may depend on."""
    yield frequencies
    for seed in (1, 2):
        noise = np.random.default_rng(seed).normal(size=len(frequencies))
        yield frequencies * (1 + 1e-7 * noise)


@pytest.fixture(scope="module", params=range(LINES))
def race(request):
    """The names of the model's own cells in one edition, races with Zipf and the control."""
    master = vault.load("language", edition.line(request.param))
    sources = {cell.name: cell.source for cell in master.cells}
    names: dict = {}
    for name in NEEDED:
        exec(sources[name], names)
    zipf = [names["race"](names["made"](each)) for each in disturbed(names["ZIPF"])]
    return names, zipf, names["race"](names["made"](np.ones(len(names["ZIPF"]))))


def test_what_is_read_off_the_figure_is_what_is_drawn(race):
    names, races, _ = race
    for best, left in races:
        drawn = left["GD"]
        assert drawn[-1, 3] == pytest.approx(names["gd_left"], rel=0.005)
        assert left["sign descent"][-1, 3] == pytest.approx(names["sign_left"], rel=0.01)
        halves = [int(np.argmax(drawn[:, k] <= drawn[0, k] / 2)) for k in (2, 3)]
        assert halves == names["halved"]
        places = [list(names["RATES"][name]).index(rate) for name, rate in best.items()]
        assert all(0 < place < 7 for place in places), "a best rate at the end of its grid"


def test_the_control_shows_what_the_rubric_says(race):
    _, [(zipf_best, zipf), *_], (best, equal) = race
    assert best["GD"] >= 4 * zipf_best["GD"]
    assert 10 * equal["GD"][-1, 3] < zipf["GD"][-1, 3]
    assert equal["GD"][-1].max() < 5 * equal["GD"][-1].min()
    assert best["sign descent"] == zipf_best["sign descent"]
    np.testing.assert_allclose(equal["sign descent"][-1], zipf["sign descent"][-1], rtol=0.25)
    for name in ("sign descent", "Adam"):
        assert (equal[name][-1] < equal["GD"][-1]).all()
