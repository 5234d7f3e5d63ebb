"""Remove outputs and execution counts from every notebook: `.venv/bin/python tools/strip_outputs.py`."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.write_lists import ROOT, notebooks


def strip(notebook: dict) -> bool:
    """Strip a notebook in place; return whether anything changed."""
    before = json.dumps(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            for key in ("execution", "collapsed", "scrolled", "ExecuteTime"):
                cell["metadata"].pop(key, None)
    notebook["metadata"].pop("widgets", None)
    return json.dumps(notebook) != before


def main() -> None:
    for path in notebooks():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if strip(notebook):
            path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(f"Stripped: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
