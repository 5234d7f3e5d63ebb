"""Say at the end of a run what there is now, and what a person should look at."""

import os
from collections import Counter
from collections.abc import Iterator

from transformer_edu_course.grading.graded_folder import GradedFolder
from transformer_edu_course.grading.submissions import Submissions

MOST_NAMES = 5  # of files that are no notebooks


def summary(folder: GradedFolder, submissions: Submissions, *, before: int, lost: int) -> Iterator[str]:
    """Yield the lines; `before` were graded by earlier runs, and `lost` could not be graded."""
    here = {one.student for one in submissions.found}
    states, flagged, earlier, answered = Counter(), 0, 0, False
    for result in folder.compared():
        states[result["state"]] += 1
        flagged += bool(result["flags"])
        earlier += result["student"] not in here
        answered = answered or any(question["state"] != "unanswered" for question in result["questions"])
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    yield f"{folder.path}: {told}{f' ({before} of them before)' if before else ''}. Seed {folder.exercises.seed}."
    if states["graded"] and not answered:
        yield f"  No notebook answers any question of {folder.exercises.chapter}. Is this the right chapter?"
    if earlier:
        yield f"  {earlier} of earlier runs have no notebook here; they stay in the gradebook"
    if flagged:
        yield f"  {flagged} to look at: column flags of the gradebook"
    if lost:
        yield f"  {lost} could not be graded; the same command tries them again"
    yield from _no_notebooks(submissions.ignored)
    yield f"  {folder.gradebook}\n  {folder.feedback}{os.sep}"


def _no_notebooks(names: list[str]) -> Iterator[str]:
    yield from (f"  no notebook: {name}" for name in names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        yield f"  … and {len(names) - MOST_NAMES} more files that are no notebooks"
