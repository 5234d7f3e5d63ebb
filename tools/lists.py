"""The texts that tools/write_lists.py writes: contents, map, sentences and the README's table, made of the plan."""

import json

from tools.plan import FRONT, Chapter, Part, Plan

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
TOC = """# Written from book/plan.toml by tools/write_lists.py (make html runs it): change the list there.
format: jb-book
root: {front}
defaults:
  titlesonly: false # the contents show the sections of the present page
parts:
"""


def contents(plan: Plan) -> str:
    """Write _toc.yml: the parts that have pages, then what stands around them."""
    lines = []
    for part in plan.part:
        if part.written:
            lines.append(f"  - caption: {_quoted(f'{part.number}. {part.title}')}\n    chapters:")
            lines += [f"      - file: {one.page}\n        title: {_quoted(one.title)}" for one in part.written]
    for around in plan.around:
        lines.append(f"  - caption: {_quoted(around.title)}\n    chapters:")
        lines += [f"      - file: {page}" for page in around.pages]
    return TOC.format(front=FRONT) + "\n".join(lines) + "\n"


def here(plan: Plan) -> str:
    """Say in one sentence what exists and how much is planned: `Part I is here; seven more parts are planned.`"""
    ready, begun, planned = states(plan)
    found = [f"{named(ready)} {'is' if len(ready) == 1 else 'are'} here"] if ready else []
    found += [f"{len(part.written)} of {len(part.chapter)} chapters of Part {part.number} are here" for part in begun]
    later = f"{number(len(planned))} more part{'s are' if len(planned) != 1 else ' is'} planned"
    sentence = "; ".join([*found, *([later] if planned else [])])
    return sentence[0].upper() + sentence[1:] + "."


def finished(plan: Plan) -> str:
    """Say which parts are finished, and that the map marks what is not."""
    ready, begun, planned = states(plan)
    sentences = [f"{named(ready)} {'is' if len(ready) == 1 else 'are'} finished."] if ready else []
    if begun or (planned and not ready):
        sentences.append("Chapters that are planned are marked so.")
    elif planned:
        sentences.append("The other parts are planned and marked so.")
    return " ".join(sentences)


def book_map(plan: Plan) -> str:
    """Write the map of the book: a heading a part, a line a chapter."""
    return "\n\n".join(
        f"### {part.number}. {part.title}\n\n" + "\n".join(f"- {_on_map(chapter)}" for chapter in part.chapter)
        for part in plan.part
    )


def readme_table(plan: Plan) -> str:
    """Write the table of the README: a row a part."""
    rows = []
    for part in plan.part:
        later = len(part.chapter) - len(part.written)
        names = [f"[{one.short}](book/{one.page}.ipynb)" for one in part.written]
        names += [f"{later} planned"] if later else []
        rows.append((f"{part.number}. {part.title}", ", ".join(names)))
    return table(("part", "chapters"), rows)


def states(plan: Plan) -> tuple[list[Part], list[Part], list[Part]]:
    """Sort the parts: finished, begun, only planned."""
    ready = [part for part in plan.part if len(part.written) == len(part.chapter)]
    begun = [part for part in plan.part if part.written and part not in ready]
    return ready, begun, [part for part in plan.part if part not in [*ready, *begun]]


def named(parts: list[Part]) -> str:
    """Name parts by their numbers: `Part I`, `Parts I, II and IV`."""
    numbers = [part.number for part in parts]
    listed = " and ".join([", ".join(numbers[:-1]), numbers[-1]] if numbers[1:] else numbers)
    return f"Part{'s' if numbers[1:] else ''} {listed}"


def number(count: int) -> str:
    """Write a small number as a word."""
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _quoted(text: str) -> str:
    """Write a string of YAML, which reads all of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _on_map(chapter: Chapter) -> str:
    title = chapter.map or chapter.title
    return f"[{title}]({chapter.page}.ipynb)" if chapter.page else f"{title} *(planned)*"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return (
        "\n".join("| " + " | ".join(line) + " |" for line in lines).replace("| --- ", "|---").replace("---| ", "---|")
    )
