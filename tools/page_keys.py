"""What an executed notebook depends on, and what the whole site does; and which executed notebooks are out of date."""

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from jupyter_cache import get_cache

from tools.imports import ROOT, needs

CACHE = ROOT / "_build" / ".jupyter_cache"
LOCK = "requirements.txt"
SITE = (LOCK, "_config.yml", "_toc.yml", "transformer_edu", "transformer_edu_course", "tools")
SITE += ("book", "exercises", "assignments", "benchmarks")
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


def fingerprint(paths: Iterable[Path], *, root: Path = ROOT, also: str = "") -> str:
    """Return the SHA-256 of these files, and of all files in these folders, with their names."""
    digest = hashlib.sha256(also.encode())
    for top in paths:
        for path in sorted(top.rglob("*") if top.is_dir() else [top]):
            if path.is_file() and not LEFT_OUT & set(path.parts):
                digest.update(path.relative_to(root).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def notebook_key(notebook: Path, student: Path | None = None, root: Path = ROOT) -> str:
    """Return what an executed notebook depends on besides its own code: what it imports and reads, lock, Python.

    student: the notebook whose exercises the build puts into the page.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    exercises = [student, *needs(student, root)] if student else []
    return fingerprint([*needs(notebook, root), *exercises, root / LOCK], root=root, also=python)[:16]


def site_key(root: Path = ROOT) -> str:
    """Return what the whole site depends on. Sphinx alone would miss settings, extensions and removed anchors."""
    return fingerprint((root / name for name in SITE), root=root, also=sys.version)[:32]


def forget_changed(notebooks: dict[Path, Path | None], cache: Path = CACHE, root: Path = ROOT) -> None:
    """Remove executed notebooks that were made with other files than those of today (page: its exercises, if any).

    jupyter-cache compares the notebooks' own code. It does not see that a module which they import has changed.
    """
    keys = {str(path): notebook_key(path, student, root) for path, student in notebooks.items()}
    known = cache / "keys.json"
    before = json.loads(known.read_text(encoding="utf-8")) if known.is_file() else {}
    store = get_cache(cache)
    for record in store.list_cache_records():
        if record.uri not in keys or before.get(record.uri) != keys[record.uri]:
            store.remove_cache(record.pk)
    known.write_text(json.dumps(keys, indent=1), encoding="utf-8")
