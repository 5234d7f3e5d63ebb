"""all-MiniLM-L6-v2: a BERT with 6 layers of 12 heads, made of this package's parts and filled with trained weights."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from transformer_edu.layers import Given, encoder_layer
from transformer_edu.minilm.embedding import InputEmbedding
from transformer_edu.minilm.weights import fetch_weights

UNUSED = {"pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids"}  # not on the way to the hidden states
OUR_NAMES = {  # applied in this order
    "LayerNorm.weight": "LayerNorm.gain",
    "embeddings.LayerNorm": "embedding.norm",
    "embeddings.word_embeddings": "embedding.token",
    "embeddings.position_embeddings": "embedding.position",
    "embeddings.token_type_embeddings": "embedding.segment",
    "encoder.layer": "layers",
    "attention.self": "sublayers.0.part.attention",
    "attention.output.dense": "sublayers.0.part.attention.output",
    "attention.output.LayerNorm": "sublayers.0.residual.norm",
    "intermediate.dense": "sublayers.1.part.network.expand",
    "output.dense": "sublayers.1.part.network.contract",
    "output.LayerNorm": "sublayers.1.residual.norm",
}


class Encoded(NamedTuple):
    """What an encoder computed on its way; entry 0 of the hidden states is what entered the first layer."""

    hidden_states: Float[Tensor, "*batch layer+1 token dim"]
    weights: Float[Tensor, "*batch layer head query key"]


class MiniLM(nn.Module):
    """Embed word pieces, then pass them through one encoder layer after the other.

    Source: [wang2020minilm] for the student model, [reimers2019sentence] for its training on sentences.
    """

    def __init__(self, config: dict, tokenizer: Tokenizer):
        super().__init__()
        dim, eps = config["hidden_size"], config["layer_norm_eps"]
        self.tokenizer = tokenizer
        self.embedding = InputEmbedding(
            dim,
            vocab=config["vocab_size"],
            positions=config["max_position_embeddings"],
            segments=config["type_vocab_size"],
            eps=eps,
        )
        self.layers = nn.ModuleList(
            encoder_layer(dim, heads=config["num_attention_heads"], hidden=config["intermediate_size"], eps=eps)
            for _ in range(config["num_hidden_layers"])
        )

    def forward(
        self,
        token_ids: Int[Tensor, "*batch token"],
        *,
        segments: Int[Tensor, "*batch token"] | None = None,
        allowed: Bool[Tensor, "*#batch #token #token"] | None = None,
    ) -> Encoded:
        """Return the hidden states before the first and after each layer, and the weights of all heads."""
        hidden_states, weights = [self.embedding(token_ids, segments=segments)], []
        for layer in self.layers:
            outputs, (seen, _) = layer(hidden_states[-1], Given(allowed=allowed))
            hidden_states.append(outputs)
            weights.append(seen)
        return Encoded(torch.stack(hidden_states, dim=-3), torch.stack(weights, dim=-4))


def load_minilm(folder: Path | None = None) -> MiniLM:
    """Return the trained model, ready to read; if the folder (default: the cache) lacks its files, download them.

    Raises: MissingWeights if they cannot be had. Catch it, print it, and go on without them.
    """
    folder = fetch_weights(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()  # as shipped, it cuts texts off after 128 word pieces …
    tokenizer.no_padding()  # … and fills shorter ones up to 128
    with torch.device("meta"):  # no random start: the file brings every number
        minilm = MiniLM(json.loads((folder / "config.json").read_text("utf-8")), tokenizer)
    minilm.load_state_dict(our_names(load_file(folder / "model.safetensors")), assign=True)
    return minilm.eval()


def our_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors of a BERT file the names that they have in this package."""
    renamed = {}
    for name, tensor in weights.items():
        if name not in UNUSED:
            for theirs, ours in OUR_NAMES.items():
                name = name.replace(theirs, ours)
            renamed[name] = tensor
    return renamed
