"""Ask other packages what they compute, and keep their answers for the tests: `.venv/bin/python benchmarks/peers.py`.

It makes `.venv-peers`, where packages live that the book's lock cannot hold, and writes one small file a question into
`tests/peers/`: seeded weights, inputs, outputs, and who answered. `make test` reads those files and never needs a peer.
A new question is a function here whose name is that of its file.
"""

import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements-peers.txt"
FOLDER = ROOT / ".venv-peers"
KEPT = ROOT / "tests" / "peers"
MOST_BYTES = 100_000  # of one file
INSIDE = "--inside"


def make_environment() -> None:
    """Make `.venv-peers` over the book's environment: the peers come without what they would like to bring."""
    python = FOLDER / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        (site,) = FOLDER.glob("lib/python*/site-packages")
        own = next(path for path in sys.path if path.endswith("site-packages"))
        (site / "book.pth").write_text(own + "\n")
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "-r", str(LOCK)]
    subprocess.run(pip, check=True)


def import_timm():
    """Import timm where torchvision has no compiled operators: importing names two of them, and nothing calls them."""
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import timm

    timm.library = library  # it lives as long as timm
    return timm


def timm_attention() -> tuple[dict[str, Tensor], str]:
    """Ask timm's multi-head attention of the vision transformer: queries, keys and values in one projection."""
    timm = import_timm()
    from timm.layers.attention import Attention

    generator = torch.Generator().manual_seed(20)
    peer = Attention(dim=12, num_heads=3, qkv_bias=True).eval()
    for weights in peer.parameters():
        weights.data = torch.randn(weights.shape, generator=generator)
    tokens = torch.randn(2, 5, 12, generator=generator)
    with torch.no_grad():
        answer = {"tokens": tokens, "outputs": peer(tokens)}
    return answer | {f"weights.{name}": weights.detach() for name, weights in peer.named_parameters()}, timm.__version__


QUESTIONS = {"timm": [timm_attention]}  # by the package that answers


def write(peer: str, question) -> None:
    """Keep an answer with the name and version of the package that gave it."""
    tensors, version = question()
    path = KEPT / f"{question.__name__}.safetensors"
    who = {"peer": peer, "version": version, "torch": torch.__version__, "function": question.__name__}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata=who)
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"write needs at most {MOST_BYTES} bytes (everyone carries them), got {path.stat().st_size}.")
    print(f"{path.relative_to(ROOT)}: {peer} {version}, {path.stat().st_size} bytes")


def main(arguments: list[str]) -> int:
    if arguments != [INSIDE]:
        make_environment()
        command = [str(FOLDER / "bin" / "python"), str(Path(__file__)), INSIDE]
        return subprocess.run(command, cwd=ROOT).returncode
    for peer, questions in QUESTIONS.items():
        for question in questions:
            write(peer, question)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
