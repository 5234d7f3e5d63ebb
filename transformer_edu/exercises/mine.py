"""Give a student the value that is theirs alone."""

import sys
from typing import no_type_check

from transformer_edu.exercises.check import names_of, who
from transformer_edu.exercises.question import find_question


@no_type_check  # a type checker's wrapper would stand between it and its caller
def mine(exercise: str) -> int | float | str:
    """Return your own value for an exercise: always the same for the `student_id` of your notebook.

    Where `student_id` is missing or still `...`, it is the value of nobody in particular, and a line says so.

    Raises: ValueError for an unknown id, and for an exercise that gives everyone the same.
    """
    question = find_question(exercise, function="mine")
    if not question.mine:
        needs = "mine needs an exercise that gives each student a value of their own"
        raise ValueError(f"{needs}, got exercise={exercise!r}.")
    student_id = who(names_of(sys._getframe(1)))
    if not student_id:
        print("There is no student_id here, so this value is nobody's in particular.")
    return question.own_value(student_id)
