"""Where Colab finds the book's notebooks, and the cell that leads from a chapter to the notebook with its exercises.

The build of the site puts the exercises themselves in the place of that cell. `tools/write_lists.py` and
`transformer-edu exercises build` write it, both from `repository` in `_config.yml`.
"""

import re
from pathlib import Path

import yaml

COLAB = "https://colab.research.google.com"
GITHUB = re.compile(r"https://github\.com/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?")
TEXT = "## Exercises\n\nThe exercises of this chapter are a notebook of their own, to work in and to hand in: {links}."


def colab_address(repository: str, branch: str, path: str, *, colab: str = COLAB) -> str | None:
    """Write the address that opens a file of a GitHub repository in Colab; None while the owner is not known.

    `OWNER` stands in the address until someone publishes the book: a button would open a stranger's notebook.
    """
    found = GITHUB.fullmatch(repository)
    if not colab or not found or found["owner"] == "OWNER":
        return None
    return f"{colab.rstrip('/')}/github/{found['owner']}/{found['name']}/blob/{branch}/{path}"


def exercises_cell(chapter: str, page: Path, root: Path) -> dict:
    """Write the cell that leads from a page to a chapter's exercises.

    In Colab a link to a file of the repository leads nowhere, in Jupyter it opens the notebook: there are both.
    """
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    repository, path = settings.get("repository") or {}, f"assignments/{chapter}.ipynb"
    colab = (settings.get("launch_buttons") or {}).get("colab_url", COLAB)
    address = colab_address(repository.get("url", ""), repository.get("branch") or "main", path, colab=colab)
    here = f"[{path}]({'../' * len(page.relative_to(root).parent.parts)}{path})"
    text = TEXT.format(links=f"[open it in Colab]({address}), or {here}" if address else here)
    metadata = {"tags": ["exercise"]}
    return {
        "cell_type": "markdown",
        "id": f"exercise-{chapter}",
        "metadata": metadata,
        "source": text.splitlines(keepends=True),
    }


def lead_to_exercises(notebook: dict, chapter: str, page: Path, root: Path, *, new: bool = False) -> bool:
    """Put that cell in the place of a notebook's exercises, in place; return whether anything changed.

    A notebook without exercises gets the cell at its end if the cell is `new` there, or else stays without.
    """
    cells = notebook["cells"]
    old = [place for place, cell in enumerate(cells) if cell.get("id", "").startswith("exercise-")]
    if not old and not new:
        return False
    place = old[0] if old else len(cells)
    kept = [cell for cell in cells[place:] if not cell.get("id", "").startswith("exercise-")]
    notebook["cells"] = [*cells[:place], exercises_cell(chapter, page, root), *kept]
    return notebook["cells"] != cells
