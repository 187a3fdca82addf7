"""The benchmark: what its numbers are made of. How fast anything is, no test can say."""

import json
import math
import os
import time
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest

from ravine import networks
from ravine.optimizers import Adam
from ravine.surfaces import walk
from ravine.training import compare
from tests.weekly import weekly
from tools.bench import __main__ as command
from tools.bench import descents, floors, groups, results, site, sweeps
from tools.bench.networks import NETWORKS
from tools.bench.workers import Seconds, Team, WorkerError, take_turns


def planted():
    """Return two rounds; the machine is ten times slower in the second."""
    rows = [("ours", 0, 1.0), ("theirs", 0, 2.0), ("ours", 1, 10.0), ("theirs", 1, 30.0)]
    frame = pd.DataFrame(rows, columns=["contestant", "round", "seconds"])
    return frame.assign(subject="network")


def test_a_ratio_is_taken_within_its_round():
    assert results.ratios(planted(), "theirs", "ours") == [2, 3]


def test_the_table_compares_with_the_first_of_the_subject():
    columns = results.table("times", planted()).columns
    assert list(columns[0].cells) == ["network", ""]
    assert list(columns[2].cells) == ["5,500.0", "16,000.0"]
    assert list(columns[3].cells) == ["1", "2.50 (2.00 to 3.00)"]


def test_provenance_keeps_the_other_groups_and_forgets_what_is_no_group(tmp_path):
    (tmp_path / results.PROVENANCE).write_text('{"imports": 1, "epochs": 2, "batch_size": 128}')
    results.write_provenance(tmp_path, "epochs", {"rounds": 3}, groups.GROUPS)
    said = json.loads((tmp_path / results.PROVENANCE).read_bytes())
    assert said == {"epochs": {"rounds": 3}, "imports": 1}


def team(warm_ups=0, **runs):
    """Return a team whose worker imports nothing but what the runs need."""
    return Team("builtins:dict", (tuple(runs.items()),), warm_ups=warm_ups)


def test_contestants_take_turns():
    rows, environments = take_turns([team(a=os.getpid, b=os.getpid), team(c=os.getpid)], rounds=2)
    turns = [(row["round"], row["contestant"]) for row in rows]
    assert turns == [(number, name) for number in (0, 1) for name in "abc"]
    assert all(row["seconds"] > 0 for row in rows)
    assert environments["without Keras"]["numpy"] == np.__version__


def test_seconds_are_those_of_a_step():
    nap = partial(time.sleep, 0.4)
    [row], _ = take_turns([replace(team(nap=nap), steps=1000)], rounds=1)
    assert 0.4 <= 1000 * row["seconds"] < 400


def test_a_run_may_measure_itself_and_what_others_return_is_no_time():
    measured = team(mine=partial(Seconds, 90), loss=partial(float, 90))
    rows, _ = take_turns([replace(measured, steps=3)], rounds=1)
    assert rows[0]["seconds"] == 30 and rows[1]["seconds"] < 30


def test_only_a_fresh_team_has_a_new_process_every_round(tmp_path):
    for fresh, processes in ((True, 3), (False, 1)):
        note = tmp_path / str(fresh)
        run = partial(os.system, f"echo $PPID >> {note}")
        take_turns([replace(team(run=run), fresh=fresh)], rounds=3)
        noted = note.read_text().split()
        assert (len(noted), len(set(noted))) == (3, processes)


def test_a_worker_that_raises_gives_one_sentence():
    fails = team(fails=partial(int, "seven"))
    sentence = r"failed while running 'fails': ValueError: invalid literal[^\n]*'seven'$"
    with pytest.raises(WorkerError, match=sentence) as caught:
        take_turns([fails], rounds=1)
    assert str(caught.value).startswith("The worker for builtins:dict(")
    with pytest.raises(WorkerError, match="failed while getting ready"):
        take_turns([replace(fails, warm_ups=1)], rounds=1)


@pytest.mark.parametrize("warm_ups, doing", [(0, "running 'dies'"), (1, "getting ready")])
def test_a_worker_that_dies_gives_one_sentence(warm_ups, doing):
    with pytest.raises(WorkerError, match=f"died with exit code 3 while {doing}\\.$"):
        take_turns([team(warm_ups, dies=partial(os._exit, 3))], rounds=1)


def multiplications(layer):
    """Return the multiplications of a layer of Keras for one input, from its shapes."""
    if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D):
        positions = math.prod(layer.output.shape[1:-1])
        return positions * math.prod(layer.kernel.shape)
    return 0


