"""The last touch to the pages of the site, after Sphinx and the theme have written them.

Each page gets a Content-Security-Policy, what other sites show of it when somebody links to it, and
the times that reading and running it take. What the theme adds for running cells on another host is
taken out: here nothing comes from outside, and cells run on Colab. So are the icons that no page
shows.
"""

import base64
import csv
import hashlib
import html
import json
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

MEASURED = "data/results/bench"  # where `make bench` keeps the seconds of each notebook
WORDS_A_MINUTE = 180  # of a text with formulas
DESCRIPTION = 200  # characters
PICTURE = "_static/race.png"
CHARSET = '<meta charset="utf-8" />'
POLICY = '<meta http-equiv="Content-Security-Policy"'

SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<source>.*?)</script>", re.DOTALL)
HANDLER = re.compile(r'\son(?:click|change|submit|load)="(?P<source>[^"]*)"')
THEBE = re.compile(
    r"<script[^>]*>(?:(?!</script>).)*(?:THEBE_JS_URL|requestKernel|kernelName =)"
    r"(?:(?!</script>).)*</script>"
    r"|<(?:script|link)[^>]*sphinx-thebe\.(?:js|css)[^>]*>(?:</script>)?",
    re.DOTALL,
)
ARTICLE = re.compile(r"<article[^>]*>(?P<inside>.*?)</article>", re.DOTALL)
HEADING = re.compile(r"<h1>.*?</h1>", re.DOTALL)
CODE = re.compile(r"<(pre|script|style)\b.*?</\1>", re.DOTALL)
PARAGRAPH = re.compile(r"<p>(?P<inside>.*?)</p>", re.DOTALL)
# An icon in Font Awesome's script: "name": [width, height, [aliases], "code", "path"].
ICON = re.compile(
    r'"?(?P<name>[\w-]+)"?:\[\d+,\d+,\[(?P<aliases>[^\]]*)\],"[0-9a-f]+",'
    r'(?:"[^"]*"|\[[^\]]*\])\],?'
)
OF_SCRIPTS = ("xmark",)  # icons that no page names, because the theme's scripts put them there
# The arrow that unfolds a part of the contents has no name that a screen reader could say.
ARROW = '<summary><span class="toctree-toggle" role="presentation">'
NAMED_ARROW = '<summary aria-label="pages below"><span class="toctree-toggle" role="presentation">'

# Of a reader who has chosen neither light nor dark, the theme's scripts say that this is an error.
NO_MODE = 'localStorage.getItem("mode") || ""'
MODE_OF_THE_SYSTEM = 'localStorage.getItem("mode") || "auto"'


def digest(source: str) -> str:
    """Returns the source expression that allows a script with this text."""
    value = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return f"'sha256-{value}'"


def policy(page: str) -> str:
    """Returns the Content-Security-Policy of a page: its own host, and the scripts written in it.

    MathJax and the theme set styles from scripts, so styles may stand in the page.
    """
    inline = [
        found["source"] for found in SCRIPT.finditer(page) if "src=" not in found["attributes"]
    ]
    handlers = [html.unescape(found["source"]) for found in HANDLER.finditer(page)]
    allowed = sorted({digest(source) for source in [*inline, *handlers]})
    hashes = " ".join(["'self'", *(["'unsafe-hashes'"] if handlers else []), *allowed])
    return (
        f"default-src 'self'; script-src {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'self'; "
        "form-action 'self'"
    )


