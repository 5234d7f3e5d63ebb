"""Run a study: every setting with every seed, with a progress bar, and again from where it stopped."""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from transformer_edu.studies.committed import FOLDER
from transformer_edu.studies.point import Answer, Point, text_of, write
from transformer_edu.studies.workers import answers


def measure_all(
    name: str,
    run: Callable[..., dict[str, Any]],
    *,
    settings: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    unfinished: Path,
    folder: Path = FOLDER,
    jobs: int = 1,
    dask: str | None = None,
) -> Path:
    """Call `run(**setting, seed=seed)` for every setting and seed; write all answers to `{name}.json`.

    An answer is plain JSON; under the name "weights" it may hand up trained networks besides, {name: {name: tensor}},
    which become `{name}.safetensors`. Points run here one after the other, in `jobs` processes, or on a Dask cluster.
    Each finished one is kept in a file of the folder `unfinished` until all are there, so that a stopped study goes on
    where it was. The folder's name ends in a hash of the file that defines `run`: a changed study starts afresh. What
    that file imports is not looked at: after a change there, delete the folder. Beside the answers stand the devices,
    torch's version, threads (one), seeds and the commit.

    Raises: ValueError if two settings are written alike, or two seeds, or jobs < 1; RuntimeError that names the points
    that failed, when all others are kept; SystemExit, with a word on how to go on, when it is interrupted.
    """
    settings = [dict(setting) for setting in settings]
    if len({str(Point(dict(sorted(setting.items())), 0)) for setting in settings}) < len(settings):
        raise ValueError(f"measure_all needs settings that differ (each is one row), got settings={settings}.")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"measure_all needs seeds that differ (each is one row), got seeds={list(seeds)}.")
    if jobs < 1:
        raise ValueError(f"measure_all needs jobs >= 1 (they are processes), got jobs={jobs}.")
    points = [Point(setting, seed) for setting, seed in product(settings, seeds)]
    kept = unfinished / f"{name}-{text_of(run)}"
    missing = [point for point in points if not point.file(kept).exists()]
    failed: list[str] = []
    try:
        with (
            closing(answers(run, missing, jobs=jobs, dask=dask)) as coming,
            tqdm(total=len(points), initial=len(points) - len(missing), desc=name) as bar,
        ):
            for point, answer in coming:
                bar.update()
                if isinstance(answer, Answer):
                    answer.keep(point.file(kept))
                else:
                    failed.append(f"{point}: {type(answer).__name__}: {answer}")
                    cause = answer
    except KeyboardInterrupt:
        there = sum(point.file(kept).exists() for point in points)
        raise SystemExit(f"\nStopped with {there} runs kept in {kept}. The same command goes on.") from None
    if failed:
        told = "\n  ".join(failed)
        raise RuntimeError(
            f"{len(failed)} of {len(points)} runs of {name} failed. The others are kept in {kept}, and the same "
            f"command runs these again:\n  {told}"
        ) from cause
    return _committed(name, [point.file(kept) for point in points], seeds, folder)


def _committed(name: str, files: Sequence[Path], seeds: Sequence[int], folder: Path) -> Path:
    """Write what the files of all points hold into one, and lay the weights beside it."""
    read = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    made = {key: _told_once([one["made"][key] for one in read]) for key in (read[0]["made"] if read else ())}
    rows = ",\n  ".join(json.dumps(one["answer"]) for one in read)
    text = json.dumps({**made, "seeds": list(seeds), "commit": _commit()}, indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        for weights in (path for path in file.with_suffix("").glob("*.safetensors") if path.is_file()):
            write(folder / weights.name, weights.read_bytes())
    result = folder / f"{name}.json"
    write(result, f'{{"made": {text},\n"runs": [\n  {rows}\n]}}\n'.encode())
    return result


def _told_once(values: Sequence[Any]) -> Any:
    """Return what all points say, or all that different ones say."""
    different = list(dict.fromkeys(values))
    return different[0] if len(different) == 1 else "; ".join(map(str, different))


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False, cwd=Path(__file__).parent).stdout.strip()
