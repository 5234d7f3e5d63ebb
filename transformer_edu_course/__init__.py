"""Make the exercises of a course, and grade what students hand in. Nothing in `transformer_edu` imports this."""

INSTALL = 'pip install "transformer-edu[course]"'  # brings what only instructors need
