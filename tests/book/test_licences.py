"""What the site brings along has a version and a licence, in the repository and on the site."""

import re
import shutil

import pytest

from book._extensions import licences
from tests.book.test_site import build, small_site
from tools.book.notebooks import ROOT

OURS = {"playground"}  # under the licence of the repository


def without_licence(static):
    """Folders of other projects without a licence, or without a version in their README."""
    complaints = []
    for folder in sorted(path for path in static.iterdir() if path.is_dir()):
        if folder.name in OURS:
            continue
        if not (folder / "LICENSE").is_file():
            complaints.append(f"{folder.name} has no LICENSE")
        readme = folder / "README.txt"
        if not (readme.is_file() and re.search(r"\d+\.\d+\.\d+", readme.read_text("utf-8"))):
            complaints.append(f"{folder.name} has no README.txt that says its version")
    return complaints


def test_what_the_repository_hosts_has_version_and_licence():
    assert without_licence(ROOT / "book/_static") == []


def test_a_hosted_folder_without_version_and_licence_is_found(tmp_path):
    mathjax = tmp_path / "mathjax"
    shutil.copytree(ROOT / "book/_static/mathjax", mathjax)
    assert without_licence(tmp_path) == []
    (mathjax / "LICENSE").unlink()
    (mathjax / "README.txt").write_text("MathJax, unchanged")
    (tmp_path / "playground").mkdir()
    assert without_licence(tmp_path) == [
        "mathjax has no LICENSE",
        "mathjax has no README.txt that says its version",
    ]


def test_the_version_of_mathjax_is_the_one_it_says():
    mathjax = ROOT / "book/_static/mathjax"
    said = re.search(r"\d+\.\d+\.\d+", (mathjax / "README.txt").read_text("utf-8"))[0]
    script = (mathjax / "tex-chtml.js").read_text("utf-8")
    assert f'VERSION="{said}"' in script


@pytest.mark.parametrize("package", ["Sphinx", "pydata-sphinx-theme", "sphinx-copybutton"])
def test_a_package_has_its_licence(package):
    assert "Redistribution" in licences.licence(package) or "MIT" in licences.licence(package)


def test_the_site_holds_the_licences_of_what_made_it(tmp_path):
    result = build(small_site(tmp_path / "site"), tmp_path / "out")
    assert result.returncode == 0, result.stdout + result.stderr
    static = tmp_path / "out/_build/html/_static"
    text = (static / "licences.txt").read_text("utf-8")
    for name in (
        "sphinx",
        "sphinx-book-theme",
        "pydata-sphinx-theme",
        "sphinx-copybutton",
        "myst-nb",
    ):
        assert re.search(rf"^{name} \d+\.\d+", text, flags=re.MULTILINE | re.IGNORECASE), name
    assert (static / "mathjax/LICENSE").is_file()
    assert (static / "scripts/fontawesome.js.LICENSE.txt").is_file(), "the first lines name it"


def test_a_package_without_licence_stops_the_build(tmp_path):
    site = small_site(tmp_path / "site")
    extension = site / "book/_extensions/licences.py"
    source = extension.read_text(encoding="utf-8")
    extension.write_text(source.replace('"licen" in file.name', '"nothing" in file.name'))
    result = build(site, tmp_path / "out")
    assert result.returncode != 0
    assert "sphinx-copybutton comes without its licence" in result.stdout + result.stderr
