"""`ravine plot`: pictures in the colours of the book, and curves in one line of text."""

import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from ravine import figures
from ravine.cli import _sparklines, _terminal
from ravine.cli._sparklines import BARS, DIVERGED, PLAIN, sparkline
from ravine.results import digits, records
from tests.cli.commands import in_a_shell, ravine, refused
from tests.weekly import some_of

RECORDED = sorted(
    (place.parent.name, place.name)
    for place in (records.data_directory() / "results").glob("*/*")
    if (place / records.TABLE).is_file()
)


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    """An empty folder to be in, and a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_terminal.console, "width", 80)
    return tmp_path


def rows_of(result):
    """The line of each algorithm that has a curve, split at two or more blanks."""
    found = re.findall(rf"^(.*?  [{BARS}{DIVERGED}]+ .*)$", result.output, re.MULTILINE)
    return [re.split(r" {2,}", line.strip()) for line in found]


def test_the_default_file_is_said_and_is_the_only_one(place):
    result = ravine("plot", "mnist-mlp", "--size", "5-epochs")
    assert result.exit_code == 0, result.output
    assert "Drawn in mnist-mlp-5-epochs.png\n" in result.output
    (picture,) = place.iterdir()
    assert picture.name == "mnist-mlp-5-epochs.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_text_alone_draws_nothing(place):
    result = ravine("plot", "mnist-mlp", "--size", "5-epochs", "--text")
    assert result.exit_code == 0 and "Drawn" not in result.output
    assert list(place.iterdir()) == []
    assert "The record of the book, 5-epochs, of 20" in result.output


@pytest.mark.parametrize("size", ["5-epochs", "quick-grid"])
def test_colours_are_those_of_the_book(place, size):
    result = ravine("plot", "mnist-mlp", "--size", size, "--out", "deep/x.SVG")
    assert result.exit_code == 0 and "Drawn in deep/x.SVG\n" in result.output
    picture = (place / "deep" / "x.SVG").read_text()
    for name in records.load("mnist-mlp", size).frame["optimizer"].unique():
        assert f"stroke: {figures.look(name).colour}" in picture
        assert f"<!-- {name}" in picture  # in the legend


def test_only_some_algorithms(place):
    command = ["plot", "mnist-mlp", "--size", "5-epochs", "--out", "x.svg"]
    result = ravine(*command, "--optimizers", "adam,SGD")
    assert sorted(row[0] for row in rows_of(result)) == ["Adam", "SGD"]
    assert figures.look("RMSprop").colour not in (place / "x.svg").read_text()
    refused(ravine(*command, "--optimizers", "madam"), "'madam'")


@pytest.mark.parametrize(("experiment", "size"), some_of(RECORDED, 4))
def test_every_record_of_the_book_is_drawn(place, experiment, size):
    result = ravine("plot", experiment, "--size", size)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert (place / f"{experiment}-{size}.png").stat().st_size > 5000
    names = records.load(experiment, size).frame["optimizer"].unique()
    assert sorted(row[0] for row in rows_of(result)) == sorted(names)
    assert max(map(len, result.output.splitlines())) <= 80


def test_a_legend_of_many_is_not_cut(place):
    from ravine.cli import _curves

    frame = records.load("beta-grid-mlp", "full").frame
    picture = _curves.drawn(frame, "many", ".svg").decode()
    height = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', picture)[1])
    legend = picture.split('id="legend_1"')[1]
    lowest = max(float(y) for y in re.findall(r"translate\([\d.]+ ([\d.]+)\)", legend))
    assert lowest < height


def test_the_numbers_are_geometric_means_of_the_first_and_last_epoch():
    frame = records.load("mnist-mlp", "5-epochs").frame
    losses = frame.groupby(["optimizer", "epoch"])["loss"].agg(lambda x: np.exp(np.log(x).mean()))
    rows = rows_of(ravine("plot", "mnist-mlp", "--size", "5-epochs", "--text"))
    assert {name: (first, last) for name, first, _, last in rows} == {
        name: (digits(losses[name, 1]), digits(losses[name, 5]))
        for name in frame["optimizer"].unique()
    }
    assert [float(row[3]) for row in rows] == sorted(float(row[3]) for row in rows)


def test_a_grid_names_the_best_rate_of_each():
    judged = {}
    for entry in records.load("mnist-mlp", "quick-grid").provenance["summary"]:
        loss = math.inf if entry["loss"] is None else entry["loss"]
        judged.setdefault(entry["optimizer"], {})[entry["learning_rate"]] = loss
    result = ravine("plot", "mnist-mlp", "--size", "quick-grid", "--text")
    for name, lowest, curve, highest, best, loss in rows_of(result):
        rates = judged.pop(name)
        assert (float(lowest), float(highest)) == (min(rates), max(rates))
        assert float(best) == min(rates, key=rates.__getitem__)
        assert loss == digits(min(rates.values()))
        expected = [math.isinf(rates[rate]) for rate in sorted(rates)]
        assert [c == DIVERGED for c in curve[:: len(curve) // len(rates)]] == expected
    assert not judged
    assert "x: a seed diverged" in " ".join(result.output.split())


def test_a_diverged_run_is_counted_and_crossed_out():
    result = ravine("plot", "beta-grid-mlp", "--size", "full", "--text")
    (row,) = (row for row in rows_of(result) if row[0] == "Adam 0.99/0.9")
    assert set(row[2][:8]) == {BARS[-1]} and set(row[2][8:]) == {DIVERGED}
    assert row[3:] == ["diverged", "1 of 5"]


def test_ones_own_record_comes_first_and_a_grid_last(stub):
    assert "The record of the book" in ravine("plot", "mnist-mlp", "--text").output
    ravine("tune", "mnist-mlp")
    assert "in runs/mnist-mlp/quick-grid" in ravine("plot", "mnist-mlp", "--text").output
    ravine("run", "mnist-mlp")
    assert "in runs/mnist-mlp/quick, of" in ravine("plot", "mnist-mlp", "--text").output


def test_what_cannot_be_drawn_is_said_in_one_sentence(place):
    refused(ravine("plot", "nonsense"), "no experiment 'nonsense'")
    for size in ("huge", "grid", "quick-grid-grid"):
        refused(ravine("plot", "mnist-mlp", "--size", size), f"but it was {size!r}")
    for name in ("x.jpg", "x", "", ".png"):
        refused(ravine("plot", "mnist-mlp", "--out", name), "mnist-mlp.png, .svg or .pdf, but it")
    missing = ravine("plot", "mnist-mlp", "--results", str(place))
    refused(missing, f"no record of mnist-mlp in {place}: run `ravine run mnist-mlp")
    refused(ravine("plot", "mnist-mlp", "--out", f"{'x' * 300}.png"), "File name too long")
    assert list(place.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("open")
    os.chmod(folder, 0o755)
    (folder / "x.png").mkdir()
    refused(ravine("plot", "mnist-mlp", "--out", str(folder / "x.png")), "could not be written")


def test_heights_are_logarithms():
    assert sparkline([1, 2, 4, 8, 16, 32, 64, 128], 1, 128, 8) == BARS
    assert sparkline([5, 5], 5, 5, 2) == BARS[0] * 2
    assert sparkline([1, math.inf, math.nan], 1, 2, 3) == BARS[0] + DIVERGED + " "


def test_a_curve_is_as_long_as_it_may_be():
    many = np.geomspace(1, 1e-3, 1000)
    curve = sparkline(many, 1e-3, 1, 40)
    assert len(curve) == 40 and curve[0] == BARS[-1] and curve[-1] == BARS[0]
    assert [*curve] == sorted(curve, reverse=True)
    assert sparkline(many[:3], 1e-3, 1, 40) == BARS[-1] * 15  # a few values are drawn wider
    assert len(sparkline([1, 2, math.inf, 4], 1, 4, 2)) == 2


def test_the_bars_of_an_encoding_without_them_are_plain(monkeypatch):
    assert len(PLAIN) == len(BARS) and PLAIN.isascii() and DIVERGED not in PLAIN
    monkeypatch.setattr(_sparklines, "_can_print", lambda text: text.isascii())
    assert sparkline([1, 2, 4, 8, 16, 32, 64, 128], 1, 128, 8) == PLAIN


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_pipe_gets_no_colour_and_what_its_encoding_has(encoding):
    done = in_a_shell(
        "plot", "mnist-mlp", "--text", PYTHONIOENCODING=encoding, NO_COLOR="1", COLUMNS="80"
    )
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(encoding)
    assert "\x1b" not in text and "\\u" not in text
    bars = BARS if encoding == "utf-8" else PLAIN
    assert re.search(rf"^Adam .*[{re.escape(bars)}]{{30,}} ", text, re.MULTILINE)


def test_no_backend_of_matplotlib_opens_a_window(place):
    code = (
        "import matplotlib; from tests.cli.commands import ravine; "
        "print(ravine('plot', 'mnist-mlp').exit_code, matplotlib.get_backend().lower())"
    )
    environment = {**os.environ, "MPLBACKEND": "svg", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, env=environment, text=True)
    assert done.stdout == "0 agg\n", done.stderr


def test_an_unknown_backend_of_matplotlib_is_said(place):
    done = in_a_shell("plot", "mnist-mlp", MPLBACKEND="abacus")
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: ") and done.stderr.count(b"\n") == 1
