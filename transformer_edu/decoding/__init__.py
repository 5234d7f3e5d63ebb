"""Which sequence to write? Greedy and beam search over any model that gives the next token's logits."""

__all__ = []
