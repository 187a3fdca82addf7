"""The rooms of the package: arrows run down, faces are kept, and the picture is the code's."""

import ast
import importlib
import re
import subprocess
import sys

import pytest

from tests import rooms
from tests.rooms import ROOMS, ROOT, SOURCE

FACES = sorted(room for room in ROOMS if (SOURCE / room).is_dir())


def test_every_room_is_in_the_plan():
    found = {
        path.stem
        for path in SOURCE.iterdir()
        if path.name[0] not in "_." and path.suffix != ".typed"
    }
    assert found == set(ROOMS)


def test_the_plan_has_no_arrow_up_and_no_circle():
    plan = list(ROOMS)
    for room, needs in ROOMS.items():
        assert all(plan.index(need) > plan.index(room) for need in needs), room


def test_the_plan_is_the_one_in_contributing():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert rooms.plan_in(text) == ROOMS


def test_a_plan_that_drifted_is_found():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for old, new in (("`networks/`", "`models/`"), ("| `results`, `surfaces` |", "| `results` |")):
        assert old in text
        assert rooms.plan_in(text.replace(old, new)) != ROOMS


def test_all_code_keeps_to_the_rooms():
    assert [text for file in rooms.python_files() for text in rooms.complaints(*file)] == []


def test_all_pages_keep_to_the_faces():
    assert [text for file in rooms.pages() for text in rooms.complaints(*file)] == []


def test_no_files_of_a_room_import_each_other_in_a_circle():
    assert rooms.circles() == []


@pytest.mark.parametrize(
    ("path", "source", "says"),
    [
        ("src/ravine/networks/mlp.py", "from ravine.training import Trainer", "may not import"),
        ("src/ravine/results/records.py", "import ravine.experiments", "may not import"),
        (
            "src/ravine/training/engine.py",
            "def later():\n    from ravine.surfaces import descend",
            "may not import",
        ),
        ("src/ravine/training/protocol.py", "from ravine.data.readers import x", "past the face"),
        ("src/ravine/training/protocol.py", "from ravine.training import Trainer", "own room"),
        ("src/ravine/training/protocol.py", "from .engine import Trainer", "whole name"),
        ("book/adam/adam.ipynb", "from ravine.surfaces.descent import descend", "past the face"),
        ("book/adam/adam.ipynb", "from ravine.surfaces import analytic", "past the face"),
        ("book/adam/adam.ipynb", "from ravine import figures\nfigures.style.look()", "past the"),
        ("book/adam/adam.ipynb", "from ravine.networks.vae import vae", "past the face"),
        ("book/adam/adam.ipynb", "from ravine import plots", "no room plots"),
        ("book/adam/adam.ipynb", "from ravine._faces import on_demand", "private"),
        ("tools/site/draw_cover.py", "import ravine.figures.style", "past the face"),
        ("tests/figures/test_x.py", "from ravine.surfaces.descent import _program", "past the"),
        ("tests/cli/test_cli.py", "from ravine.files import _sync_directory", "past the face"),
    ],
)
def test_planted_import_is_found(path, source, says):
    (complaint,) = rooms.complaints(path, source)
    assert says in complaint


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tests/surfaces/test_descent.py", "from ravine.surfaces.descent import _program"),
        ("src/ravine/surfaces/regression.py", "from ravine.surfaces.analytic import bowl"),
        ("src/ravine/cli/_found.py", "from ravine.results import records\nrecords.load"),
        ("book/a.ipynb", "from ravine.experiments.batch_size import SIZES"),
        ("book/a.ipynb", "import ravine\nfrom ravine import figures\nfigures.look"),
    ],
)
def test_import_as_meant_is_not(path, source):
    assert rooms.complaints(path, source) == []


