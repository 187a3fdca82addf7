"""Our runs of an experiment beside what others published of it.

Two questions, two tables: which number did each algorithm reach, ours and theirs; and does our
paired interval over seeds say of two algorithms what a publication says. An ordering that we do not
find stays in the table.
"""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ravine.results import published
from ravine.results.statistics import MARGIN, digits, half_width, paired_difference

# The column of our runs that a published metric is compared with.
COLUMNS = {
    "loss": "loss",
    "lowest loss": "loss",
    "training perplexity": "loss",
    "validation perplexity": "valid_loss",
    "test perplexity": "eval_loss",
    "lowest test perplexity": "eval_loss",
    "test loss": "eval_loss",
}
# "Level" with a published curve means closer than its reading can tell, ±10 %.
LEVEL = float(np.log(1.1))
JUDGED = ("claim", "ours", "interval", "reason", "epochs")  # columns of `judged`
WORDS = {"below": "below", "level": "level with", "not above": "not above"}


class Comparison(NamedTuple):
    """Our runs beside the published ones: what `values` and `orderings` return."""

    values: pd.DataFrame
    orderings: pd.DataFrame


def compare(
    experiment: str, frame: pd.DataFrame, root: Path | None = None, claims: int | None = None
) -> Comparison:
    """Lay our runs of an experiment beside the published tables.

    Args:
        experiment: name of the experiment.
        frame: our runs, as `training.compare` returns them.
        root: directory of the published tables, see `published.load`.
        claims: see `orderings`.

    Raises:
        PublishedError: if nothing is published of the experiment, or if a table is damaged.
    """
    return Comparison(
        values(frame, published.load(experiment, root)),
        orderings(frame, published.orderings(experiment, root), claims),
    )


