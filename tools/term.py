"""The tables of the instructor's guide, made of the plan and of the exercises' cards: minutes, and weeks of a term."""

import json
import re
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tools.lists import named, number, states, table
from tools.plan import ROOT, Chapter, Part, Plan


class Exercises(NamedTuple):
    """How many exercises of one kind a chapter has, and their minutes."""

    count: int
    minutes: int


def exercises(chapter: str, *, assigned: bool, root: Path = ROOT) -> Exercises:
    """Count the exercises of a chapter by their cards."""
    path = root / "transformer_edu" / "exercises" / "questions" / f"{chapter}.json"
    questions = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    minutes = [question["minutes"] for question in questions if question["assigned"] == assigned]
    return Exercises(len(minutes), sum(minutes))


def minutes_table(plan: Plan, root: Path = ROOT) -> str:
    """Write how long each chapter takes: the page, and both kinds of exercises."""
    rows = []
    for chapter in plan.written:
        kinds = [exercises(chapter.id, assigned=assigned, root=root) for assigned in (False, True)]
        rows.append(
            (chapter.short, str(chapter.minutes), *(f"{kind.minutes} ({kind.count} exercises)" for kind in kinds))
        )
    return table(("chapter", "read", "practice", "assigned"), rows)


def weeks(plan: Plan, root: Path = ROOT) -> str:
    """Write the weeks of the chapters that exist, one row a lesson."""
    ready, begun, _ = states(plan)
    enough = "What is written is" if begun else f"{named(ready)} {'is' if len(ready) == 1 else 'are'}"
    rows = []
    for chapter in plan.written:
        home = (
            f"read ({{{chapter.id}.read}}), practice ({{{chapter.id}.practice}}), assigned ({{{chapter.id}.assigned}})"
        )
        for week, lesson in enumerate(chapter.lesson or ({"class": f"{{{chapter.id}}}", "home": home},), chapter.week):
            rows.append((week, _filled(lesson["class"], plan, root), _filled(lesson["home"], plan, root)))
    count = number(len({week for week, *_ in rows}))
    sentence = f"{enough} enough for {count} weeks. What is assigned in a week is due before the next one:"
    rows = [(str(week), *texts) for week, *texts in sorted(rows, key=lambda row: row[0])]
    return f"{sentence}\n\n{table(('week', 'in class', 'at home'), rows)}"


def later_weeks(plan: Plan) -> str:
    """Write the weeks of the chapters that are planned, one row a week."""
    planned = [(chapter.week, part, chapter) for part in plan.part for chapter in part.chapter if not chapter.page]
    rows = []
    for week, entries in groupby(sorted(planned, key=lambda entry: entry[0]), key=lambda entry: entry[0]):
        parts = [(part, [one for _, _, one in some]) for part, some in groupby(entries, key=lambda entry: entry[1])]
        rows.append((str(week), "; ".join(_in_week(part, some) for part, some in parts) + " *(planned)*"))
    return table(("week", "chapter"), rows)


def _in_week(part: Part, chapters: list[Chapter]) -> str:
    """Name a part where all of it is planned for one week, or else its chapters."""
    named = f"{part.number}. {part.title}"
    return named if len(chapters) == len(part.chapter) else f"{named}: {', '.join(one.title for one in chapters)}"


def _filled(text: str, plan: Plan, root: Path) -> str:
    """Put links and minutes into the text of a lesson: {softmax}, {softmax.read}, {softmax.assigned}."""
    chapters = {chapter.id: chapter for chapter in plan.written}

    def put(found: re.Match) -> str:
        if found[1] not in chapters or found[2] not in (None, "read", "practice", "assigned"):
            raise ValueError(f"weeks needs places of written chapters ({', '.join(chapters)}), got {found[0]}.")
        chapter = chapters[found[1]]
        if found[2] is None:
            return f"[{chapter.short}]({chapter.page}.ipynb)"
        minutes = exercises(chapter.id, assigned=found[2] == "assigned", root=root).minutes
        return str(chapter.minutes if found[2] == "read" else minutes)

    return re.sub(r"\{(\w+)(?:\.(\w+))?\}", put, text)
