"""The command `transformer-edu`: build the exercises of a course, grade what students hand in, export the grades."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from transformer_edu_course import INSTALL

# Each command is a module with add_arguments(parser) and run(options). Only the one that is asked for is loaded.
COMMANDS = {
    "exercises build": ("transformer_edu_course.building.command", "build exercises from their source notebooks"),
    "grade": ("transformer_edu_course.grading.command", "grade a folder of submissions"),
    "export": ("transformer_edu_course.grading.export", "write grades for a learning platform"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the command line names, and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name = next((name for name in COMMANDS if given[: len(name.split())] == name.split()), None)
    if name is None:
        return _overview(given)
    module = _load(name)
    if module is None:
        return 2
    parser = argparse.ArgumentParser(prog=f"transformer-edu {name}")
    module.add_arguments(parser)
    try:
        return module.run(parser.parse_args(given[len(name.split()) :]))
    except KeyboardInterrupt:
        print("Interrupted. The same command goes on.", file=sys.stderr)
        return 130


def _overview(given: list[str]) -> int:
    """Say which commands there are: to whoever asks for help, and to whoever names another."""
    lines = [f"  transformer-edu {name:<16} {about}" for name, (_, about) in COMMANDS.items()]
    asked = given in (["--help"], ["-h"])
    if not asked:
        what = f"no command {' '.join(given[:2])!r}" if given else "a command is missing"
        print(f"transformer-edu: {what}. The commands are {', '.join(COMMANDS)}; add --help to one.", file=sys.stderr)
        return 2
    print("usage: transformer-edu COMMAND ...", *lines, "Add --help to a command to read about it.", sep="\n")
    return 0


def _load(name: str) -> ModuleType | None:
    """Load the module of a command; say so where this installation does not have it."""
    module, _ = COMMANDS[name]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            cure = f"{error.name} is not installed ({INSTALL})"
        else:
            cure = "this version of transformer_edu does not have it"
        print(f"transformer-edu {name} cannot run: {cure}.", file=sys.stderr)
        return None


if __name__ == "__main__":
    sys.exit(main())
