"""Read the code cells of a submitted notebook, whatever state the file is in."""

import json
from typing import Any

LARGEST = 20 * 2**20  # bytes of a notebook; outputs with pictures count
LARGEST_CODE = 2**20  # bytes of code in all cells together
MOST_CELLS = 1000


class Unreadable(Exception):
    """Say, in one sentence for the student, why a file is no notebook that can be graded."""


def code_cells(content: bytes) -> list[str]:
    """Return the text of all code cells in their order; what else the notebook holds does not count.

    Raises: Unreadable for a file that is no notebook, or too large a one.
    """
    cells = _cells(_parsed(content))
    code = [_text(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in code)
    if len(code) > MOST_CELLS or size > LARGEST_CODE:
        raise Unreadable(f"The notebook has {len(code)} code cells; {MOST_CELLS} with 1 MB of code are the limit.")
    if not code:
        raise Unreadable("The notebook has no code cell.")
    return code


def _parsed(content: bytes) -> Any:
    """Read the JSON of a file."""
    if len(content) > LARGEST:
        raise Unreadable(f"The file has {len(content) / 2**20:.0f} MB; {LARGEST // 2**20} MB is the limit.")
    if not content.strip():
        raise Unreadable("The file is empty.")
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("The file is no notebook: it is not text in UTF-8.") from None
    except RecursionError:
        raise Unreadable("The file is no notebook: its JSON is nested too deeply.") from None
    except ValueError as error:
        place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"The file is no notebook: its JSON is broken{place}. Was it cut off while saving?") from None


def _cells(notebook: Any) -> list[Any]:
    """Find the list of cells, in notebooks of format 4 and in the older format 3."""
    if not isinstance(notebook, dict):
        raise Unreadable("The file is no notebook: it holds no cells.")
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):
        sheets = [sheet.get("cells", []) for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise Unreadable("The file is no notebook: it holds no cells.")
    return cells


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source.replace("\0", "") if isinstance(source, str) else ""