def values(frame: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Put each published number beside ours.

    Args:
        frame: our runs, as `training.compare` returns them.
        table: published numbers, as `published.load` returns them.

    Returns:
        One row per published number, and one with the training loss for every optimizer of ours
        whose loss nobody published. The columns are

        - optimizer, metric;
        - ours: geometric mean over our seeds, at the published epoch or, in a shorter run, at our
          last one. Infinite if a run diverged, except for the metrics that are the lowest of all
          epochs or seconds. Not a number if we have none;
        - low, high: its 95 % interval, Student's t over the seeds in ln; not a number for one seed
          or a diverged run;
        - runs, diverged: how many;
        - epochs: how long ours were when the number was taken;
        - published, published_epochs, source, figure, precision, setting: as published.
    """
    theirs = table.drop(columns="experiment").rename(
        columns={"value": "published", "epoch": "published_epochs"}
    )
    known = set(theirs["optimizer"][theirs["metric"] == "loss"])
    rest = [name for name in frame["optimizer"].unique() if name not in known]
    unpublished = pd.DataFrame({"optimizer": rest, "metric": "loss"}, dtype=object)
    theirs = theirs.merge(unpublished, how="outer")
    names = ["ours", "low", "high", "runs", "diverged", "epochs"]
    ours = [
        _ours(frame, row.optimizer, row.metric, row.published_epochs) for row in theirs.itertuples()
    ]
    both = pd.concat([pd.DataFrame(ours, columns=names), theirs], axis=1)
    both["rank"] = both["metric"].map(published.METRICS.index)
    both = both.sort_values(["rank", "ours", "published"], kind="stable", ignore_index=True)
    last = ["published", "published_epochs", "source", "figure", "precision", "setting"]
    return both[["optimizer", "metric", *names, *last]]


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """Return what `values` returned as text, one row per number of ours.

    Returns:
        The columns metric, optimizer, ours, interval (or why there is none), epochs, and for each
        publication one, such as "paper, Fig. 2a, epoch 200". What is missing is empty.
    """
    rows = []
    numbers = table.groupby(["metric", "optimizer", "epochs"], sort=False, dropna=False)
    for (metric, optimizer, epochs), group in numbers:
        ours, interval = _number(group.iloc[0])
        row = {"metric": metric, "optimizer": optimizer, "ours": ours, "interval": interval}
        row["epochs"] = f"{epochs:g}" if group["runs"].iloc[0] else ""
        for each in group.dropna(subset="published").itertuples():
            where = f"{each.figure}, epoch {each.published_epochs:g}"
            row[f"{published.SHORT_NAMES[str(each.source)]}, {where}"] = f"{each.published:.3g}"
        rows.append(row)
    return pd.DataFrame(rows).fillna("")


def orderings(frame: pd.DataFrame, table: pd.DataFrame, claims: int | None = None) -> pd.DataFrame:
    """Judge the published orderings, and our own ranking, by our paired intervals.

    Args:
        frame: our runs, as `training.compare` returns them.
        table: published orderings, as `published.orderings` returns them.
        claims: how many pairs are judged side by side if there are more than those of the table.

    Returns:
        One row per published ordering, then one per pair that stands side by side in our ranking
        by the training loss and that nobody published. The columns are

        - lower, relation, higher, metric: the claim, "the loss of lower is below that of higher";
        - verdict: "yes" if our interval supports the claim, "no" if it contradicts it, otherwise
          "no claim". "Below" is supported by an interval below -`MARGIN`, "level" by one within
          ±ln 1.1, "not above" by one below ln 1.1;
        - low, high: the interval of ln(loss of lower) - ln(loss of higher), see
          `results.paired_difference`; not a number if there is none. All intervals of the table
          hold together with 95 %;
        - reason: why there is no interval, otherwise empty;
        - epochs: how long our runs were when they were compared: as long as the published ones or,
          if shorter, to our last epoch;
        - published_epochs, source, figure: as published, empty for our own ranking.
    """
    theirs = table.rename(columns={"epoch": "published_epochs"}).to_dict("records")
    taken = [{claim["lower"], claim["higher"]} for claim in theirs if claim["metric"] == "loss"]
    ours: list[dict] = [
        {"lower": a, "relation": "below", "higher": b, "metric": "loss"}
        for a, b in pairwise(_ranking(frame))
        if {a, b} not in taken
    ]
    made = [*theirs, *ours]
    ran = set(frame["optimizer"])
    pairs = {
        (frozenset((claim["lower"], claim["higher"])), claim["metric"])
        for claim in made
        if {claim["lower"], claim["higher"]} <= ran
    }
    rows = [claim | _judgement(frame, claim, claims or len(pairs)) for claim in made]
    claim = ["lower", "relation", "higher", "metric"]
    judgement = ["verdict", "low", "high", "reason", "epochs"]
    return pd.DataFrame(rows, columns=[*claim, *judgement, "published_epochs", "source", "figure"])


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """Return what `orderings` returned as text, one row per pair of algorithms.

    Returns:
        The columns claim, ours (our verdict), interval and reason (one of them is empty), epochs,
        such as "10 of 200", and for each source one: "yes", or what it claims instead.
    """
    pairs: dict[tuple, list] = {}
    for row in table.itertuples():
        pairs.setdefault((frozenset((row.lower, row.higher)), row.metric), []).append(row)
    found = []
    for first, *others in pairs.values():
        claim = _claim(first)
        of = f" of {first.published_epochs:g}" if first.published_epochs > first.epochs else ""
        interval = "" if first.reason else f"[{first.low:.2g}, {first.high:.2g}]"
        length = f"{first.epochs:g}{of}" if first.epochs > 0 else ""
        entries = claim, first.verdict, interval, first.reason, length
        text = dict(zip(JUDGED, entries, strict=True))
        for row in (first, *others):
            if isinstance(row.source, str):
                said = "yes" if _claim(row) == claim else _claim(row)
                text[published.SHORT_NAMES[row.source]] = said
        found.append(text)
    return pd.DataFrame(found).fillna("")


def sentences(table: pd.DataFrame) -> list[str]:
    """Return what `orderings` returned in words, one sentence per pair of algorithms.

    Such as "Adam below AdaGrad: paper yes, ours yes [-0.31, -0.22] after 10 of 200 epochs".
    """
    found = []
    for row in judged(table).to_dict("records"):
        said = [f"{key} {text}, " for key, text in row.items() if key not in JUDGED and text]
        why = f", {row['reason']}" if row["reason"] else f" {row['interval']}"
        length = f" after {row['epochs']} epochs" if row["epochs"] else ""
        found.append(f"{row['claim']}: {''.join(said)}ours {row['ours']}{why}{length}")
    return found


def _claim(row):
    on = "" if row.metric == "loss" else f" in {row.metric}"
    return f"{row.lower} {WORDS[row.relation]} {row.higher}{on}"


def _judgement(frame, claim, claims):
    """Return the verdict on one of so many claims, the interval behind it or why there is none."""
    a, b = claim["lower"], claim["higher"]
    judgement = {"verdict": "no claim", "low": np.nan, "high": np.nan, "epochs": np.nan}
    for name in (a, b):
        if not (frame["optimizer"] == name).any():
            return judgement | {"reason": f"{name} was not run"}
    frame = _cut(frame[frame["optimizer"].isin([a, b])], claim.get("published_epochs", np.nan))
    column = COLUMNS[claim["metric"]]
    last = frame[frame["epoch"] == frame["epoch"].max()]
    losses = last.pivot(index="seed", columns="optimizer", values=column)[[a, b]]
    judgement["epochs"] = frame["epoch"].max()
    for name in (a, b):
        if diverged := np.isinf(losses[name]).sum():
            of = losses[name].count()
            return judgement | {"reason": f"{name} diverged in {diverged} of {of} runs"}
    common = losses.dropna()
    if common.empty:
        return judgement | {"reason": "no common seed"}
    if len(common) < 2:
        ratio = common[a].item() / common[b].item()
        return judgement | {"reason": f"one seed, {a} {ratio:.2g} times {b}"}
    found = paired_difference(frame, a, b, column=column, claims=claims)
    verdict = _verdict(claim["relation"], found.low, found.high)
    return judgement | {"verdict": verdict, "low": found.low, "high": found.high, "reason": ""}


def _verdict(relation, low, high):
    """Tell whether an interval of a - b supports "a is <relation> b"."""
    bound = -MARGIN if relation == "below" else LEVEL
    supported, contradicted = high < bound, low > bound
    if relation == "level":
        supported &= low > -bound
        contradicted |= high < -bound
    return "yes" if supported else "no" if contradicted else "no claim"


def _ranking(frame):
    """Return the optimizers by their last training loss that all have, the lowest first."""
    last = _cut(frame)
    last = last[last["epoch"] == last["epoch"].max()]
    # a run that diverged puts its optimizer last
    means = last.groupby("optimizer")["loss"].agg(lambda losses: np.log(losses).mean())
    return means.sort_values().index


def _cut(frame, epochs=np.nan):
    """Return the rows of training up to the last epoch that all runs have, or to `epochs`."""
    last = frame.groupby(["optimizer", "seed"])["epoch"].max().min()
    if epochs < last:  # no published length (NaN) is not
        last = epochs
    return frame[(frame["epoch"] > 0) & (frame["epoch"] <= last)]


def _ours(frame, optimizer, metric, epochs):
    """Return our mean, its interval, the numbers of runs and of diverged ones, and the epochs."""
    frame = frame[frame["optimizer"] == optimizer]
    if frame.empty:
        return np.nan, np.nan, np.nan, 0, 0, np.nan
    frame = _cut(frame, epochs)
    runs = [run.sort_values("epoch") for _, run in frame.groupby("seed")]
    diverged = sum(bool(np.isinf(run["loss"].iloc[-1])) for run in runs)
    logs = np.array([_log_of(metric, run) for run in runs])
    half = half_width(logs) if len(logs) > 1 and np.isfinite(logs).all() else np.nan
    mean = logs.mean()
    with np.errstate(over="ignore"):  # the perplexity of a run about to diverge is infinite
        interval = np.exp([mean, mean - half, mean + half])
    return *interval, len(runs), diverged, frame["epoch"].max()


def _log_of(metric, run):
    """Return ln(metric) of one run."""
    if metric == "seconds per epoch":
        trained = run.dropna(subset="seconds")  # diverged epochs took none
        return np.log(trained.groupby(np.ceil(trained["epoch"]))["seconds"].sum().median())
    # only data sets with a third part have valid_loss, and only whole epochs are evaluated
    known = run[COLUMNS[metric]].dropna() if COLUMNS[metric] in run else run["loss"][:0]
    if known.empty:
        return np.nan
    value = known.min() if metric.startswith("lowest") else known.iloc[-1]
    return value if metric.endswith("perplexity") else np.log(value)


def _number(row):
    """Return our number, and its interval or why it has none, in words."""
    if not row["runs"]:
        return "not run", ""
    number = digits(row["ours"]) if np.isfinite(row["ours"]) else "no number"
    if row["diverged"]:
        return number, f"{row['diverged']} of {row['runs']} diverged"
    interval = f"[{digits(row['low'])}, {digits(row['high'])}]" if np.isfinite(row["low"]) else ""
    return number, "one seed" if row["runs"] == 1 else interval
