"""Work the exercises of a chapter: check an answer in your own kernel, ask for the next hint, read the card.

Every exercise has one id, `chapter/question`, such as `softmax/q2`.
"""

from transformer_edu.exercises.check import check
from transformer_edu.exercises.hint import card, hint
from transformer_edu.exercises.mine import mine
from transformer_edu.exercises.progress import progress

__all__ = ["card", "check", "hint", "mine", "progress"]
