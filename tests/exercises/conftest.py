"""The made chapter and the repository that holds it, for all tests of the course."""

from tests.made_chapter import made, put, repository

__all__ = ["made", "put", "repository"]
