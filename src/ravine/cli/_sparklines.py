"""Curves in one line of text, for terminals: a character for each height."""

import math
from collections.abc import Sequence

import numpy as np

from ravine.cli._terminal import console

BARS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-:=+*#"  # where the encoding has no bars
DIVERGED, NOTHING = "x", " "
SHORTEST = 16  # characters of a line that has few values


def sparkline(values: Sequence[float], low: float, high: float, width: int) -> str:
    """Return a curve as a line of text, its heights on a logarithmic scale.

    Args:
        values: positive; infinite where a run diverged, not a number where there was none.
        low: what the lowest character stands for.
        high: what the highest one stands for.
        width: characters at most. Where there are more values, neighbours share one.
    """
    bars = BARS if _can_print(BARS) else PLAIN
    with np.errstate(divide="ignore"):
        logs = np.log(np.asarray(values, dtype=float))
    span = math.log(high / low) or 1.0
    text = ""
    for part in np.array_split(logs, min(len(logs), width)):
        known = part[~np.isnan(part)]
        if not len(known):
            text += NOTHING
        elif np.isposinf(known).any():
            text += DIVERGED
        else:
            share = (known.mean() - math.log(low)) / span
            text += bars[round(min(max(share, 0), 1) * (len(bars) - 1))]
    wider = max(1, min(SHORTEST, width) // len(text))
    return "".join(character * wider for character in text)


def _can_print(text):
    """Tell whether the encoding of stdout has these characters."""
    try:
        text.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
