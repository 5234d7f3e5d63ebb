"""Make the exercises of a course, and grade what students hand in."""
