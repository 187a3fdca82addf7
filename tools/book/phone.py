"""Lays a figure out again for a phone: narrow, its panels below each other, its lettering as large.

On a screen of 390 pixels a figure of 8.4 inches shrinks to two fifths, and its lettering to 5
pixels. So each figure is drawn a second time: 4.2 inches wide, with as many panels beside each
other as keep about their width.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.legend import Legend
from matplotlib.text import Text

from tools.book.lettering import texts

WIDTH = 4.2  # inches: 9 points are then 9 CSS pixels even on a screen of 360
SMALLEST = 9.0  # points
LEAST = 0.8  # of its width that a panel keeps beside another one
LOWER = 0.85  # of its height that a panel keeps when it becomes narrower
COVERED = 0.3  # of its panel that a legend may cover
LETTERS = 28  # on a line of a long name beside an axis
LINE = 0.15  # inches
AXIS = 0.6  # inches, for the numbers and the label below it


@dataclass
class Panel:
    """The axes that share a place in the grid of a figure; width and height in inches."""

    axes: list[Axes]
    row: int
    column: int
    span: int
    columns: int
    width: float
    height: float


def panels_of(figure: Figure) -> list[Panel]:
    """Returns the panels, row by row; axes without a place in a grid belong to another one."""
    width, height = figure.get_size_inches()
    found: dict[tuple[int, int], Panel] = {}
    for ax in figure.axes:
        place = ax.get_subplotspec()
        if place is None:
            continue
        grid, rows, columns = place.get_gridspec(), place.rowspan, place.colspan
        shares = []
        for given, span in (
            (grid.get_width_ratios(), columns),
            (grid.get_height_ratios(), rows),
        ):
            ratios = np.asarray(given, float)
            shares.append(float(ratios[span.start : span.stop].sum() / ratios.sum()))
        sizes = width * shares[0], height * shares[1]
        panel = Panel([], rows.start, columns.start, len(columns), grid.ncols, *sizes)
        found.setdefault((rows.start, columns.start), panel).axes.append(ax)
    return [found[key] for key in sorted(found)]


def is_picture(panel: Panel) -> bool:
    """Says whether a panel has no numbers at its axes, as an image has none."""
    return not any(
        label.get_text()
        for ax in panel.axes
        if ax.axison
        for label in (*ax.get_xticklabels(), *ax.get_yticklabels())
    )


def titled_by_column(panels: list[Panel]) -> bool:
    """Says whether the titles of the panels are those of columns."""

    def titled(panel):
        return any(ax.get_title(loc) for ax in panel.axes for loc in ("left", "center"))

    top = {panel.row for panel in panels if titled(panel)} == {0}
    return top and not all(map(titled, panels))


def in_rows(panels: list[Panel], columns: int) -> list[list[tuple[Panel, slice]]]:
    """Fills rows of so many columns: each panel, and the columns that it takes."""
    rows: list[list[tuple[Panel, slice]]] = [[]]
    end = 0
    for panel in panels:
        span = min(panel.span, columns)
        if end + span > columns:
            rows.append([])
            end = 0
        rows[-1].append((panel, slice(end, end + span)))
        end += span
    return rows


def height_of(panel: Panel, width: float) -> float:
    """Returns how high a panel is that is now so wide, in inches."""
    if not any(ax.axison for ax in panel.axes):
        return panel.height  # a diagram, whose texts need their distances
    return panel.height * min(1.0, max(LOWER, width / panel.width))


def say_again(panels: list[Panel]) -> None:
    """Gives each panel the numbers and labels that it left to another one of its row or column."""
    for panel in panels:
        for ax in panel.axes:
            for axis, side, siblings, line in (
                ("yaxis", "labelleft", ax.get_shared_y_axes().get_siblings(ax), "row"),
                ("xaxis", "labelbottom", ax.get_shared_x_axes().get_siblings(ax), "column"),
            ):
                beside = [
                    getattr(other, axis)
                    for one in panels
                    if one is not panel and getattr(one, line) == getattr(panel, line)
                    for other in one.axes
                    if other in siblings
                ]
                if beside:
                    own = getattr(ax, axis)
                    own.set_tick_params(**{side: True})
                    words = [each.get_label_text() for each in (own, *beside)]
                    own.set_label_text(next(filter(None, words), ""))


def break_long_names(panel: Panel, width: float, height: float) -> float:
    """Breaks names that take too much of a panel's width; returns the height that they need."""
    for ax in panel.axes:
        labels = [label for label in ax.get_yticklabels() if label.get_text()]
        if max((label.get_window_extent().width for label in labels), default=0) < (
            0.4 * width * ax.figure.dpi
        ):
            continue
        names = [textwrap.fill(label.get_text(), LETTERS) for label in ax.get_yticklabels()]
        ax.set_yticks(ax.get_yticks(), labels=names)
        lines = [name.count("\n") + 1 for name in names]
        neighbours = zip(lines, [*lines[1:], 1], strict=True)
        height = max(height, AXIS + LINE * max(map(sum, neighbours)) / 2 * len(names))
    return height


