"""Sphinx: only the pages that hold a playground load its script and its style sheet."""

PLACE = 'class="playground"'


def add_script(app, pagename, templatename, context, doctree):
    """Add the files to one page: inside this event, Sphinx adds them to no other."""
    if PLACE in context.get("body", ""):
        app.add_css_file("playground/playground.css")
        app.add_js_file("playground/main.js", type="module")


def setup(app):
    """Tell Sphinx about the above."""
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
