"""How well do two vectors match? Six score functions with one signature."""

__all__ = []
