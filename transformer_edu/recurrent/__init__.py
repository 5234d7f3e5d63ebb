"""What did attention replace? Networks that read one token after the other."""

__all__ = []
