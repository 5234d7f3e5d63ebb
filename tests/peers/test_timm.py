"""What timm's vision transformer computes, ours computes: with its weights, from a file that it wrote."""

import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from transformer_edu.attention import MultiHeadAttention

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = sorted(HERE.glob("*.safetensors"))


def read(name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors that a peer wrote, and who it was."""
    with safe_open(HERE / f"{name}.safetensors", "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118  no dictionary


def with_weights_of(kept: dict[str, Tensor], heads: int) -> MultiHeadAttention:
    """Return our attention with timm's weights, which stand in one matrix: queries, then keys, then values."""
    ours = MultiHeadAttention(kept["tokens"].shape[-1], heads=heads)
    parts = [ours.query, ours.key, ours.value]
    weights = [*kept["weights.qkv.weight"].chunk(3), kept["weights.proj.weight"]]
    biases = [*kept["weights.qkv.bias"].chunk(3), kept["weights.proj.bias"]]
    for part, weight, bias in zip([*parts, ours.output], weights, biases, strict=True):
        part.weight.data, part.bias.data = weight, bias
    return ours


@pytest.mark.parametrize("way", ["plain", "fused"])
def test_multi_head_attention_equals_timms(way):
    kept, _ = read("timm_attention")
    ours = with_weights_of(kept, heads=3)
    outputs = ours(kept["tokens"]).outputs if way == "plain" else ours.fused(kept["tokens"])
    torch.testing.assert_close(outputs, kept["outputs"], rtol=1e-5, atol=1e-5)


def test_another_number_of_heads_is_another_attention():
    kept, _ = read("timm_attention")
    assert (with_weights_of(kept, heads=2)(kept["tokens"]).outputs - kept["outputs"]).abs().max() > 0.1


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_kept_answer_is_small_and_says_who_gave_it(path):
    _, who = read(path.stem)
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements-peers.txt").read_text(), re.MULTILINE))
    assert pins[who["peer"]] == who["version"]
    assert path.stat().st_size <= 100_000
    assert f"def {who['function']}(" in (ROOT / "benchmarks" / "peers.py").read_text(encoding="utf-8")
