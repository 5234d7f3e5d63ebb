"""Train a small network: one loop that all chapters share, with a progress bar in a live kernel."""

import os
from collections.abc import Callable, Iterable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm.auto import tqdm

ADAM = partial(torch.optim.Adam, betas=(0.9, 0.98), eps=1e-9)


def train(
    parameters: Iterable[Tensor],
    loss_at: Callable[[int], Float[Tensor, ""]],
    *,
    steps: int,
    learning_rate: float | Callable[[int], float],
    optimizer: Callable[[list[Tensor]], torch.optim.Optimizer] = ADAM,
    clip: float | None = None,
    after: Callable[[int], None] | None = None,
    title: str = "training",
) -> list[float]:
    """Minimize `loss_at(step)` for `steps` steps, counted from 1; return all losses.

    `learning_rate` is a number or a schedule (step → rate). `optimizer` is built for the parameters: Adam, or another
    one (`torch.optim.SGD`; `partial(torch.optim.AdamW, weight_decay=0.1)`). `clip` bounds the norm of the whole
    gradient. `after(step)` is called behind each step, to measure something.

    Cost: steps times a forward and a backward pass.
    Raises: ValueError if a loss is not finite: the run has diverged.
    Source: [kingma2015adam] algorithm 1; betas and eps of [vaswani2017attention] section 5.3.
    """
    parameters, losses = list(parameters), []
    chosen = optimizer(parameters)
    quiet = "TRANSFORMER_EDU_STATIC" in os.environ
    for step in tqdm(range(1, steps + 1), desc=title, disable=quiet, leave=False):
        for group in chosen.param_groups:
            group["lr"] = learning_rate(step) if callable(learning_rate) else learning_rate
        loss = loss_at(step)
        losses.append(loss.item())
        if not torch.isfinite(loss):
            raise ValueError(
                f"train needs a finite loss (the run has diverged; lower the rate), got loss={losses[-1]} at {step=}."
            )
        chosen.zero_grad()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        chosen.step()
        if after is not None:
            after(step)
    return losses
