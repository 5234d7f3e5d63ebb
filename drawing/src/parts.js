// Make the parts of an explorer, each once; they are updated in place.
import { codeBox } from "./code.js";
import { element } from "./elements.js";
import { choice, slider, text } from "./knobs.js";
import { linkButton } from "./link.js";
import { sorted } from "./now.js";
import { panelOf } from "./panel.js";
import { predictionOf } from "./predict.js";
import { readoutOf } from "./readouts.js";
import { tableBox } from "./table.js";

/** @typedef {import("./types.js").Spec} Spec @typedef {import("./types.js").Now} Now */
/** @typedef {import("./types.js").Turn} Turn @typedef {ReturnType<typeof partsOf>} Parts */

const KNOBS = { range: slider, choice, text };

/**
 * @param {Spec} spec
 * @param {Now} now
 * @param {boolean} live
 * @param {Turn} turn
 * @param {() => void} again
 */
export function partsOf(spec, now, live, turn, again) {
  return {
    knobs: knobsOf(spec, turn),
    pickers: pickersOf(spec, now, turn),
    panels: spec.panels.map((panel) => panelOf(panel, spec, {
      choose: (names, places) => turn(...sorted(now, names, places)),
    })),
    readouts: spec.readouts.map(readoutOf),
    predict: predictionOf(spec.prediction),
    status: live ? element("p", { class: "explorer-status", role: "status" }) : null,
    link: live ? null : linkButton(spec, now),
    table: tableBox(spec, now),
    code: spec.code ? codeBox(spec, now) : null,
    again: element("button", { type: "button", class: "plain", text: "Start again", onclick: again }),
  };
}

/** @param {Spec} spec @param {Turn} turn */
function knobsOf(spec, turn) {
  return spec.params.filter((param) => !param.hidden).map(({ name, label, labels, kind }) => ({
    name, ...KNOBS[kind](label, () => labels, (place) => turn({ [name]: place }, {})),
  }));
}

/** @param {Spec} spec @param {Now} now @param {Turn} turn */
function pickersOf(spec, now, turn) {
  const wordsOf = (/** @type {string} */ of) => /** @type {import("./types.js").Context} */ (now.context).words(of);
  return spec.picks.map(({ name, label, of }) => ({
    name, ...slider(label, () => wordsOf(of), (place) => turn({}, { [name]: place })),
  }));
}
