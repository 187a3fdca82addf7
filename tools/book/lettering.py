"""What is written on a figure: its texts, their smallest size, and where one hides another."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import BboxBase


def texts(figure: Figure) -> list[Text]:
    """Returns the texts that are seen, once the figure is drawn."""
    hidden = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis, *([ax.zaxis] if hasattr(ax, "zaxis") else [])):
            shown = ax.axison and ax.get_visible() and axis.get_visible()
            low, high = sorted(axis.get_view_interval())
            edge = 1e-9 * (high - low)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not shown or not low - edge <= tick.get_loc() <= high + edge:
                    hidden.update([tick.label1, tick.label2])
            if not shown:
                hidden.update([axis.label, axis.offsetText])
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden
    ]


def smallest(figure: Figure) -> float:
    """Returns the size of the smallest lettering of a figure that is drawn, in points."""
    return min((float(text.get_fontsize()) for text in texts(figure)), default=np.inf)


def collisions(figure: Figure) -> list[str]:
    """Returns which texts of a drawn figure lie on each other, under a legend or off its edges."""
    legends = [
        (legend.get_window_extent(), set(legend.findobj(Text)))
        for legend in filter(Legend.get_visible, figure.findobj(Legend))
    ]
    boxes = [(text, text.get_text(), text.get_window_extent()) for text in texts(figure)]
    found = []
    for place, (text, words, box) in enumerate(boxes):
        if box.x0 < -2 or box.x1 > figure.bbox.x1 + 2:
            found.append(f"{words!r} leaves the figure")
        after = boxes[place + 1 :]
        found += [f"{words!r} lies on {others!r}" for _, others, other in after if meet(box, other)]
        if any(text not in own and meet(frame, box) for frame, own in legends):
            found.append(f"{words!r} lies under a legend")
    return found


def meet(one: BboxBase, other: BboxBase) -> bool:
    """Says whether two boxes share more than a margin."""
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > 1 and down > min(one.height, other.height) / 4
