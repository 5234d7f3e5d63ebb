// The quantity that matters over all values of one knob; a dashed line and dots mark where the reader is.
import { curves } from "../curves.js";

/** @typedef {import("../curves.js").Curves & { over: string }} Sweep */

/** @param {HTMLElement} host @param {Sweep} panel @param {import("../types.js").Spec} spec */
export default function sweep(host, panel, spec) {
  const { over, x_label: label } = panel;
  const knob = /** @type {import("../types.js").Param} */ (spec.params.find((param) => param.name === over));
  const places = knob.values.map(Number), { labels } = knob;
  return curves(host, panel, label || knob.label, (context) => ({
    places, labels, at: Number(context.state[over]), values: (name) => context.sweep(over, name),
  }));
}
