"""Builds the site, and of a site that is there only what has changed: `make book`.

    python -m tools.site.build [FOLDER] [--output FOLDER]

A build that gave a warning has failed, and leaves the last one that gave none to the next build to
start from. So every page that has changed since is read again, and its warning comes again, until
it is mended. What pages show of one another is looked after by `book/_extensions/incremental.py`.
"""

import argparse
import contextlib
import fcntl
import gc
import hashlib
import json
import os
import re
import shutil
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.site.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
TITLE = re.compile(r"^[\s-]*(?:root|file): *[\"']?([^\s\"'#]+)", re.MULTILINE)
ENDINGS = (".ipynb", ".md")
REFERENCE = "book/appendix/api"  # its pages are made from src/
# These go into pages after they are read: into their addresses of styles, or into their first line.
WRITTEN = ("book/_static/", "data/results/bench/", "environment: RAVINE_COLAB_BRANCH")
STAMP = "inputs.json"
PARTS = ("html", ".doctrees", "jupyter_execute", STAMP)  # of a build
ASIDE = "before"  # where the last build without a warning lies while another one is made


@dataclass(frozen=True)
class Work:
    """What a build has to do.

    Attributes:
        changed: what is not as it was, by name.
        everything: whether to begin from nothing.
        write: whether to write all pages, also those that are as they were.
        read: the pages to read, without their endings.
    """

    changed: tuple[str, ...] = ()
    everything: bool = False
    write: bool = False
    read: frozenset[str] = frozenset()


def pages(root: Path) -> dict[str, str]:
    """Returns the pages of the table of contents, by the names of their files."""
    names = TITLE.findall((root / "_toc.yml").read_text(encoding="utf-8"))
    return {
        f"{name}{ending}": name
        for name in (name.removesuffix(".md").removesuffix(".ipynb") for name in names)
        for ending in ENDINGS
        if (root / f"{name}{ending}").exists()
    }


def inputs(root: Path) -> dict[str, str]:
    """Returns a digest of everything that a site is made from, by its name."""
    found = {
        path.relative_to(root).as_posix(): _digest(path.read_bytes())
        for path in sorted(_files(root))
    }
    versions = " ".join([sys.version, *installed()])
    tools = [*sorted(Path(__file__).parent.glob("*.py")), ROOT / "tools/js/package-lock.json"]
    tool = b"".join(path.read_bytes() for path in tools)
    return found | {
        "environment: installed packages": _digest(versions.encode()),
        "environment: RAVINE_COLAB_BRANCH": os.environ.get("RAVINE_COLAB_BRANCH", ""),
        "environment: tools": _digest(tool),
    }


