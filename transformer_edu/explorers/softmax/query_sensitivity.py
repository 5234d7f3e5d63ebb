"""How much of a change of the query reaches its weights? Quantiles, because a mean hides what happens."""

from transformer_edu.explorers.declaration import Explorer, Prediction
from transformer_edu.explorers.panels import Panel, Readout, Series, Sweep
from transformer_edu.explorers.softmax.softmax_collapse import KNOBS, collapse


def quantiles(kind: str, role: str, title: str) -> Panel:
    """Draw the quantiles of the sensitivity over the head width, on the same scale for both kinds."""
    series = [
        Series(f"{kind}_highest_hundredth", "top 1 %", role, thin=True),
        Series(f"{kind}_middle", "median", role),
        Series(f"{kind}_lowest_tenth", "low 10 %", role, thin=True),
    ]
    return Sweep(title=title, over="head_dim", x_log=True, y_log=True, domain=(1e-12, 100), series=series, height=220)


query_sensitivity = Explorer(
    id="query-sensitivity",
    title="Does the signal get through to the query?",
    compute=collapse,
    params=KNOBS,
    panels=[
        quantiles("undivided", "key", "Undivided: how strongly do the weights answer to the query?"),
        quantiles("divided", "query", "Divided, as you set it: the same"),
        Sweep(
            title="The softmax alone: mean norm of its Jacobian J",
            over="head_dim",
            x_log=True,
            domain=(0, 0.4),
            height=170,
            wide=True,
            series=[Series("undivided_jacobian", "undivided", "key"), Series("divided_jacobian", "divided", "query")],
        ),
    ],
    readouts=[
        Readout("undivided_lowest_tenth", "lowest 10 % below", then="divided_lowest_tenth"),
        Readout("undivided_middle", "median", then="divided_middle"),
        Readout("undivided_mean", "mean", then="divided_mean"),
        Readout("undivided_highest_hundredth", "top 1 % above", then="divided_highest_hundredth"),
        Readout("undivided_jacobian", "norm of J", then="divided_jacobian"),
        Readout("starved", "share of queries that the division makes more sensitive"),
    ],
    prediction=Prediction(
        question="undivided scores, width 64, as in many real heads. Compared with the divided head, the median query "
        "reaches its weights",
        answers=("less", "about as much", "more"),
        right=2,
        because="At this width longer keys still outweigh the sharper softmax for most queries, not for all. In much "
        "wider heads the median collapses too; the lowest tenth goes first.",
    ),
    code="from transformer_edu.softmax import query_jacobian_norm, softmax\n"
    "from transformer_edu.data import random_vectors, seeded\n\n"
    "draw, scale = seeded(0), {head_dim} ** -{power}\n"
    "queries = random_vectors(300, max(1024, {head_dim}), generator=draw)[:, :{head_dim}].double()\n"
    "keys = random_vectors({keys}, max(1024, {head_dim}), generator=draw)[:, :{head_dim}].double()\n"
    "weights = softmax(queries @ keys.mT * scale)\n"
    "query_jacobian_norm(keys.expand(300, -1, -1), weights, scale=scale).quantile(0.5)",
    alt="Norm of the derivative of the weights with respect to the query, over the head width. At width {head_dim} the "
    "median is {undivided_middle} undivided and {divided_middle} divided by dₖ to the power {power}.",
    note="Frobenius norm of scale · J K for 300 random queries; read-outs: undivided → divided. Both upper pictures "
    "have the same logarithmic scale.",
)
