"""Verify a chapter before anything of it is written: what every answer earns, by running it. The author is trusted."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice, product
from typing import Any

import torch

from transformer_edu.exercises.question import Question
from transformer_edu.exercises.untouched import placeholders
from transformer_edu_course.building.assignment import filled, working_code
from transformer_edu_course.building.earning import Earned, Stopped, earned, known_here, marks, run
from transformer_edu_course.building.source import Chapter, Source, Worked

SEEDS = (0, 1, 2, 3)
STUDENTS = ("ada", "Grace Hopper", "2024-0017", "emmy@example.org", "k")
FILLS = ("zeros", "ones", "random numbers")
FEWEST_MISTAKES = 2


def problems(chapter: Chapter, student: dict[str, Any]) -> list[str]:
    """List everything that an answer earns and should not, or does not earn and should."""
    try:
        with known_here(chapter):
            found = [*names_twice(chapter), *solved(chapter, student), *empty(chapter, student), *hollow(chapter)]
            return found + [line for source in chapter.sources for line in worked(chapter, source)]
    except Stopped as stopped:
        return [str(stopped)]


def names_twice(chapter: Chapter) -> Iterator[str]:
    """Find answers of one name in two exercises: the later would replace the earlier in a student's notebook."""
    for name, count in Counter(name for question in chapter.questions for name in question.answers).items():
        if count > 1:
            ids = " and ".join(question.id for question in chapter.questions if name in question.answers)
            yield f"{ids} both ask for `{name}`: the later answer replaces the earlier. Rename one."


def solved(chapter: Chapter, student: dict[str, Any]) -> Iterator[str]:
    """Find exercises for which the solved student notebook does not earn everything."""
    solutions = {question.id: question.solution for question in chapter.questions}
    open_questions = list(chapter.questions)
    yield from (f"{one.id} has no points: give a test of it 1 or more." for one in open_questions if not one.points)
    for student_id in _students(chapter.questions):
        names = run(working_code(filled(student, solutions, student_id)), student_id)
        for question, seed in product(tuple(open_questions), SEEDS):
            got = earned(question, names, seed=seed, student_id=student_id)
            if got != Earned(question.points, "") and question in open_questions:
                open_questions.remove(question)
                told = f"earns {got.points} of {question.points} with seed {seed}, student {student_id!r}"
                yield f"{question.id}: the solution {told}: {got.message}"


def empty(chapter: Chapter, student: dict[str, Any]) -> Iterator[str]:
    """Find exercises for which the student notebook as it is earns points, also where no one looks for placeholders."""
    students = _students(chapter.questions)
    runs = {student_id: run(working_code(filled(student, {}, student_id)), student_id) for student_id in students}
    for question in chapter.questions:
        tries = ((names, seed, student_id) for (student_id, names), seed in product(runs.items(), SEEDS))
        found = (one for one_try in tries for one in marks(question, *one_try) if one.points)
        for test, points, _ in islice(found, 1):
            yield f"{question.id}: the starter earns {points} for the test {test.name!r}. Take the answer out."
        if any(len(placeholders(question, names)) < len(question.answers) for names in runs.values()):
            yield f"{question.id}: the starter answers part of the question. Leave `...` for every name in it."


def hollow(chapter: Chapter) -> Iterator[str]:
    """Find tests that give points to numbers of the right shape alone: zeros, ones, or random ones."""
    for question in (one for one in chapter.questions if one.solution):
        cells = [*(("setup", code) for code in chapter.setup), (question.id, question.starter)]
        names = run([*cells, (question.id, question.solution)], STUDENTS[0])
        functions = {name for name, kind in question.answers.items() if kind.startswith("function")}
        for fill in FILLS if functions else ():
            fakes = {name: partial(_filled, fill, names[name]) for name in functions}
            for test, points, _ in marks(question, names | fakes, SEEDS[0], STUDENTS[0]):
                if points:
                    told = f"{question.id}: the test {test.name!r} gives {points} points to {fill}"
                    yield f"{told} of the right shape. Add a case that they fail."


def _filled(fill: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # a stand-in for any answer
    """Call a solution, and return something of the shapes that it returns."""
    return _like(fill, function(*args, **kwargs))


def _like(fill: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_like(fill, part) for part in value)
    noise = torch.rand(value.shape, generator=torch.Generator().manual_seed(5)).to(value.dtype)
    return {"zeros": torch.zeros_like(value), "ones": torch.ones_like(value), "random numbers": noise}[fill]


def worked(chapter: Chapter, source: Source) -> Iterator[str]:
    """Find wrong and right answers that earn something else than they say."""
    question = source.question
    if len(source.wrong) < FEWEST_MISTAKES:
        told = f"{question.id} has {len(source.wrong)} wrong answers, fewer than {FEWEST_MISTAKES}"
        yield f"{told}. Add what students get wrong."
    for answer in source.wrong:
        yield from _all_seeds(chapter, question, answer, Earned(answer.points, answer.message))
    for answer in source.right:
        yield from _all_seeds(chapter, question, answer, Earned(question.points, ""))


def _all_seeds(chapter: Chapter, question: Question, answer: Worked, wanted: Earned) -> Iterator[str]:
    """Compare what one answer earns with what it says; tests that a course added later count for right answers only."""
    label = f"{question.id}, {'wrong' if wanted.message else 'right'} answer {answer.name!r} ({answer.where})"
    known = replace(question, tests=question.tests[: answer.tests]) if wanted.message else question
    if wanted.message and wanted.points >= known.points:
        yield f"{label} says that it earns all {known.points} points. Lower the number in its tag, or add a test."
        return
    cells = [*(("setup", code) for code in chapter.setup), (label, question.starter), (label, answer.code)]
    for student_id in _students([question]):
        try:
            names = run(cells, student_id)
        except Stopped as stopped:
            yield str(stopped)
            return
        for seed in SEEDS[:3]:
            got = earned(known, names, seed=seed, student_id=student_id)
            if got != wanted:
                yield f"{label}, seed {seed}, student {student_id!r}: {_apart(got, wanted, known)}"
                return


def _apart(got: Earned, wanted: Earned, question: Question) -> str:
    says = f" and says {wanted.message!r}" if got.message != wanted.message else ""
    return f"earns {got.points} of {question.points} ({got.message!r}). It should earn {wanted.points}{says}."


def _students(questions: list[Question]) -> tuple[str, ...]:
    """Return the students to verify with: several where some value is a student's own."""
    return STUDENTS if any(question.mine for question in questions) else STUDENTS[:1]
