"""Measure our multi-head attention and encoder layer against torch.nn's; write benchmarks/attention.md.

    .venv/bin/python benchmarks/attention.py

Both hold the same weights, and their outputs are compared before anything is timed. Three paths take turns, to and fro:
torch's, our fused one (no weights come back), our transparent one (they do). A number is the median, over the turns, of
our time divided by torch's in the same turn; in brackets stand the quartiles. All is in train mode with dropout 0,
where torch runs its ordinary path, but for the last column: in eval mode without gradients torch's modules take a path
of their own. nn.MultiheadAttention is called with need_weights=False, as inside torch's encoder layer.
Time is processor time on a CPU with one thread, which other programs disturb less than they do the clock.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.layers import encoder_layer

ROOT = Path(__file__).resolve().parents[1]
DIM, HEADS, HIDDEN = 256, 4, 1024
LENGTHS = (128, 256, 512, 1024, 2048)
Paths = dict[str, Callable[[Tensor], Tensor]]


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    """Give torch's module the weights of ours."""
    projections = (ours.query, ours.key, ours.value)
    theirs.load_state_dict(
        {
            "in_proj_weight": torch.cat([projection.weight for projection in projections]),
            "in_proj_bias": torch.cat([projection.bias for projection in projections]),
            "out_proj.weight": ours.output.weight,
            "out_proj.bias": ours.output.bias,
        }
    )


def attention_pair(device: str) -> tuple[Paths, nn.Module]:
    """Return three ways to compute the same attention, and torch's module."""
    ours = MultiHeadAttention(DIM, heads=HEADS)
    theirs = nn.MultiheadAttention(DIM, HEADS, batch_first=True)
    copy_attention(ours, theirs)
    ours, theirs = ours.to(device), theirs.to(device)
    return {
        "torch": lambda tokens: theirs(tokens, tokens, tokens, need_weights=False)[0],
        "fused": ours.fused,
        "transparent": lambda tokens: ours(tokens).outputs,
    }, theirs


def layer_pair(device: str) -> tuple[Paths, nn.Module]:
    """Return three ways to compute the same encoder layer (post-norm, exact GELU), and torch's module."""
    ours = encoder_layer(DIM, heads=HEADS, hidden=HIDDEN)
    theirs = nn.TransformerEncoderLayer(DIM, HEADS, HIDDEN, dropout=0.0, activation="gelu", batch_first=True)
    looking, working = ours.sublayers
    copy_attention(looking.part.attention, theirs.self_attn)
    theirs.linear1.load_state_dict(working.part.network.expand.state_dict())
    theirs.linear2.load_state_dict(working.part.network.contract.state_dict())
    for norm, sublayer in ((theirs.norm1, looking), (theirs.norm2, working)):
        own = sublayer.residual.norm
        norm.load_state_dict({"weight": own.gain, "bias": own.bias})
    ours, theirs = ours.to(device), theirs.to(device)
    return {"torch": theirs, "fused": ours.fused, "transparent": lambda tokens: ours(tokens).outputs}, theirs


def seconds(path: Callable[[Tensor], Tensor], tokens: Tensor, *, backward: bool) -> float:
    """Time one call, and the gradient of everything if it is asked for."""
    wait = torch.cuda.synchronize if tokens.is_cuda else lambda: None
    clock = time.process_time if not tokens.is_cuda and torch.get_num_threads() == 1 else time.perf_counter
    wait()
    began = clock()
    with torch.set_grad_enabled(backward):
        outputs = path(tokens)
        if backward:
            outputs.backward(torch.ones_like(outputs))
    wait()
    return clock() - began


def ratios(paths: Paths, tokens: Tensor, *, backward: bool, turns: int, patience: float) -> dict[str, list[float]]:
    """Let the paths take turns; return each one's time over torch's, turn by turn, and torch's seconds."""
    tokens = tokens.clone().requires_grad_(backward)
    for path in paths.values():
        seconds(path, tokens, backward=backward)
    found: dict[str, list[float]] = {name: [] for name in paths}
    began = time.perf_counter()
    while len(found["torch"]) < turns and (len(found["torch"]) < 5 or time.perf_counter() - began < patience):
        names = list(paths) if len(found["torch"]) % 2 else list(paths)[::-1]
        taken = {name: seconds(paths[name], tokens, backward=backward) for name in names}
        for name, own in taken.items():
            found[name].append(own if name == "torch" else own / taken["torch"])
    return found


def check(paths: Paths, tokens: Tensor) -> None:
    """Refuse to compare what does not compute the same."""
    with torch.no_grad():
        wanted = paths["torch"](tokens)
        for name in ("fused", "transparent"):
            torch.testing.assert_close(paths[name](tokens), wanted, rtol=1e-4, atol=1e-5)


def spread(values: list[float]) -> str:
    """Write a median with its quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def rows_of(name: str, make: Callable[[str], tuple[Paths, nn.Module]], options: argparse.Namespace) -> list[str]:
    """Measure one pair at every length; return lines of the table."""
    written = []
    for length in options.lengths:
        generator = torch.Generator().manual_seed(length)
        tokens = torch.randn(1, length, DIM, generator=generator).to(options.device)
        paths, theirs = make(options.device)
        check(paths, tokens)
        turns = {"turns": options.turns, "patience": options.patience}
        both = {backward: ratios(paths, tokens, backward=backward, **turns) for backward in (False, True)}
        theirs.eval()
        alone = {key: paths[key] for key in ("torch", "fused")}
        quick = ratios(alone, tokens, backward=False, **turns)
        cells = [name, str(length)]
        for found in both.values():
            cells += [f"{1000 * statistics.median(found['torch']):.1f}", spread(found["fused"])]
            cells += [spread(found["transparent"])]
        written.append("| " + " | ".join([*cells, spread(quick["fused"])]) + " |")
        print(written[-1], flush=True)
    return written


def machine(device: str) -> str:
    """Name what it was measured on."""
    if device != "cpu":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = names[0].split(":", 1)[1].strip() if names else platform.machine()
    threads = f"{torch.get_num_threads()} thread(s) on {os.cpu_count()} cores"
    return f"{processor}, {threads}, torch {torch.__version__}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--patience", type=float, default=6.0, help="seconds for one number; five turns at least")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "attention.md")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    head = [
        "| what | tokens | torch forward, ms | ours / torch: fused | transparent "
        "| torch forward and backward, ms | ours / torch: fused | transparent | fused / torch in eval mode |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    body = rows_of("attention", attention_pair, options) + rows_of("encoder layer", layer_pair, options)
    where = (
        f"Width {DIM}, {HEADS} heads, hidden width {HIDDEN}, one sequence, float32; {machine(options.device)}. Medians "
        f"of up to {options.turns} turns (quartiles in brackets); below 1 we are faster."
    )
    options.out.write_text("\n".join([*head, *body, "", where, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
