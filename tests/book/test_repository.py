"""The repository speaks of the project alone, with one address and one set of versions."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest
import yaml

from tests.book import guards
from tools.book.notebooks import ROOT, find_notebooks, repository_address

TEXT = {".bib", ".cff", ".css", ".js", ".md", ".py", ".sh", ".toml", ".txt", ".yml", ""}


def tracked_files():
    """The tracked files that hold plain text; the guards of the notebooks read the notebooks."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("not a checkout of git, so there is no list of tracked files")
    files = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [path for path in files if path.suffix in TEXT and path.is_file()]


def test_address_is_the_same_everywhere():
    assert guards.address_complaints(ROOT) == []


def test_code_does_not_repeat_the_address():
    slug = repository_address().removeprefix("https://github.com/")
    code = [path for path in tracked_files() if path.suffix in {".py", ".sh", ".js", ".css"}]
    assert [path for path in code if slug in path.read_text(encoding="utf-8")] == []


def test_no_file_tells_of_a_machine_or_an_index():
    this = {"tests/book/guards.py", "Makefile"}  # these name what they look for and leave out
    traces = {
        str(path.relative_to(ROOT)): found
        for path in tracked_files()
        if path.relative_to(ROOT).as_posix() not in this
        if (found := guards.machine_traces(path.read_text(encoding="utf-8")))
    }
    assert traces == {}


@pytest.mark.parametrize(
    "text", ["see /" + "work/notes", "C:" + r"\data", "--extra-" + "index-url x", "pypi." + "org"]
)
def test_planted_trace_is_found(text):
    assert guards.machine_traces(text) != []


@pytest.mark.parametrize("text", ["https://example.org/home/page", "src/work/x", "~/data"])
def test_plain_text_is_no_trace(text):
    assert guards.machine_traces(text) == []


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def requirements():
    return (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_requirements_cover_the_project(project, requirements):
    assert guards.requirement_complaints(project, requirements) == []


@pytest.mark.parametrize(
    "old, new",
    [
        ("keras==", "other=="),
        ("\nkeras==3", "\nkeras==2"),
        ("--hash=sha256", "# sha256"),
        ("\nzipp==", "\nnvidia-cudnn=="),
    ],
)
def test_planted_fault_in_requirements_is_found(project, requirements, old, new):
    assert old in requirements
    assert guards.requirement_complaints(project, requirements.replace(old, new)) != []


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_links_between_files_lead_somewhere(path):
    assert guards.broken_links(path) == []


def test_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) [there](https://example.org) ![gone](gone.png)")
    assert guards.broken_links(page) == ["page.md links to gone.png, which does not exist"]


def test_every_work_of_the_bibliography_is_cited():
    pages = [ROOT / "index.md", *(ROOT / "book").rglob("*.md"), *find_notebooks()]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    bibliography = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    assert guards.uncited_works(bibliography, texts) == []


def given_names_first(bibliography: str) -> list[str]:
    """Return the authors that would be sorted by a given name: groups have braces of their own."""
    fields = re.findall(r"^\s*author\s*=\s*\{(.*)\},?$", bibliography, re.MULTILINE)
    names = [name for field in fields for name in field.split(" and ")]
    return [n for n in names if "," not in n and not n.startswith("{") and n != "others"]


def test_authors_are_named_surname_first():
    bibliography = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    assert given_names_first(bibliography) == []
    assert "author = {Nguyễn, Ngọc Lan Như and Hoàng, Minh Quân}" in bibliography


def test_an_author_with_the_given_name_first_is_found():
    bibliography = "  author = {Hoàng, Minh Quân and Ngọc Lan Như Nguyễn and {A Group}},\n"
    assert given_names_first(bibliography) == ["Ngọc Lan Như Nguyễn"]


def test_uncited_work_is_found():
    bibliography = "@book{one,\n}\n@misc{two,\n}\n@misc{three,\n}\n"
    texts = ["see {cite:p}`one, two`"]
    assert guards.uncited_works(bibliography, texts) == [
        "three is in references.bib and cited nowhere"
    ]


def test_wheel_carries_the_data(tmp_path):
    """On Colab the samples and the recorded runs come from inside the installed package."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(["git", "ls-files", "data"], cwd=ROOT, check=True, capture_output=True)
    tracked = {f"ravine/{path}" for path in listed.stdout.decode().split()}
    assert tracked, "there are samples"
    assert {name for name in packed if name.startswith("ravine/data/")} >= tracked
    assert not [name for name in packed if "checkpoints/" in name], "gigabytes, of no use to others"
    assert "ravine/py.typed" in packed

    # the folder `data` and the room `data` lie in one place, and each finds the other
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    code = (
        "from ravine.data import datasets; from ravine.files import data_directory;"
        "from ravine.results import published, records;"
        "print(data_directory(), len(datasets.load('mnist').x_train));"
        "records.load('mnist-mlp', 'full'), published.load('mnist-mlp')"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == [str(installed / "ravine" / "data"), "4000"], found.stderr


WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS.keys())
def test_workflows_are_pinned_and_may_write_nothing_by_default(workflow):
    assert guards.workflow_complaints(workflow) == []


def test_what_commands_run_is_there():
    assert guards.missing_tests(ROOT, (ROOT / "Makefile").read_text(encoding="utf-8")) == []


def test_a_command_that_runs_what_has_moved_is_found(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/here.py").touch()
    command = "\t@$(BIN)/python -m pytest tests/here.py tests/there.py::one\n"
    assert guards.missing_tests(tmp_path, command) == ["tests/there.py does not exist"]


def test_careless_workflows_are_found():
    step = {"uses": "actions/checkout@v5"}
    careless = {
        # YAML reads the key `on` as true.
        True: {"pull_request": None},
        "permissions": {"contents": "write"},
        "jobs": {"test": {"steps": [step, {"run": "echo ${{ secrets.KEY }}"}]}},
    }
    assert guards.workflow_complaints(careless) == [
        "by default it may do {'contents': 'write'}, and {'contents': 'read'} is enough",
        "job test has no time limit",
        "job test uses actions/checkout@v5, which is not a commit",
        "job test leaves its token behind after the checkout",
        "a pull request would reach a secret",
    ]