def test_circle_is_found(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    for file, other in {"one": "two", "two": "three", "three": "one", "four": "one"}.items():
        (tmp_path / f"data/{file}.py").write_text(f"from ravine.data.{other} import x\n")
    monkeypatch.setattr(rooms, "SOURCE", tmp_path)
    assert [text.split(".")[0] for text in rooms.circles()] == [
        *("data/four", "data/one", "data/three", "data/two")
    ]


@pytest.mark.parametrize("room", FACES)
def test_a_face_hands_out_what_it_names(room):
    module = importlib.import_module(f"ravine.{room}")
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("room", FACES)
def test_what_a_face_hands_out_on_demand_is_what_type_checkers_see(room):
    tree = ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
    seen = {}
    for block in tree.body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for node in block.body:
                names = {alias.name for alias in node.names}
                if node.module == f"ravine.{room}":  # whole files
                    seen |= {name: {name} for name in names}
                else:
                    seen[node.module.split(".")[-1]] = names
    tables = [
        {file: set(names) for file, names in ast.literal_eval(node.args[1]).items()}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "on_demand"
    ]
    assert tables == ([seen] if seen else [])


def test_a_face_has_no_other_names():
    with pytest.raises(AttributeError, match=r"ravine\.surfaces.*'glacier'"):
        _ = importlib.import_module("ravine.surfaces").glacier


HEAVY = {"keras", "tensorflow", "jax", "torch"}
LIGHT = {
    "ravine": HEAVY | {"numpy"},
    "ravine.cli": HEAVY | {"matplotlib", "pandas", "scipy"},
    "ravine.data": HEAVY,
    "ravine.figures": HEAVY | {"pooch", "ravine.data", "ravine.surfaces"},
    "ravine.files": HEAVY | {"numpy"},
    "ravine.homework": HEAVY,
    "ravine.results": HEAVY | {"pooch", "ravine.data"},
    "ravine.surfaces": HEAVY,
    "ravine.training": HEAVY,
}


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_face_loads_nothing_heavy(module):
    assert loaded(f"import {module}") & LIGHT[module] == set()


def test_what_is_light_behind_a_face_stays_light():
    assert loaded("from ravine.surfaces import ravine; ravine().value((0, 0))") & HEAVY == set()
    assert "keras" in loaded("from ravine.surfaces import descend")


def loaded(code):
    """The modules that a fresh process has loaded after running some code."""
    command = [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_tests_mirror_the_rooms():
    folders = {path.name for path in (ROOT / "tests").iterdir() if list(path.glob("test_*.py"))}
    assert folders - {"book", "homework", "site"} == set(FACES)


def test_no_two_test_files_share_a_name():
    """Pytest could not collect them together."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)


def test_tools_stand_in_the_folders_that_contributing_lists():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = {
        path.parent.name
        for marker in ("__init__.py", "package.json")  # of Python, and of JavaScript
        for path in (ROOT / "tools").rglob(marker)
    } - {"tools"}
    assert found == set(re.findall(r"`tools/(\w+)/`", text))
    assert [path.name for path in (ROOT / "tools").glob("*.py")] == ["__init__.py"]


def said_of_the_package(check):
    return [
        text
        for path, source in rooms.python_files()
        if path.startswith("src/")
        for text in check(path, source)
    ]


def test_all_public_functions_have_types():
    assert said_of_the_package(rooms.untyped) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def walk(steps: int): ...", 1),
        ("def walk(steps) -> None: ...", 1),
        ("class Path:\n    def cut(self, at) -> None: ...", 1),
        ("class _Path:\n    def cut(self, at): ...\n\ndef _walk(steps): ...", 0),
        ("def walk(steps: int) -> None:\n    def step(i): ...", 0),
    ],
)
def test_a_function_without_types_is_found(source, count):
    assert len(rooms.untyped("src/ravine/x.py", source)) == count


def test_no_file_and_no_function_is_longer_than_it_says():
    assert said_of_the_package(rooms.too_long) == []


def test_no_module_of_the_playground_is_longer_than_a_file_may_be():
    counts = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "book/_static/playground").glob("*.js")
    }
    assert len(counts) > 20
    assert {name: count for name, count in counts.items() if count > rooms.LONGEST_FILE} == {}


@pytest.mark.parametrize("reason", ["", "# Longer than 300 lines: a table of stations."])
def test_long_file_is_found_unless_it_says_why(reason):
    source = f'"""A list."""\n{reason}\n' + "x = 1\n" * 299
    assert rooms.too_long("a.py", source) == (
        [] if reason else ["a.py has 301 lines: split it, or say why it is longer."]
    )


@pytest.mark.parametrize("place", ["", "above", "first"])
def test_long_function_is_found_unless_it_says_why(place):
    reason = "# Longer than 60 lines: one equation.\n"
    source = (
        (reason if place == "above" else "")
        + 'def f():\n    """Documented\n\n    at length."""\n'
        + (f"    {reason}" if place == "first" else "")
        + "    x = 1\n" * 60
    )
    assert len(rooms.too_long("a.py", source)) == (0 if place else 1)
    shorter = source.replace("    x = 1\n", "", 1)
    assert place or rooms.too_long("a.py", shorter) == []


def test_the_types_are_shipped():
    assert (SOURCE / "py.typed").is_file()
