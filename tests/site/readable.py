"""What a screen does to figures and formulas: small letters, few pixels, formulas that are cut."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.book import drawings

LEAST = 9  # CSS pixels of the smallest letters of a figure

# Each picture of the article with drawings of its own: what the browser chose, and its width.
PICTURES = """() => [...document.querySelectorAll("article picture img")].map(
  image => [image.currentSrc, image.src, image.getBoundingClientRect().width])"""
# Where the machine is busy, the browser chooses a moment after the page has become narrower.
CHOSEN = """() => [...document.querySelectorAll("article picture img")].every(
  image => image.currentSrc)"""

# The formulas that end beyond the column, unless a box around them scrolls.
CUT = """async () => {
  await window.MathJax?.startup?.promise;
  const folded = [...document.querySelectorAll("article details:not([open])")];
  folded.forEach(details => details.open = true);
  const found = [];
  for (const formula of document.querySelectorAll("article mjx-container")) {
    const maths = formula.querySelector("mjx-math");
    const box = formula.closest("div.math, p, li, dd, dt, td, th, figcaption, h1, h2, h3, summary");
    if (!maths || !box || !formula.checkVisibility()) continue;
    const scrolls = ["auto", "scroll"].includes(
      getComputedStyle(formula.closest("div.math, table") ?? box).overflowX);
    const beyond = maths.getBoundingClientRect().right - box.getBoundingClientRect().right;
    if (beyond > 1 && !scrolls) found.push(`${Math.round(beyond)} pixels are cut of: ` +
      (formula.querySelector("mjx-assistive-mml") ?? formula).textContent.slice(0, 60));
  }
  folded.forEach(details => details.open = false);
  return found;
}"""


def complaints(page, site, density=1):
    """Returns what is wrong with the figures and formulas of a page at its present width.

    Args:
        page: in the browser, from a server.
        site: the folder that the server serves.
        density: pixels of the screen for one of the page.
    """
    found = page.evaluate(CUT)
    page.wait_for_function(CHOSEN)
    for shown, figure, width in page.evaluate(PICTURES):
        chosen, plain = (
            Path(site, unquote(urlsplit(url).path).lstrip("/")) for url in (shown, figure)
        )
        # The figure itself has half the pixels of its dense drawing.
        halved = 2 if chosen == plain else 1
        names = drawings.names_of(plain.read_bytes())
        about = drawings.about(plain.with_name(names["dense"]) if chosen == plain else chosen)
        letters = about["letters"] * width / about["width"]
        if letters < LEAST:
            found.append(f"letters of {letters:.1f} pixels: {chosen.name}")
        if about["width"] / halved < 0.99 * density * width:
            found.append(f"{about['width'] / halved:.0f} pixels for {width:.0f}: {chosen.name}")
    return found
