"""What an exercise may ask for is watched, whatever families the package has by then."""

from pathlib import Path

import transformer_edu
from transformer_edu_course.grading.namespace import NO_MECHANISMS, families


def test_every_folder_of_the_package_is_watched_but_those_that_no_answer_writes():
    """A family that is not in here is neither imported ahead nor seen by the second net."""
    folders = {path.parent.name for path in Path(transformer_edu.__file__).parent.glob("*/__init__.py")}
    assert set(families()) | NO_MECHANISMS == folders
    assert not set(families()) & NO_MECHANISMS
    assert {"softmax", "attention", "layers", "machines"} <= set(families())
