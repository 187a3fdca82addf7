"""Rules and links for the tests of the reader's own rule, and where its lines and picture are."""

from pathlib import Path
from urllib.parse import quote

import axe_playwright_python

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
MOMENTUM = "m = beta*m + g\ntheta = theta - eta*m"
DESCENT = "theta = theta - eta*g"
MEAN = "m = beta*m + (1 - beta)*g\ntheta = theta - eta*m"
# With a name of its own, two states, and a norm.
OTHER = "s = s + norm(g)^2\nm = beta*m + g\ntheta = theta - eta*m/(sqrt(s) + c)"


def link(rule, numbers="", others="surface=ravine&steps=20&GD=eta:0.03"):
    return f"whole.html#{others}&inside=Own&Own={numbers}&rule={quote(rule)}"


def lines(page):
    return page.get_by_label("Lines of the rule")


def picture(page):
    return page.evaluate("document.querySelector('canvas.map').toDataURL()")