def plain(markup: str) -> str:
    """Returns the words of a piece of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def reading_minutes(article: str) -> int:
    """Returns about how many minutes the text of an article takes, without its code."""
    return max(1, round(len(plain(CODE.sub(" ", article)).split()) / WORDS_A_MINUTE))


def minutes(number: int) -> str:
    """Returns a number of minutes in words."""
    return "1 minute" if number == 1 else f"{number} minutes"


def running_times(folder: Path) -> dict[str, str]:
    """Returns how long each measured notebook runs, in words, by the name of its page.

    Args:
        folder: with the times and where they are from; without them there is nothing to say.
    """
    times, origin = folder / "notebooks.csv", folder / "provenance.json"
    if not times.exists():
        return {}
    environment = json.loads(origin.read_text(encoding="utf-8"))["project"]["environment"]
    with times.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # A reader whose machine has more cores, or a GPU, waits less.
    on_cpu = environment["tensorflow"]["device"].startswith("CPU")
    return {
        row["notebook"].replace(".ipynb", ".html"): (
            f"{running_time(float(row['seconds']))} to run{on_cores(row['cores'], on_cpu)}"
        )
        for row in rows
    }


def running_time(seconds: float) -> str:
    """Returns a duration in words, in whole minutes."""
    return minutes(round(seconds / 60)) if seconds >= 60 else "less than a minute"


def on_cores(number: str, on_cpu: bool) -> str:
    """Returns where a notebook ran, or nothing where that was not the processor."""
    if not on_cpu:
        return ""
    return " on one CPU core" if number == "1" else f" on {number} CPU cores"


def preview(page: str, address: str) -> str:
    """Returns the tags from which other sites show a link to this page."""
    title = html.escape(plain(re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]), quote=True)
    article = ARTICLE.search(page)
    paragraph = PARAGRAPH.search(CODE.sub(" ", article["inside"])) if article else None
    text = plain(paragraph["inside"]) if paragraph else ""
    text = text if len(text) <= DESCRIPTION else text[: text.rfind(" ", 0, DESCRIPTION)] + " …"
    tags = {"og:title": title, "og:type": "article", "og:image": address + PICTURE}
    tags |= {"og:description": html.escape(text, quote=True)} if text else {}
    lines = [f'<meta property="{name}" content="{value}">' for name, value in tags.items()]
    if text:
        lines.append(f'<meta name="description" content="{tags["og:description"]}">')
    return "\n".join(lines)


def finished(page: str, address: str, timed: bool, running: str | None = None) -> str:
    """Returns a page with the last touch; one that has it already stays as it is.

    Args:
        page: what the theme wrote, in this build or in an earlier one.
        address: where the site will be, with a slash at the end.
        timed: whether to say how long reading takes.
        running: how long running takes, in words, where that was measured.
    """
    if POLICY in page:
        return page
    page = THEBE.sub("", page).replace(ARROW, NAMED_ARROW)
    page = page.replace(NO_MODE, MODE_OF_THE_SYSTEM)
    # A role that the standard has given up, for the works of a bibliography.
    page = page.replace('role="doc-biblioentry"', 'role="listitem"')
    article = ARTICLE.search(page)
    heading = HEADING.search(page, article.start()) if article else None
    if timed and heading:
        reading = f"{minutes(reading_minutes(article['inside']))} to read"
        line = ", ".join(filter(None, [reading, running]))
        page = f'{page[: heading.end()]}\n<p class="times">{line}</p>{page[heading.end() :]}'
    meta = f'{POLICY} content="{policy(page)}">'
    # After the character set, which browsers look for at the very beginning.
    return page.replace(CHARSET, f"{CHARSET}\n{meta}\n{preview(page, address)}", 1)


def without_unused_icons(script: str, used: set[str]) -> str:
    """Returns Font Awesome's script with no other icons than these: it brings two thousand.

    Args:
        script: the text of the script.
        used: names of icons, such as "rocket"; an old name keeps the icon that has it now.
    """

    def kept(found):
        names = {found["name"], *re.findall(r'"([\w-]+)"', found["aliases"])}
        return found[0] if names & used else ""

    return ICON.sub(kept, script)


def site_address(repository: str) -> str:
    """Returns where GitHub publishes the site of a repository."""
    *_, owner, name = repository.rstrip("/").split("/")
    return f"https://{owner}.github.io/{name}/"


def finish_pages(app: Sphinx, error: Exception | None) -> None:
    """Finishes all pages of a build of the site."""
    if error or not isinstance(app.builder, StandaloneHTMLBuilder) or app.builder.name != "html":
        return
    address = site_address(app.config.html_theme_options.get("repository_url", ""))
    folder = Path(app.outdir)
    running = running_times(Path(app.srcdir) / MEASURED)
    used = {*OF_SCRIPTS}
    for path in sorted(folder.rglob("*.html")):
        name = path.relative_to(folder).as_posix()
        if name.startswith("_static/"):
            continue
        timed = name.startswith("book/") and "/api" not in name
        page = finished(path.read_text(encoding="utf-8"), address, timed, running.get(name))
        path.write_text(page, encoding="utf-8")
        used.update(re.findall(r"\bfa-([a-z0-9-]+)", page))
    icons = folder / "_static" / "scripts" / "fontawesome.js"
    text = without_unused_icons(icons.read_text(encoding="utf-8"), used)
    icons.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers with Sphinx."""
    app.connect("build-finished", finish_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
