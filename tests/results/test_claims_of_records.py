"""The book's claims on trained networks say what their records say."""

import numpy as np
import pandas as pd
import pytest

from ravine.files import data_directory
from ravine.results import Record, claims, paired_difference, records
from ravine.results.records import RecordError
from tools.book.notebooks import ROOT, read_notebook

CLAIMS = claims.judged()
COLUMNS = ["page", "task", "experiment", "size", "first", "says", "second", "column"]


def said(claim):
    return f"{claim.page}: {claim.first} {claim.says} {claim.second}, {claim.task}, {claim.column}"


@pytest.mark.parametrize("claim", [*CLAIMS.itertuples()], ids=said)
def test_a_claim_says_what_its_record_says(claim):
    assert claim.verdict == claim.says, (claim.low, claim.high)


@pytest.mark.parametrize("page", sorted(set(CLAIMS["page"])))
def test_the_page_of_a_claim_reads_its_record(page):
    code = "".join(cell.source for cell in read_notebook(ROOT / "book" / f"{page}.ipynb").cells)
    for claim in CLAIMS[CLAIMS["page"] == page].itertuples():
        assert f'"{claim.experiment}"' in code, said(claim)


def test_no_claim_is_made_twice():
    same = CLAIMS[["experiment", "size", "column"]].astype(str).agg(" ".join, axis=1)
    pairs = [frozenset(pair) for pair in zip(CLAIMS["first"], CLAIMS["second"], strict=True)]
    assert not pd.DataFrame({"same": same, "pair": pairs}).duplicated().any()


def write(root, rows, losses, size="full"):
    """Write a file of claims, and the record of one experiment with these final losses."""
    root.mkdir(exist_ok=True)
    pd.DataFrame(rows, columns=COLUMNS).to_csv(root / claims.FILE, index=False)
    fixed = {"epoch": 1, "eval_loss": 1.0, "accuracy": 0.5, "seconds": 1.0, "diverged": False}
    frame = pd.DataFrame(
        [
            {"optimizer": name, "seed": seed, "loss": loss} | fixed
            for name, values in losses.items()
            for seed, loss in enumerate(values)
        ]
    )
    records.save(Record(frame, {"experiment": "toy", "size": size}), root / "results")
    return frame


def test_claims_hold_together(tmp_path):
    row = ["a/page", "a toy", "toy", "full"]
    rows = [[*row, "A", "below", "B", "loss"], [*row, "A", "level", "B", "eval_loss"]]
    losses = {"A": [0.2, 0.3, 0.25], "B": [0.5, 0.7, 0.6]}
    frame = write(tmp_path, rows, losses)
    found = claims.judged(tmp_path)
    assert list(found.columns[:8]) == COLUMNS
    assert list(found["verdict"]) == ["below", "level"] and set(found["size"]) == {"full"}
    pair = paired_difference(frame, "A", "B", claims=2)
    np.testing.assert_allclose(found.loc[0, ["low", "high"]].astype(float), [pair.low, pair.high])
    assert found.loc[0, "seeds"] == 3


def test_a_claim_without_its_record(tmp_path):
    rows = [["a/page", "a toy", "toy", "quick", "A", "below", "B", "loss"]]
    write(tmp_path, rows, {"A": [0.2, 0.3], "C": [0.5, 0.7]})
    with pytest.raises(RecordError):
        claims.judged(tmp_path)
    write(tmp_path, rows, {"A": [0.2, 0.3], "C": [0.5, 0.7]}, size="quick")
    with pytest.raises(ValueError, match="no runs of 'B'"):
        claims.judged(tmp_path)


def test_the_file_has_the_columns():
    assert list(pd.read_csv(data_directory() / claims.FILE)) == COLUMNS
