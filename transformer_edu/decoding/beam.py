"""Beam search: keep the few most probable beginnings, not only one."""

from typing import Any, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor

from transformer_edu.decoding.coverage_penalty import coverage_penalty
from transformer_edu.decoding.length_penalty import length_penalty
from transformer_edu.decoding.model import Transducer
from transformer_edu.decoding.reorder import reorder
from transformer_edu.machines import END, PAD, START
from transformer_edu.softmax import log_softmax


class Hypotheses(NamedTuple):
    """What one step of a search kept, most probable first.

    `parents` says which of the unfinished hypotheses of the step before each one continues. `scores` are
    log P / lp + cp, for finished and unfinished ones alike. `coverage` is the weight that each source token has got so
    far (None without attention).
    """

    tokens: Int[Tensor, "hypothesis target"]
    log_probabilities: Float[Tensor, "hypothesis"]
    scores: Float[Tensor, "hypothesis"]
    finished: Bool[Tensor, "hypothesis"]
    parents: Int[Tensor, "hypothesis"]
    coverage: Float[Tensor, "hypothesis source"] | None


class Search(NamedTuple):
    """The best sequence with its score and its log P, and every step of the search that found it."""

    tokens: Int[Tensor, "target"]
    score: Float[Tensor, ""]
    log_probability: Float[Tensor, ""]
    steps: list[Hypotheses]


@torch.no_grad()
def beam_search(
    model: Transducer,
    sources: Int[Tensor, "1 source"],
    *,
    width: int,
    longest: int,
    alpha: float = 0.0,
    beta: float = 0.0,
) -> Search:
    """Search for the sequence with the best score, keeping `width` hypotheses at each step.

        score(Y) = log P(Y | X) / lp(Y) + cp(X; Y)

    Every hypothesis is continued with every token, and the `width` most probable continuations are kept. Those that
    end leave the beam. Unfinished ones are compared by log P: they are equally long, so the length penalty would not
    change their order. Finished ones are compared by the score. The search stops when no unfinished one can win any
    more: log P can only fall, and lp is largest for the longest sequence, so log P / lp(longest) bounds what can come
    of it. If none has ended after `longest` tokens, the unfinished one with the best score is the answer.

    Width 1 is greedy decoding. A width that keeps everything is exhaustive. In between, a wider beam can find worse.
    Implementations differ: Hugging Face and fairseq look at 2 · width continuations, so that those which end take no
    place in the beam, and fairseq stops after `width` finished ones; both divide by |Y|^α.

    Cost: `longest` steps of the model with a batch of `width`; time O(longest · width · vocab) for the choices.
    Raises: ValueError if width or longest is below 1, if there is not one source, or if beta > 0 and the model has no
        attention weights.
    Source: [wu2016google] section 7; [sutskever2014sequence] section 3.2.
    """
    _check(sources, width=width, longest=longest)
    kept, state, steps = _first(sources), model.start(sources), []
    best = None
    for _ in range(longest):
        kept, state = _advance(model, kept, state, width=width, alpha=alpha, beta=beta, real=sources != PAD)
        steps.append(kept)
        best = _better(best, kept, kept.finished)
        going = ~kept.finished
        kept, state = _only(kept, going), reorder(state, going.nonzero()[:, 0])
        bound = kept.log_probabilities / length_penalty(torch.tensor(longest), alpha=alpha).to(kept.scores)
        if not going.any() or (best is not None and best[1] >= bound.max()):
            break
    best = best or _better(None, kept, ~kept.finished)
    return Search(*best, steps)


def _first(sources: Int[Tensor, "1 source"]) -> Hypotheses:
    """Return the one beginning that there is: nothing written yet. (START is fed to the model, it is not written.)"""
    zero = torch.zeros(1, device=sources.device)
    return Hypotheses(sources[:, :0], zero, zero, zero > 0, sources[:, :1].sum(dim=1), None)


def _advance(
    model: Transducer, kept: Hypotheses, state: Any, *, width: int, alpha: float, beta: float, real: Tensor
) -> tuple[Hypotheses, Any]:
    """Continue every hypothesis with every token; keep the best continuations, and the state that belongs to each."""
    length = kept.tokens.shape[1] + 1
    last = kept.tokens[:, -1] if length > 1 else torch.full_like(kept.parents, START)
    logits, weights, state = model.step(last, state)[:3]
    grown = kept.log_probabilities.to(logits)[:, None] + log_softmax(logits)
    best, places = rearrange(grown, "beam vocab -> (beam vocab)").topk(min(width, grown.numel()))
    parents, new = places // grown.shape[1], places % grown.shape[1]
    scores = best / length_penalty(torch.tensor(length), alpha=alpha).to(best)
    coverage = None
    if weights is not None:
        coverage = (weights if kept.coverage is None else kept.coverage + weights)[parents]
        scores = scores + coverage_penalty(coverage, beta=beta, real=real).to(scores)
    elif beta > 0:
        raise ValueError(
            f"beam_search needs a model with attention weights for coverage (or beta = 0), got beta={beta}."
        )
    tokens = torch.cat([kept.tokens[parents], new[:, None]], dim=1)
    return Hypotheses(tokens, best, scores, new == END, parents, coverage), reorder(state, parents)


def _only(kept: Hypotheses, chosen: Bool[Tensor, "hypothesis"]) -> Hypotheses:
    """Return some of the hypotheses."""
    return Hypotheses(*(None if part is None else part[chosen] for part in kept))


def _better(best: tuple | None, kept: Hypotheses, eligible: Bool[Tensor, "hypothesis"]) -> tuple | None:
    """Return the better of the best so far and the best of those that are eligible: tokens, score, log P."""
    if not eligible.any():
        return best
    tokens, log_probabilities, scores, *_ = _only(kept, eligible)
    top = scores.argmax()
    if best is not None and best[1] >= scores[top]:
        return best
    return tokens[top], scores[top], log_probabilities[top]


def _check(sources: Tensor, *, width: int, longest: int) -> None:
    if len(sources) != 1:
        shape = tuple(sources.shape)
        raise ValueError(f"beam_search needs one source (its hypotheses are the batch), got sources.shape={shape}.")
    for name, number, why in (("width", width, "hypotheses are kept"), ("longest", longest, "something is written")):
        if number < 1:
            raise ValueError(f"beam_search needs {name} >= 1 ({why}), got {name}={number}.")
