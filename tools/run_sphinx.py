"""Run Jupyter Book's Sphinx on the book: `python tools/run_sphinx.py TOC OUTPUT JOBS`. `tools/build_book.py` calls it.

Jupyter Book's own command reads one page after another, and executes its notebook meanwhile. Here JOBS pages are read
at a time, each in a process of its own; Sphinx's own shares would give all chapters, neighbors, to one of them.
"""

import sys
from pathlib import Path

import sphinx.builders
from jupyter_book.sphinx import build_sphinx

ROOT = Path(__file__).resolve().parent.parent


def one_by_one(pages, *_):
    """Share pages out one by one, to whichever process is free."""
    return [[page] for page in pages]


def main(toc: str, output: str, jobs: str) -> int:
    sphinx.builders.make_chunks = one_by_one
    result = build_sphinx(
        ROOT / "book", Path(output), noconfig=True, path_config=str(ROOT / "_config.yml"),
        confoverrides={"external_toc_path": toc, "latex_individualpages": False, "nitpicky": True},
        warningiserror=True, keep_going=True, jobs=int(jobs),
    )  # fmt: skip
    return 1 if isinstance(result, BaseException) else result


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
