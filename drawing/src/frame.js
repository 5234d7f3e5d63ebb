// The frame of an explorer, from top to bottom: title, guess, knobs, panels, read-outs, note, and what opens below.
import { element, fresh } from "./elements.js";

/** @typedef {import("./types.js").Spec} Spec @typedef {import("./parts.js").Parts} Parts */

/**
 * Put the parts into the figure.
 * @param {HTMLElement} figure
 * @param {Spec} spec
 * @param {Parts} parts
 */
export function arrange(figure, spec, parts) {
  const id = fresh("title");
  const nodes = [
    element("p", { class: "explorer-title", id, text: spec.title }), parts.predict?.node,
    ...inputs(parts), ...picture(spec, parts), parts.status, more(parts), parts.table.box, parts.code?.box,
  ];
  figure.replaceChildren(.../** @type {Node[]} */ (nodes.filter(Boolean)));
  figure.setAttribute("role", "group");
  figure.setAttribute("aria-labelledby", id);
  figure.removeAttribute("aria-label");
}

/** @param {Parts} parts */
const interactive = ({ knobs, pickers }) => knobs.length + pickers.length > 0;

/** @param {Parts} parts */
function inputs(parts) {
  const nodes = [...parts.knobs, ...parts.pickers].map((knob) => knob.node);
  return interactive(parts) ? [element("div", { class: "knobs" }, ...nodes)] : [];
}

/** @param {Spec} spec @param {Parts} parts */
function picture(spec, { panels, readouts }) {
  const numbers = { class: "readouts", "aria-live": "polite" };
  return [
    element("div", { class: "panels" }, ...panels.map((panel) => panel.node)),
    readouts.length > 0 && element("ul", numbers, ...readouts.map((readout) => readout.node)),
    spec.note && element("p", { class: "explorer-note", text: spec.note }),
  ];
}

/** @param {Parts} parts */
function more(parts) {
  const { link, table, code, again } = parts, turns = interactive(parts);
  return element("div", { class: "more" }, turns && link?.link, table.button, code?.button, turns && again);
}
