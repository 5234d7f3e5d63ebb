"""Weights under the names that they had before layers were made of parts, brought to the names of today."""

import re
from pathlib import Path

from safetensors.torch import load_file

FIXTURES = Path(__file__).parent / "fixtures"
STACKS = {"encoder.layers": "encoder.stack.layers", "decoder.layers": "decoder.stack.layers"}
STACKS |= {"stack.norm": "decoder.stack.norm", "stack.layers": "decoder.stack.layers"}
PARTS = {
    "attention": "sublayers.0.part.attention",
    "attention_norm": "sublayers.0.residual.norm",
    "source_attention": "sublayers.1.part.source_attention",
    "source_norm": "sublayers.1.residual.norm",
    "feed_forward": "sublayers.{last}.part.network",
    "feed_forward_norm": "sublayers.{last}.residual.norm",
    "positions": "positions.hooks.place.codes",
}


def new_names(weights):
    """Rename the weights of a layer or a machine."""
    renamed = {}
    for name, tensor in weights.items():
        stack = next((old for old in STACKS if name.startswith(f"{old}.")), None)
        new = name.replace(stack, STACKS[stack], 1) if stack else name
        layer = name[: re.search(r"^(?:.*layers\.\d+\.)?", name).end()]
        last = 2 if any(other.startswith(f"{layer}source_norm.") for other in weights) else 1
        for old, path in PARTS.items():
            new = re.sub(rf"(^|\d\.){old}\.", rf"\g<1>{path.format(last=last)}.", new, count=1)
        renamed[new] = tensor
    assert len(renamed) == len(weights)
    return renamed


def fixture(name):
    """Read a fixture: its weights under today's names, its inputs, and what came out at `part-1`."""
    kinds = {"weights": {}, "inputs": {}, "outputs": {}}
    for key, tensor in load_file(FIXTURES / f"{name}.safetensors").items():
        kind, _, rest = key.partition("/")
        kinds[kind][rest] = tensor
    return new_names(kinds["weights"]), kinds["inputs"], kinds["outputs"]