def lay_out(figure: Figure) -> str:
    """Makes a figure narrow, and returns how panels follow that stood beside each other.

    They follow by "rows" or by "columns" of the wide figure; where all stand as before it is "".
    What is narrow already stays as it is.
    """
    width, height = figure.get_size_inches()
    panels = panels_of(figure)
    if width <= WIDTH or not panels:
        return ""
    stacked = ""
    figure.canvas.draw()  # until then ticks have no text
    if len(panels) > 1 and all(map(is_picture, panels)):
        figure.set_size_inches(WIDTH, height * WIDTH / width)
    else:
        stacked = stack(figure, panels)
    for text in texts(figure):
        text.set_fontsize(max(SMALLEST, float(text.get_fontsize())))
    for text in headings(figure):
        text.set_wrap(True)
    move_legends(figure)
    figure.canvas.draw()
    for panel in panels:
        for ax in panel.axes:
            loosen(figure, ax)
    return stacked


def loosen(figure: Figure, ax: Axes) -> None:
    """Breaks the names below an axis, or else leaves some numbers out, where they meet."""
    if hasattr(ax, "zaxis"):
        return
    for rule in ("break", "leave out"):
        seen = texts(figure)
        labels = [label for label in ax.get_xticklabels() if label in seen]
        words, end, met = {}, -np.inf, False
        for label in labels:
            box = label.get_window_extent()
            meets = box.x0 < end
            met, end = met or meets, end if meets else box.x1
            word = label.get_text().replace(" ", "\n")
            words[label.get_position()[0]] = "" if meets and rule == "leave out" else word
        if met:
            ax.set_xticks(list(words), list(words.values()))
            figure.canvas.draw()


def stack(figure: Figure, panels: list[Panel]) -> str:
    """Puts the panels into a grid with as many columns as fit; returns the order, see `lay_out`."""
    before = max(panel.columns for panel in panels)
    columns = min(before, max(1, int(before * WIDTH / figure.get_figwidth() / LEAST)))
    if len(panels) <= 3:
        columns = 1  # two of three would leave the third alone
    if columns < before:
        say_again(panels)
    by_column = titled_by_column(panels)
    if by_column:
        panels = sorted(panels, key=lambda panel: (panel.column, panel.row))
    rows = in_rows(panels, columns)
    heights = []
    for row in rows:
        wide = [(panel, (place.stop - place.start) * WIDTH / columns) for panel, place in row]
        heights.append(max(break_long_names(p, w, height_of(p, w)) for p, w in wide))
    grid = GridSpec(len(rows), columns, figure=figure, height_ratios=heights)
    for number, row in enumerate(rows):
        for panel, place in row:
            for ax in panel.axes:
                ax.set_subplotspec(grid[number, place])
    figure.set_size_inches(WIDTH, sum(heights))
    if columns == before:
        return ""
    return "columns" if by_column else "rows"


def headings(figure: Figure) -> Iterator[Text]:
    """Yields titles and labels of axes, which break where the figure ends."""
    for ax in figure.axes:
        titles = {ax.get_title(loc) for loc in ("left", "center")}
        for child in ax.get_children():
            if isinstance(child, Text) and child.get_text() in titles:
                yield child
        yield ax.xaxis.label
    yield from (text for text in figure.texts if text.get_text() == figure.get_suptitle())


def move_legends(figure: Figure) -> None:
    """Puts legends below the figure that no longer fit where they are."""
    for ax in figure.axes:
        if own := ax.get_legend():
            own.set_in_layout(False)  # one that does not fit would leave no room for anything
    figure.canvas.draw()
    for legend in list(figure.legends):
        if legend.get_window_extent().width > figure.bbox.width:
            put_below(figure, legend)
    for ax in figure.axes:
        if not (own := ax.get_legend()):
            continue
        box, room = own.get_window_extent(), ax.get_window_extent()
        fits = box.x0 >= room.x0 - 1 and box.x1 <= room.x1 + 1
        if not fits or box.width * box.height > COVERED * room.width * room.height:
            put_below(figure, own)


def put_below(figure: Figure, legend: Legend) -> None:
    """Replaces a legend by one below the figure, with as many columns as fit."""
    words = [text.get_text() for text in legend.get_texts()]
    title = legend.get_title().get_text() or None
    handles = [handle for handle in legend.legend_handles if handle is not None]
    height = figure.get_figheight()
    legend.remove()
    for columns in range(len(words), 0, -1):
        below = figure.legend(
            handles, words, loc="outside lower center", ncols=columns, title=title
        )
        box = below.get_window_extent()
        if box.width <= figure.bbox.width or columns == 1:
            break
        below.remove()
    figure.set_figheight(height + box.height / figure.dpi)
