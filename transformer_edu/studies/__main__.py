"""Run a study, or list those that there are: `python -m transformer_edu.studies [NAME]`."""

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from transformer_edu import studies
from transformer_edu.studies.committed import FOLDER
from transformer_edu.studies.runs import measure_all

UNFINISHED = Path("_build") / "studies"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command, then measure."""
    asked = _parser().parse_args(arguments)
    if asked.name is None:
        print(listed(), end="")
        return
    study = _study(asked.name)
    if asked.out == FOLDER and asked.seeds is not None and tuple(asked.seeds) != tuple(study.SEEDS):
        raise SystemExit(f"Other seeds than {study.SEEDS} would overwrite the book's results. Say where with --out.")
    try:
        place = measure_all(
            asked.name,
            study.run,
            settings=study.SETTINGS,
            seeds=study.SEEDS if asked.seeds is None else asked.seeds,
            unfinished=UNFINISHED.resolve(),
            folder=asked.out,
            jobs=asked.jobs,
            dask=asked.dask,
        )
    except ConnectionError as error:
        raise SystemExit(str(error)) from None
    print(f"Written: {place}")


def names() -> list[str]:
    """Find the studies: the modules of this folder that have settings."""
    folder = Path(studies.__file__).parent
    return sorted(
        module.name
        for module in iter_modules([str(folder)])
        if "\nSETTINGS" in (folder / f"{module.name}.py").read_text(encoding="utf-8")
    )


def listed() -> str:
    """List the studies with their questions."""
    width = max(map(len, names()), default=0)
    return "".join(f"{name:{width}}  {_study(name).__doc__.splitlines()[0]}\n" for name in names())


def _study(name: str) -> ModuleType:
    if name not in names():
        near = get_close_matches(name, names(), 1)
        told = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names())}."
        raise SystemExit(f"There is no study {name!r}; {told}")
    return import_module(f"transformer_edu.studies.{name}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m transformer_edu.studies", description=__doc__)
    parser.add_argument("name", nargs="?", metavar="NAME", help="a study; without one, they are listed")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes on this machine (1)")
    parser.add_argument("--dask", metavar="ADDRESS", help="a Dask scheduler, such as tcp://10.0.0.1:8786")
    parser.add_argument("--seeds", type=int, nargs="+", metavar="SEED", help="other seeds than the study's own")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER", help="where the results go (the book's)")
    return parser


if __name__ == "__main__":
    main()
