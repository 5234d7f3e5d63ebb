"""Train a small network: one loop that all chapters share, with a progress bar in a live kernel."""

import os
from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm.auto import tqdm


def train(
    parameters: Iterable[Tensor],
    loss_at: Callable[[int], Float[Tensor, ""]],
    *,
    steps: int,
    learning_rate: float | Callable[[int], float],
    betas: tuple[float, float] = (0.9, 0.98),
    clip: float | None = None,
    after: Callable[[int], None] | None = None,
    title: str = "training",
) -> list[float]:
    """Minimize `loss_at(step)` with Adam for `steps` steps, counted from 1; return all losses.

    `learning_rate` is a number or a schedule (step → rate). `clip` bounds the norm of the whole gradient. `after(step)`
    is called behind each step, to measure something.

    Cost: steps times a forward and a backward pass.
    Raises: ValueError if a loss is not finite: the run has diverged.
    Source: [kingma2015adam] algorithm 1; betas and eps of [vaswani2017attention] section 5.3.
    """
    parameters, losses = list(parameters), []
    optimizer = torch.optim.Adam(parameters, lr=1.0, betas=betas, eps=1e-9)
    quiet = "TRANSFORMER_EDU_STATIC" in os.environ
    for step in tqdm(range(1, steps + 1), desc=title, disable=quiet, leave=False):
        optimizer.param_groups[0]["lr"] = learning_rate(step) if callable(learning_rate) else learning_rate
        loss = loss_at(step)
        losses.append(loss.item())
        if not torch.isfinite(loss):
            raise ValueError(
                f"train needs a finite loss (the run has diverged; lower the rate), got loss={losses[-1]} at {step=}."
            )
        optimizer.zero_grad()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimizer.step()
        if after is not None:
            after(step)
    return losses
