"""What a page does to its code: lines that are cut, printed tables that break, boxes that hang out.

A block is code or what it printed. Folded code counts: it is unfolded to be measured.
"""

# Cut: the end of a line is behind the edge of its box. Broken: a line has columns, and no longer
# fits where long lines are wrapped. Outside: a box is wider than its page, or does not scroll.
MEASURE = """() => {
  const folded = [...document.querySelectorAll("article details:not([open])")];
  folded.forEach(details => details.open = true);
  const blocks = [...document.querySelectorAll("article pre")].filter(pre => pre.checkVisibility());
  const found = blocks.map(pre => {
    const style = getComputedStyle(pre);
    const probe = pre.appendChild(document.createElement("span"));
    probe.textContent = "0".repeat(20);
    const letter = probe.getBoundingClientRect().width / 20;
    probe.remove();
    const room = pre.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const lines = pre.textContent.split("\\n");
    const broken = style.whiteSpace.startsWith("pre-wrap") ? lines.filter(
      line => line.length * letter > room + 1 && / {2,}\\S/.test(line.trim())) : [];
    const hidden = pre.scrollWidth - pre.clientWidth;
    const longest = lines.reduce((one, other) => other.length > one.length ? other : one);
    return {
      cut: hidden > 0 ? `${hidden} pixels are hidden of: ${longest}` : "",
      broken: broken.length ? `a row no longer stands on one line: ${broken[0]}` : "",
      outside: pre.getBoundingClientRect().right > document.documentElement.clientWidth
        || (hidden > 0 && style.overflowX !== "auto") ? `no box holds: ${longest}` : "",
    };
  });
  folded.forEach(details => details.open = false);
  return found;
}"""


def complaints(page, *kinds):
    """Returns what is wrong with the blocks of a page at its present width, in sentences."""
    return [block[kind] for block in page.evaluate(MEASURE) for kind in kinds if block[kind]]
