"""What it costs to write one more token: with a key/value cache, and without one."""

from typing import NamedTuple

from transformer_edu.costs.layers import decoder_layer_cost, layer_cost


class StepCost(NamedTuple):
    """Counts for one step, which writes one token a sequence."""

    multiply_adds: int
    cache_bytes: int  # what has to be kept, and read once a step
    parameter_bytes: int  # of the layers and the table of the logits: read once a step too, whatever the batch


def cached_step_cost(
    *,
    written: int,
    sources: int = 0,
    dim: int,
    hidden: int,
    heads: int,
    layers: int,
    vocab: int,
    batch: int = 1,
    bytes_per_number: int = 4,
) -> StepCost:
    """Count one step behind `written` tokens whose keys and values are kept: only the new token is computed.

        decoder-only (sources = 0)   layers · (4 dim² + 2 (written + 1) dim + 2 dim hidden) + vocab dim
        with a source                layers · (2 dim² + 2 sources dim) more
        cache                        layers · 2 (written + 1 + sources) dim numbers

    A step reads all parameters and the whole cache to compute very little: it waits for memory, not for arithmetic.
    That is why a batch of texts is written in hardly more time than one, until the caches outweigh the parameters.

    Cost: O(1).
    Raises: ValueError if a count is below 1 (written and sources may be 0), or if heads does not divide dim.
    Source: [shazeer2019fast] section 2.4.
    """
    parameters = _parameters(
        "cached_step_cost", written, sources, dim=dim, hidden=hidden, heads=heads, layers=layers, vocab=vocab
    )
    own = 4 * dim**2 + 2 * (written + 1) * dim + 2 * dim * hidden
    across = 2 * dim**2 + 2 * sources * dim if sources else 0
    return StepCost(
        multiply_adds=batch * (layers * (own + across) + vocab * dim),
        cache_bytes=batch * layers * 2 * (written + 1 + sources) * dim * bytes_per_number,
        parameter_bytes=parameters * bytes_per_number,
    )


def uncached_step_cost(
    *,
    written: int,
    sources: int = 0,
    dim: int,
    hidden: int,
    heads: int,
    layers: int,
    vocab: int,
    batch: int = 1,
    bytes_per_number: int = 4,
) -> StepCost:
    """Count one step behind `written` tokens if nothing is kept but the encoder's memory: all tokens pass again.

        layers · (layer over written + 1 tokens, and source attention with its projections) + vocab dim

    Only the last token's logits are computed. Writing m tokens so costs O(m² dim² + m³ dim), with a cache
    O(m dim² + m² dim).

    Cost: O(1).
    Raises: ValueError if a count is below 1 (written and sources may be 0), or if heads does not divide dim.
    Source: [shazeer2019fast] section 2.4, without what it is about.
    """
    parameters = _parameters(
        "uncached_step_cost", written, sources, dim=dim, hidden=hidden, heads=heads, layers=layers, vocab=vocab
    )
    widths = {"dim": dim, "hidden": hidden, "heads": heads}
    layer = (
        decoder_layer_cost(targets=written + 1, sources=sources, **widths)
        if sources
        else layer_cost(tokens=written + 1, **widths)
    )
    return StepCost(
        multiply_adds=batch * (layers * layer.multiply_adds + vocab * dim),
        cache_bytes=0,
        parameter_bytes=parameters * bytes_per_number,
    )


def _parameters(
    function: str, written: int, sources: int, *, dim: int, hidden: int, heads: int, layers: int, vocab: int
) -> int:
    """Check the counts; return the parameters that take part in a step: the layers, and the table of the logits."""
    least = {"written": 0, "sources": 0, "layers": 1, "vocab": 1}
    counts = {"written": written, "sources": sources, "layers": layers, "vocab": vocab}
    for name, count in counts.items():
        if count < least[name]:
            raise ValueError(f"{function} needs {name} >= {least[name]} (it is a count), got {name}={count}.")
    widths = {"dim": dim, "hidden": hidden, "heads": heads}
    layer = decoder_layer_cost(targets=1, sources=1, **widths) if sources else layer_cost(tokens=1, **widths)
    return layers * layer.parameters + vocab * dim
