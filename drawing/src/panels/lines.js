// Lines over the numbers of an array: learning curves, a cost over a length. Nothing is marked.
import { curves } from "../curves.js";
import { tickText } from "../numbers.js";

/** @typedef {import("../curves.js").Curves & { x: string }} Lines */

/** @param {HTMLElement} host @param {Lines} panel */
export default function lines(host, panel) {
  return curves(host, panel, panel.x_label, (context) => {
    const places = Array.from(context.numbers(panel.x));
    return { places, labels: places.map(tickText), at: null, values: (name) => context.numbers(name) };
  });
}
