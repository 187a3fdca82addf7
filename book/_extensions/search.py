"""Sphinx: search works from the folder of the site, too.

Under each page that it finds, Sphinx shows a few of its lines, which it fetches. From a file, a
browser fetches nothing: there the names of the pages stand alone, and nothing fails.
"""

WITHOUT_LINES = (
    'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'
)


def add_script(app, pagename, templatename, context, doctree):
    """Add the line to the page of the search alone."""
    if pagename == "search":
        app.add_js_file(None, body=WITHOUT_LINES)


def setup(app):
    """Tell Sphinx about the above."""
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
