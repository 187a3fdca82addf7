"""Carries the repository's address, for a fork, to every place where it must stand.

    python -m tools.site.address https://github.com/you/fork

The one place is `Repository` in pyproject.toml; this rewrites it, and with it the site's
configuration, the citation file, the pages' links and the notebooks' setup cells. The citation file
of a fork goes on naming the original.
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

from tools.book.notebooks import ROOT, find_notebooks, repository_address

ADDRESS = re.compile(r"https://github\.com/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?")

CITATION = "CITATION.cff"
FORKED = "# The work that this fork is made from; `make address` keeps it.\n"


def places(root: Path = ROOT) -> list[Path]:
    """Lists the files that may hold the address."""
    files = [root / name for name in ("pyproject.toml", "_config.yml", CITATION)]
    pages = [*root.glob("*.md"), *(root / "book").rglob("*.md")]
    return [*files, *sorted(pages), *find_notebooks(root)]


def change(new: str, root: Path = ROOT) -> list[Path]:
    """Puts a new address for the present one and returns the files that changed.

    Colab's links (`colab.research.google.com/github/owner/name`) and the address of the published
    site (`owner.github.io/name`) change with it.

    Raises:
        ValueError: If the new address does not read https://github.com/owner/name.
    """
    to = ADDRESS.fullmatch(new)
    if not to:
        raise ValueError(f'"{new}" must read https://github.com/owner/name.')
    present = ADDRESS.fullmatch(repository_address(root))
    assert present, "pyproject.toml holds an address of the same form"
    old = {key: re.escape(value) for key, value in present.groupdict().items()}
    slug = re.compile(rf"(github(?:\.com)?/){old['owner']}/{old['name']}(?![\w-])")
    site = re.compile(rf"(?<=//){old['owner']}\.github\.io/{old['name']}(?![\w-])")
    changed = []
    for path in places(root):
        text = path.read_text(encoding="utf-8")
        own, mark, original = text.partition(FORKED)
        moved = slug.sub(rf"\g<1>{to['owner']}/{to['name']}", own)
        moved = site.sub(f"{to['owner']}.github.io/{to['name']}", moved)
        if path.name == CITATION and moved != own:
            original = original or reference(own)
            is_original = yaml.safe_load(moved)["repository-code"] in original.split()
            mark, original = ("", "") if is_original else (FORKED, original)
        moved += mark + original
        if moved != text:
            path.write_text(moved, encoding="utf-8")
            changed.append(path)
    return changed


def reference(citation: str) -> str:
    """Returns a citation file's work as the reference that a fork's citation file makes to it."""
    work = yaml.safe_load(citation)
    kept = {key: work[key] for key in ("type", "title", "authors", "repository-code")}
    return yaml.safe_dump({"references": [kept]}, sort_keys=False)


def main() -> None:
    """Changes the address to the one given and prints the files that changed."""
    parser = argparse.ArgumentParser(description="Carry the repository's address everywhere.")
    parser.add_argument("address", help="https://github.com/owner/name")
    try:
        for path in change(parser.parse_args().address):
            print(path.relative_to(ROOT))
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
