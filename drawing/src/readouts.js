// Numbers beside the picture.
import { element } from "./elements.js";
import { numberText } from "./numbers.js";

/** @typedef {import("./types.js").Readout} Readout */

/** @param {Readout} readout */
export const arraysOf = ({ array, then }) => (then ? [array, then] : [array]);

/**
 * @param {Readout} readout
 * @returns {{ node: HTMLElement, show(context: import("./types.js").Context): void }}
 */
export function readoutOf(readout) {
  const numbers = arraysOf(readout).map((array) => ({ array, node: element("b", { "data-readout": array }) }));
  const written = numbers.flatMap(({ node }, i) => (i ? [" → ", node] : [node]));
  return {
    node: element("li", {}, `${readout.label} `, ...written, readout.unit && ` ${readout.unit}`),
    show(context) {
      for (const { array, node } of numbers) {
        const { values, format } = context.array(array);
        const words = numberText(values[readout.pick ? context.picks[readout.pick] : 0], format);
        if (node.textContent !== words) node.textContent = words;
      }
    },
  };
}