@pytest.mark.parametrize("name", ["logistic regression", "MLP", "CNN"])
def test_the_products_are_those_of_the_network(name):
    network = NETWORKS[name]
    expected = network.batch * sum(map(multiplications, network.make().layers))
    assert sum(product.forward for product in network.products) == expected


def test_the_products_of_the_text_are_those_of_the_network():
    network = NETWORKS["LSTM"]
    matrices = [weight for weight in network.make().trainable_variables if len(weight.shape) == 2]
    embedding, *others = (math.prod(matrix.shape) for matrix in matrices)
    assert embedding == 10_000 * 650  # a lookup
    words = network.batch * network.shape[0]
    assert sum(product.forward for product in network.products) == words * sum(others)


def test_the_products_of_vgg16_have_its_parameters():
    assert floors.parameters(NETWORKS["VGG16"]) == 138_357_544
    side = {product.rows: product.columns for product in NETWORKS["VGG16"].products[:13]}
    assert side == {
        8 * s * s: c for s, c in [(224, 64), (112, 128), (56, 256), (28, 512), (14, 512)]
    }


def test_a_floor_takes_every_product_and_its_two_gradients():
    first, second = NETWORKS["MLP"].products[:2]
    assert floors._factors(first) == [(128, 784, 1000, 1), (784, 128, 1000, 1)]
    assert floors._factors(second)[2] == (128, 1000, 1000, 1)
    recurrent = NETWORKS["LSTM"].products[1]
    forward, of_weights, of_inputs = floors._factors(recurrent)
    assert (forward, of_inputs) == ((20, 650, 2600, 35), (20, 2600, 650, 35))
    assert of_weights == (650, 35 * 20, 2600, 1)


def side_by_side():
    """Return a run that trains a small network with dropout in both ways, on JAX."""
    dataset, rates = NETWORKS["MLP"].noise(), sweeps.RATES

    def small():
        return networks.mnist_mlp(hidden=16)

    def agree():
        optimizers = {str(rate): lambda rate=rate: Adam(rate) for rate in rates}
        frame = compare(small, dataset, optimizers, sweeps.SEEDS, epochs=1)
        expected = frame[frame["epoch"] == 1]["loss"]
        np.testing.assert_allclose(sweeps.vectorised(small, dataset, 128)(), expected, rtol=1e-4)

    return {"agree": agree}


@weekly
def test_what_is_vectorised_has_the_losses_of_the_protocol():
    take_turns([Team("tests.test_bench:side_by_side", backend="jax", warm_ups=0)], rounds=1)


@pytest.mark.parametrize("name", descents.RULES)
def test_the_loops_in_numpy_walk_as_the_optimizers_do(name):
    expected = walk(descents.SURFACE, descents._optimizers()[name], steps=20).points
    np.testing.assert_allclose(descents.walk(descents.RULES[name], 20), expected, rtol=1e-5)


def test_the_measured_pages_count_each_file_once(tmp_path):
    (tmp_path / "book").mkdir()
    sizes = {"a.js": 10, "a b.css": 200, "a.png": 3000, "inline.svg": 7}
    for file, size in sizes.items():
        (tmp_path / file).write_bytes(bytes(size))
    page = """
        <link rel="stylesheet" href="../a%20b.css?v=1"><link rel="next" href="gone.html">
        <script src="../a.js"></script><script src="../book/../a.js?v=2"></script><script>1</script>
        <script src="https://elsewhere.org/a.js"></script>
        <img src="../a.png"><img src="data:image/png;base64,AAAA">
    """
    (tmp_path / "book" / "page.html").write_text(page)
    (tmp_path / "empty.html").write_text("")
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "template.html").write_text("<script src='{{ path }}'></script>")
    rows = site.weigh(tmp_path).to_dict("records")
    html = len(page)
    weights = {"html": html, "scripts": 10, "styles": 200, "images": 3000, "total": html + 3210}
    assert rows[0] == {"page": "book/page.html", **weights}
    assert rows[1] == dict.fromkeys(weights, 0) | {"page": "empty.html"}


def test_an_unknown_group_is_refused_in_one_sentence(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["--only", "speed"])
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert "there is no group 'speed', but epochs, " in sentence


def test_what_takes_long_is_measured_only_when_asked_for():
    assert "project" not in command._usual(everything=False)
    assert command._usual(everything=True) == list(groups.GROUPS)
