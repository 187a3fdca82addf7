"""Take in what another recorder has recorded, on another machine or for somebody else."""

from pathlib import Path

from ravine.experiments import ledger, plan
from ravine.experiments.ledger import RefusedError
from ravine.experiments.recorder import provenance_of
from ravine.experiments.runs import find
from ravine.results import Record, records


def add(directory: Path, root: Path) -> list[Path]:
    """Take in the records of another recorder, all or none.

    Args:
        directory: as `root` is: `<experiment>/<size>/` for each record.
        root: directory of the records that they are added to.

    Returns:
        The directories that were added to.

    Raises:
        RecordError: if a record is damaged, does not fit the settings of this code, or does not fit
            the record that it would be added to.
        WriteError: if the disk is full or the directory cannot be written.
    """
    found = sorted(directory.glob(f"*/*/{records.PROVENANCE}"))
    if not found:
        raise RefusedError(
            f"{directory} holds no records: name a folder with <experiment>/<size>/"
            f"{records.PROVENANCE} in it."
        )
    parts = []
    for path in found:
        part = records.load(path.parts[-3], path.parts[-2], directory)
        try:
            reason = _foreign(part, path.parts[-3], path.parts[-2])
        except (KeyError, TypeError, AttributeError) as error:
            reason = f"its {records.PROVENANCE} is not as `ravine record` writes it ({error!r})"
        if reason:
            raise RefusedError(f"{path.parent} cannot be added, {reason}: nothing was changed.")
        ledger.check(root, part.provenance)
        parts.append(part)
    for part in parts:
        setting = find(part.provenance["experiment"]).full
        ledger.merge(root, part, list(setting.optimizers))
    return [root / path.parts[-3] / path.parts[-2] for path in found]


def _foreign(part: Record, experiment: str, size: str) -> str | None:
    """Return why a record is none that the recorder would make with this code, or None."""
    provenance = part.provenance
    if "units" not in provenance:
        return "`ravine record` did not make it"
    if (provenance["experiment"], provenance["size"]) != (experiment, size):
        return f"it says of itself that it is {provenance['experiment']}, {provenance['size']}"
    planned = {
        (unit.optimizer, unit.rate, unit.seed): unit
        for unit in plan.units()
        if (unit.experiment, unit.size) == (experiment, size)
    }
    rows = {unit: len(table) for unit, table in ledger.by_unit(part.frame).items()}
    if set(rows) != {ledger.key(unit) for unit in provenance["units"]}:
        return "its table has other runs than its provenance names"
    for unit, count in rows.items():
        if unit not in planned:
            return f"{unit[0]} with seed {unit[2]} is not in the plan"
        setting = find(experiment).full
        ours = provenance_of(
            planned[unit], find(experiment), provenance["dataset"], provenance["environment"]
        )
        reason = ledger.misfit(ours, provenance)
        if reason:
            return f"it has {reason}"
        if count != planned[unit].epochs * setting.points + 1:
            return f"{unit[0]} with seed {unit[2]} has {count} rows"
    return None
