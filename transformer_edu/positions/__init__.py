"""Where is a token? Codes added to tokens, terms added to scores, and turns of queries and keys."""

__all__ = []
