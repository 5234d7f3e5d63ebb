"""Show an explorer in a kernel: the same drawing module, the numbers computed for whatever the reader asks.

The page sends the present values; the kernel answers with float32 arrays, and once per change of another knob with the
line over a swept knob. Works in JupyterLab, VS Code and Colab through anywidget.
"""

import time
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import torch
import traitlets

from transformer_edu.explorers import palette
from transformer_edu.explorers.declaration import Explorer
from transformer_edu.explorers.grid import sweeps
from transformer_edu.explorers.packing import pack_answer

ASSETS = Path(__file__).parent / "assets"
LONGEST_TEXT = 2000


class LiveExplorer(anywidget.AnyWidget):
    """The widget behind a live explorer; everything that it computes goes through `answer`."""

    _esm = ASSETS / "explorer.js"
    _css = f"{palette.css()}\n{(ASSETS / 'explorer.css').read_text(encoding='utf-8')}"
    spec = traitlets.Dict().tag(sync=True)

    def __init__(self, explorer: Explorer):
        super().__init__(spec=explorer.spec(live=True))
        self.explorer = explorer
        self.on_msg(self.receive)

    def receive(self, widget: Any, message: dict[str, Any], buffers: Any) -> None:
        """Answer one request of the page, an error with its words."""
        try:
            reply, data = self.answer(message)
        except Exception as problem:  # noqa: BLE001  whatever goes wrong is told where the reader looks, not in a log
            reply, data = {"request": message.get("request"), "error": f"{type(problem).__name__}: {problem}"}, []
        self.send(reply, data)

    def answer(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Compute the arrays for the values in `message`, and the sweeps that it asks for."""
        values, began = self.values(message["state"]), time.perf_counter()
        with torch.device(device()), torch.no_grad():
            arrays = self.explorer.answer(**values)
            used = {name: arrays[name] for name in self.explorer.used_arrays()}
            meta, buffers = pack_answer(used, self.explorer.format_of)
            asked = [(over, names) for over, names in sweeps(self.explorer) if over in message["sweeps"]]
            lines = {over: self.line(over, names, values, buffers) for over, names in asked}
        reply = {"request": message["request"], "arrays": meta, "sweeps": lines, "device": device()}
        return reply | {"seconds": time.perf_counter() - began}, buffers

    def line(self, over: str, names: list[str], values: dict[str, Any], buffers: list[bytes]) -> dict[str, Any]:
        """Compute the swept scalars for every stop of one knob."""
        stops = next(param for param in self.explorer.params if param.name == over).stops(live=True)
        answers = [self.explorer.answer(**(values | {over: stop})) for stop in stops]
        rows = {
            name: torch.stack([torch.as_tensor(answer[name]).cpu().float() for answer in answers]) for name in names
        }
        meta, more = pack_answer(rows, self.explorer.format_of)
        for entry in meta.values():
            entry["buffer"] += len(buffers)
        buffers.extend(more)
        return meta

    def values(self, state: dict[str, Any]) -> dict[str, Any]:
        """Turn the page's state (a stop's number, or a text) into the arguments of `compute`."""
        chosen = {}
        for param in self.explorer.params:
            place, stops = state[param.name], param.stops(live=True)
            if isinstance(place, str):
                if not param.text or not 0 < len(place.strip()) <= LONGEST_TEXT:
                    raise ValueError(f"{param.label} needs 1 to {LONGEST_TEXT} characters, got {len(place)}.")
                chosen[param.name] = place
            else:
                chosen[param.name] = stops[int(place)]
        return chosen


@cache
def device() -> str:
    """Return where live numbers are computed: the GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"
