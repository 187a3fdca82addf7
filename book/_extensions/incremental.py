"""Sphinx: a build that goes on from an earlier one gives the site that one from nothing would give.

Sphinx reads and writes a page again when its file has changed. But a page shows more than its own
file: titles in the contents, texts of links, numbers of equations and figures, works that others
cite. All this stands in Sphinx's environment. If a build changes it, all pages are written again;
none is read again, which takes longer. The search gets back what Sphinx forgets of pages that are
not written, and pictures that no page shows any more are removed.
"""

import hashlib
from pathlib import Path
from typing import Any

from docutils.nodes import Node
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment

# What the environment keeps of a page for this page alone, of the machine, or of the configuration,
# which begins a build from nothing.
OWN = {"all_docs", "app", "config", "config_status", "config_status_extra", "dependencies"}
OWN |= {"domaindata", "domains", "doctreedir", "events", "external_site_map", "images", "included"}
OWN |= {"metadata", "myst_config", "mystnb_config", "project", "ravine_shared", "ref_context"}
OWN |= {"sd_config", "settings", "srcdir", "temp_data", "titles_old", "version"}
LAST = 900  # of all who put something into the environment


def canonical(value: Any) -> Any:
    """Returns a value in a form whose text is the same whenever the value is."""
    if isinstance(value, Node):
        return value.pformat()
    if isinstance(value, dict):
        return sorted((repr(canonical(key)), canonical(item)) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return sorted(repr(canonical(item)) for item in value)
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    if type(value).__repr__ is object.__repr__:  # it says where the object is in memory
        return [type(value).__name__, canonical(getattr(value, "__dict__", {}))]
    return value


def shared(env: BuildEnvironment) -> dict[str, str]:
    """Returns a digest of each part of the environment that pages show of one another."""
    parts = {name: value for name, value in vars(env).items() if name not in OWN and name[0] != "_"}
    parts |= {name: data for name, data in env.domaindata.items() if name != "index"}
    # Of citations, which works a page cites: their order and their places are its own.
    cited = env.domaindata.get("cite", {})
    keys = {(ref.docname, to.key) for ref in cited.get("citation_refs", ()) for to in ref.targets}
    parts["cite"] = {**cited, "citation_refs": keys}
    # Links to headings find their names here.
    parts["slugs"] = {name: data.get("myst_slugs") for name, data in env.metadata.items()}
    return {
        name: hashlib.blake2b(repr(canonical(value)).encode(), digest_size=16).hexdigest()
        for name, value in parts.items()
    }


def all_if_shared(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Returns all pages to be written if what they share is not what it was."""
    before, env.ravine_shared = getattr(env, "ravine_shared", None), shared(env)
    return sorted(env.found_docs) if before != env.ravine_shared else []


def complete_search(app: Sphinx) -> list[tuple[str, dict, str]]:
    """Completes the index of the search, just before it is stored; adds no page.

    Sphinx begins with the stored index. It keeps words that have gone from all pages, and forgets
    which objects the pages describe that are not written this time.
    """
    index = getattr(app.builder, "indexer", None)
    if index is None:
        return []
    for words in (index._mapping, index._title_mapping):
        for word in [word for word, pages in words.items() if not pages]:
            del words[word]
    forgotten = index._titles.keys() - index._index_entries.keys()
    if forgotten:
        stored = Path(app.outdir, app.builder.searchindex_filename).read_text(encoding="utf-8")
        before = app.builder.indexer_format.loads(stored)
        for entry, places in before["indexentries"].items():
            for number, place, main in places:
                if (page := before["docnames"][number]) in forgotten:
                    found = index._index_entries.setdefault(page, [])
                    found.append((entry, place, "main" if main else ""))
        index._index_entries = dict(sorted(index._index_entries.items()))
    return []


def remove_old_pictures(app: Sphinx, error: Exception | None) -> None:
    """Removes pictures that no page shows any more."""
    if error or not isinstance(app.builder, StandaloneHTMLBuilder):
        return
    shown = {name for _, name in app.env.images.values()}
    for picture in Path(app.outdir, app.builder.imagedir).glob("*"):
        if picture.name not in shown:
            picture.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers with Sphinx."""
    app.connect("env-get-updated", all_if_shared, priority=LAST)
    app.connect("html-collect-pages", complete_search)
    app.connect("build-finished", remove_old_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
