"""The command `transformer-edu exercises build`: read, verify, then write everything or nothing."""

import argparse
import sys
from pathlib import Path

from transformer_edu_course.building.entries import SourceError
from transformer_edu_course.building.leaks import leaks, public_files
from transformer_edu_course.building.outputs import (
    differing,
    pack_folder,
    pack_outputs,
    public_outputs,
    students_notebook,
    write,
)
from transformer_edu_course.building.repository import Workplace, find_root
from transformer_edu_course.building.source import Chapter, read_chapter_source, source_chapters, source_path
from transformer_edu_course.building.verify import problems

DESCRIPTION = """Build the exercises of chapters from their source notebooks: page, check, student notebook and
instructor's pack. Nothing is written unless every answer earns what it should and no solution leaks."""
OLD_SITE = """The site in _build/html shows what it should not. If it is older than these exercises, type
`make html`, then run this command again. If it is not, take these lines out of its pages:"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = DESCRIPTION
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="such as attention (default: all)")
    own = "a course's own source notebooks, which add to the book's"
    parser.add_argument("--exercises", type=Path, metavar="FOLDER", help=own)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")


def run(options: argparse.Namespace) -> int:
    """Build; return 0, 1 where the sources or outputs are wrong, 2 where the command line is."""
    try:
        place = _workplace(options.exercises)
        names = options.chapters or source_chapters(place.folders[-1])
        known = sorted({name for folder in place.folders for name in source_chapters(folder)})
        if not names or not set(names) <= set(known):
            got = ", ".join(names) or f"none in {place.folders[-1]}"
            raise ValueError(f"exercises build needs chapters with a source notebook ({', '.join(known)}), got {got}.")
        chapters = [read_chapter_source(name, place.folders) for name in dict.fromkeys(names)]
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    found = _all_problems(chapters, place)
    if found:
        print(f"Nothing was written. {len(found)} to correct:", *found, sep="\n  ", file=sys.stderr)
        return 1
    status = _compare(chapters, place) if options.check else _write(chapters, place)
    return max(status, _look_at_site(chapters, place))


def _workplace(course: Path | None) -> Workplace:
    root = find_root(Path.cwd())
    if course is None:
        return Workplace(root)
    if not course.is_dir():
        raise ValueError(f"exercises build needs --exercises to be a folder with source notebooks, got {course}.")
    if course.resolve() == root / "exercises":
        raise ValueError(f"exercises build needs --exercises to be another folder than the book's own, got {course}.")
    return Workplace(root, course.resolve())


def _all_problems(chapters: list[Chapter], place: Workplace) -> list[str]:
    """Verify chapters: what answers earn, and what would leak into the files to write."""
    found = [problem for chapter in chapters for problem in problems(chapter, students_notebook(chapter, place))]
    outputs = [item for chapter in chapters for item in public_outputs(chapter, place).items()]
    return found + leaks(chapters, [(place.shown(path), text) for path, text in outputs])


def _look_at_site(chapters: list[Chapter], place: Workplace) -> int:
    """Look for leaks in the book's site, if there is one. An old one must not keep newer pages from being written."""
    site = place.root / "_build" / "html"
    if place.course or not site.is_dir():
        return 0
    found = leaks(chapters, public_files(site, "_build/html"))
    if found:
        print(OLD_SITE, *found, sep="\n  ", file=sys.stderr)
    return 1 if found else 0


def _compare(chapters: list[Chapter], place: Workplace) -> int:
    stale = [path for chapter in chapters for path in differing(public_outputs(chapter, place))]
    for path in stale:
        cure = f"transformer-edu exercises build{f' --exercises {place.course}' if place.course else ''}"
        print(f"{place.shown(path)} is not what its source says. Type: {cure}", file=sys.stderr)
    return 1 if stale else 0


def _write(chapters: list[Chapter], place: Workplace) -> int:
    for chapter in chapters:
        packed = pack_folder(chapter, place)
        changed = write(public_outputs(chapter, place) | pack_outputs(chapter, place), packed)
        _report(chapter, place)
        for path in changed:
            if not path.is_relative_to(packed):
                print(f"  written: {place.shown(path)}")
        print(f"  for the instructor: {place.shown(packed)}")
    return 0


def _report(chapter: Chapter, place: Workplace) -> None:
    questions, answers = chapter.questions, [len(source.wrong) + len(source.right) for source in chapter.sources]
    assigned = [question for question in questions if question.assigned]
    points = sum(question.points for question in assigned)
    told = f"{len(questions)} exercises, {len(assigned)} assigned ({points} points)"
    print(f"{chapter.name}: {told}; {sum(answers)} worked answers earn what they say.")
    if place.course and source_path(chapter.name, place.folders[0]):
        shown = {q.id for q in read_chapter_source(chapter.name, place.folders[:1]).questions if not q.assigned}
        for question in assigned:
            if question.id in shown:
                print(f"  note: the book's page shows a solution of {question.id}, which you assign.")
