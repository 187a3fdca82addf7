"""The site builds without a warning, and a build with a planted fault fails."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.book import guards
from tools.book.execute import METADATA
from tools.book.notebooks import ROOT, write_notebook

WORK = "@misc{robbins1951, author={Robbins, H. and Monro, S.}, title={A title}, year={1951}}"


def build(source: Path, output: Path) -> subprocess.CompletedProcess:
    """Builds a site as `make book` does, with its pages elsewhere than its sources."""
    return subprocess.run(
        [sys.executable, "-m", "tools.site.build", source, "--output", output],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_every_public_module_is_in_the_reference():
    assert guards.modules_without_reference(ROOT) == []


def test_module_missing_in_the_reference_is_found(tmp_path):
    for folder in ("src/ravine", "book/appendix"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "src/ravine/optimizers/walrus.py").write_text("class Walrus:\n    pass\n")
    (tmp_path / "src/ravine/landscapes.py").write_text("")
    (tmp_path / "src/ravine/_private.py").write_text("")
    assert guards.modules_without_reference(tmp_path) == [
        "ravine.landscapes is missing in the API reference",
        "ravine.optimizers.walrus is missing in the API reference",
    ]


def small_site(folder: Path, text: str = "", code: str = "1 + 1", execute: bool = False) -> Path:
    """Writes a site of two pages with the book's own configuration."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    if execute:
        config["execute"]["execute_notebooks"] = "force"
        config["sphinx"]["config"]["nb_execution_raise_on_error"] = True
    for name in ("_static", "_extensions"):
        shutil.copytree(ROOT / "book" / name, folder / "book" / name)
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n  - file: page\n")
    (folder / "book/references.bib").write_text(WORK)
    (folder / "index.md").write_text("# Index\n\n```{bibliography}\n```\n")
    prose = f"# Page\n\n[Index](index.md), {{cite:p}}`robbins1951`. {text}"
    cells = [new_markdown_cell(prose), new_code_cell(code)]
    write_notebook(new_notebook(cells=cells, metadata=METADATA), folder / "page.ipynb")
    return folder


def test_small_site_builds_whatever_tools_leave_beside_it(tmp_path):
    site = small_site(tmp_path / "site")
    for folder in (".pytest_cache", ".venv/lib"):
        (site / folder).mkdir(parents=True)
        (site / folder / "README.md").write_text("# Not a page of the book")
    result = build(site, tmp_path / "out")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "fault, message",
    [
        ({"code": "1 / 0", "execute": True}, "ExecutionError: "),
        ({"text": "[nowhere](other.md)"}, "other.md"),
        ({"text": "{cite:p}`nobody2000`"}, "nobody2000"),
        ({"text": "{ref}`no-such-label`"}, "no-such-label"),
    ],
    ids=["raising cell", "broken link", "missing citation", "broken cross-reference"],
)
def test_site_with_a_planted_fault_fails(tmp_path, fault, message):
    result = build(small_site(tmp_path / "site", **fault), tmp_path / "out")
    assert result.returncode != 0
    assert message in result.stdout + result.stderr