def installed() -> list[str]:
    """Returns the packages of requirements.txt that are installed, with their versions."""
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([\w.-]+)==", pinned, re.MULTILINE))
    found = (path.stem for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info"))
    return sorted(
        name for name in found if re.sub("[._]", "-", name.rpartition("-")[0]).lower() in names
    )


def _files(root: Path) -> Iterator[Path]:
    yield from (root / name for name in ("_config.yml", "_toc.yml"))
    yield from (root / name for name in pages(root) if not name.startswith("book/"))
    for folder in ("book", "src", "data/results/bench"):
        for path in (root / folder).rglob("*"):
            parts = path.relative_to(root).parts
            if path.is_file() and not any(
                part[0] == "." or part == "__pycache__" for part in parts
            ):
                yield path


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def compare(before: dict[str, str], now: dict[str, str], root: Path) -> Work:
    """Returns what has to be done for a site that was made from other inputs.

    Args:
        before: the inputs of the last build without a warning; empty if there is none.
        now: the inputs of this one.
        root: of the book.
    """
    changed = tuple(sorted(name for name in before | now if before.get(name) != now.get(name)))
    names, read, write = pages(root), set(), False
    for name in changed:
        if name in names and name in before:
            read.add(names[name])
        elif name.startswith("src/"):
            read |= {page for page in names.values() if page.startswith(REFERENCE)}
        elif name.startswith(WRITTEN):
            write = True
        else:
            return Work(changed, everything=True)
    return Work(changed, write=write, read=frozenset(read))


def last_inputs(folder: Path) -> dict[str, str]:
    """Returns what the last build without a warning was made from, and brings it back.

    Args:
        folder: of the build. One that has failed, or was stopped, has left the last good one aside.
    """
    aside = folder / ASIDE
    if not (folder / "html").exists():
        _remove(folder / STAMP)
    stamp, kept = folder / STAMP, (aside / STAMP).exists()
    for part in () if stamp.exists() else PARTS:
        if not kept:
            _remove(folder / part)
        elif (aside / part).exists():  # else this was stopped, too, after it brought the part back
            _remove(folder / part)
            os.rename(aside / part, folder / part)
    _remove(aside)
    return json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else {}


def put_aside(folder: Path) -> None:
    """Keeps a copy of the last build without a warning until this one has given none."""
    if (folder / STAMP).exists():
        for part in PARTS:
            if (folder / part).is_dir():
                shutil.copytree(folder / part, folder / ASIDE / part)
        os.rename(folder / STAMP, folder / ASIDE / STAMP)  # now the copy is whole


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Lets one build at a time work in a folder.

    Raises:
        BlockingIOError: if another one does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def run_sphinx(root: Path, output: Path, write_all: bool) -> bool:
    """Runs Jupyter Book as `jupyter-book build -W -n --keep-going`; returns if all went well."""
    from jupyter_book.sphinx import build_sphinx  # type: ignore[import-untyped]
    from sphinx.util.console import nocolor

    if not sys.stderr.isatty():
        nocolor()
    overrides = {
        "external_toc_path": (root / "_toc.yml").as_posix(),
        "latex_individualpages": False,
        "nitpicky": True,
    }
    gc.disable()  # a million small objects in a short life: looking for garbage takes time
    progress = Progress(sys.stdout, sys.stderr)
    with contextlib.redirect_stdout(progress), contextlib.redirect_stderr(progress.complaints):
        result = build_sphinx(
            root,
            output,
            noconfig=True,
            path_config=root / "_config.yml",
            confoverrides=overrides,
            force_all=write_all,
            warningiserror=True,
            keep_going=True,
        )
    progress.end()
    if isinstance(result, KeyboardInterrupt):
        raise result
    if isinstance(result, Exception):  # Sphinx has written the last lines of it only
        print(f"{type(result).__name__}: {result}", file=sys.stderr)
    return result == 0


def build(root: Path, output: Path) -> bool:
    """Builds the site of a book into a folder of `output`; returns if it is as it should be."""
    folder = output / "_build"
    try:
        with alone(folder):
            return build_changes(root, folder)
    except BlockingIOError:
        complaint = (
            f"Another build is at work in {folder}: run the command again when it has ended."
        )
        print(complaint, file=sys.stderr)
        return False


def build_changes(root: Path, folder: Path) -> bool:
    """Builds what has changed since the last build in this folder; returns if all went well."""
    begin = time.monotonic()
    first_page = f"The book is ready: {folder / 'html/index.html'}"
    now = inputs(root)
    work = compare(last_inputs(folder), now, root)
    if not work.changed:
        print(f"Nothing has changed since the last build.\n{first_page}")
        return True
    print(announcement(work, len(pages(root))), flush=True)
    put_aside(folder)
    for part in PARTS if work.everything else ():
        _remove(folder / part)
    for page in work.read:  # what Sphinx has not kept, it reads
        (folder / f".doctrees/{page}.doctree").unlink(missing_ok=True)
    _remove(folder / "html/_static")  # Sphinx copies what is there, and leaves what has gone
    if not run_sphinx(root, folder / "html", work.write):
        complaint = "The book is not ready: mend what stands above, and run the command again."
        print(complaint, file=sys.stderr)
        return False
    (folder / STAMP).write_text(json.dumps(now, indent=1), encoding="utf-8")
    _remove(folder / ASIDE)
    print(f"Built in {time.monotonic() - begin:.0f} s.\n{first_page}")
    return True


def announcement(work: Work, number: int) -> str:
    """Returns a sentence about the work ahead, for a book with this number of pages."""
    if work.everything:
        return f"Building all {number} pages, which takes a minute or two."
    names = [name.removeprefix("environment: ") for name in work.changed]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"Changed: {', '.join(names[:3])}{more}. Building what depends on it."


def main() -> None:
    """Builds, and exits with 1 after a warning."""
    parser = argparse.ArgumentParser(description="Build the site, or what has changed of it.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT, help="of the book")
    parser.add_argument("--output", type=Path, help="where `_build` is made; the book's folder")
    options = parser.parse_args()
    root = options.folder.resolve()
    try:
        sys.exit(not build(root, (options.output or root).resolve()))
    except KeyboardInterrupt:
        sys.exit("Stopped. The next build begins where this one began.")


if __name__ == "__main__":
    main()
