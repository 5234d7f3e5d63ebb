"""Run an experiment: every setting with every seed, with a progress bar, and again from where it stopped."""

import hashlib
import inspect
import json
import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from transformer_edu.studies.committed import FOLDER


def measure_all(
    name: str,
    run: Callable[..., dict[str, Any]],
    *,
    settings: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    unfinished: Path,
    folder: Path = FOLDER,
) -> Path:
    """Call `run(**setting, seed=seed)` for every setting and seed; write all answers to `{name}.json`.

    Each finished run is kept in the folder `unfinished` until all are there, so that a stopped experiment goes on where
    it was. The folder's name ends in a hash of the file that defines `run`: a changed script starts afresh. What that
    file imports is not looked at: after a change there, delete the folder. Answers are plain JSON. Beside them stand
    the device, torch's version, threads, seeds and the commit.

    Raises: ValueError if two settings are alike; SystemExit, with a word on how to go on, when it is interrupted.
    """
    settings = [dict(setting) for setting in settings]
    if any(settings.count(setting) > 1 for setting in settings):
        raise ValueError(f"measure_all needs settings that differ (each is one row), got settings={settings}.")
    kept = unfinished / f"{name}-{_text_of(run)}"
    kept.mkdir(parents=True, exist_ok=True)
    answers = []
    for setting, seed in tqdm(list(product(settings, seeds)), desc=name):
        file = kept / f"{'_'.join(f'{key}={value}' for key, value in {**setting, 'seed': seed}.items())}.json"
        if not file.exists():
            try:
                answer = {**setting, "seed": seed, **run(**setting, seed=seed)}
            except KeyboardInterrupt:
                told = f"Stopped with {len(answers)} runs kept in {kept}. The same command goes on."
                raise SystemExit(f"\n{told}") from None
            _write(file, json.dumps(answer))
        answers.append(json.loads(file.read_text(encoding="utf-8")))
    rows = ",\n  ".join(json.dumps(answer) for answer in answers)
    folder.mkdir(parents=True, exist_ok=True)
    result = folder / f"{name}.json"
    _write(result, f'{{"made": {json.dumps(how_it_was_made(seeds), indent=1)},\n"runs": [\n  {rows}\n]}}\n')
    return result


def how_it_was_made(seeds: Sequence[int]) -> dict[str, Any]:
    """Say on what the numbers were measured."""
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    cuda = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name() if cuda else _processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "seeds": list(seeds),
        "commit": told.stdout.strip(),
    }


def _text_of(run: Callable[..., Any]) -> str:
    """Name the text of the file that defines a function, in eight characters: another text, another name."""
    file = inspect.getsourcefile(run if inspect.isfunction(run) else type(run))
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:8]


def _processor() -> str:
    """Name the processor, as the system does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def _write(file: Path, text: str) -> None:
    """Write by rename: a stopped run leaves no half file."""
    draft = file.with_name(file.name + ".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
