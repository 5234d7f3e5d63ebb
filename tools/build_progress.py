"""Turn what Sphinx prints into one line for each notebook, and a short report of what is wrong."""

import re

COLORS = re.compile(r"\x1b\[[0-9;]*m")
EXECUTED = re.compile(r"(\S+?)(?:\.ipynb)?: Executed notebook in ([\d.]+) seconds")
PROBLEM = re.compile(r"\b(WARNING|ERROR|CRITICAL): |^Extension error")
ORDINARY = re.compile(
    r"Exception occurred|build (finished|succeeded)|[a-zA-Z][\w ,()\[\]%-]*\.\.\.( |$)|\S+: Execut(ing|ed) notebook"
)
CELL_ERROR = re.compile(r"CellExecutionError: (An error occurred .*?)\n\s*\nThe above exception", re.DOTALL)
MOST_LINES = 60


class Progress:
    """Reads the output line by line; keeps which notebooks ran, for how long, and what is wrong."""

    def __init__(self, notebooks: list[str]) -> None:
        self.notebooks = notebooks
        self.seconds: dict[str, float] = {}
        self.problems: list[str] = []
        self.in_problem = False

    def name(self, path: str) -> str:
        for page in self.notebooks:
            if path == page or path.endswith("/" + page):
                return page
        return path

    def read(self, line: str) -> str | None:
        """Take one line of output; return what to print for it, if anything."""
        line = COLORS.sub("", line).rstrip()
        if PROBLEM.search(line):
            self.in_problem = True
        elif not line or ORDINARY.match(line):
            self.in_problem = False
        if self.in_problem:
            self.problems.append(line)
        if match := EXECUTED.search(line):
            page, seconds = self.name(match[1]), float(match[2])
            self.seconds[page] = seconds
            return f"  executed {page} in {seconds:.0f} s ({len(self.seconds)} of at most {len(self.notebooks)})"
        return None


def trouble(progress: Progress, output: str) -> list[str]:
    """Return briefly what is wrong: Sphinx's warnings, the cell that failed, or else the last lines."""
    lines, output = progress.problems, COLORS.sub("", output)
    if cell := CELL_ERROR.search(output):
        lines = [*lines, *cell[1].splitlines()]
    elif not lines:
        output = output.split("The above exception was the direct cause")[0]
        lines = [line for line in output.splitlines() if line.strip()][-15:]
    more = [f"… and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return [*lines[:MOST_LINES], *more]
