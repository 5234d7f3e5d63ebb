// Bring an explorer to life: parts made once, a state that knobs change, numbers from a source, all parts shown anew.
import { follow } from "./address.js";
import { contextOf } from "./context.js";
import { arrange } from "./frame.js";
import { clampPicks, settle, startOf } from "./now.js";
import { numberText } from "./numbers.js";
import { partsOf } from "./parts.js";
import { altNow } from "./words.js";

/** @typedef {import("./types.js").Spec} Spec @typedef {import("./types.js").Now} Now */
/** @typedef {import("./types.js").Source} Source @typedef {import("./parts.js").Parts} Parts */

/**
 * @param {HTMLElement} figure
 * @param {Spec} spec
 * @param {Source} source
 * @returns {() => void} how to take it down
 */
export function mount(figure, spec, source) {
  const now = startOf(spec);
  /** @type {import("./types.js").Turn} */
  const turn = (state, picks) => (settle(now, state, picks) ? ask(figure, now, parts, source, draw) : draw());
  const parts = partsOf(spec, now, source.live, turn, () => startAgain(spec, now, parts, turn));
  const draw = () => show(spec, now, parts);
  arrange(figure, spec, parts);
  const observer = new ResizeObserver(draw);
  observer.observe(figure);
  figure.classList.toggle("waiting", source.live); // until the first answer there is nothing to show
  ask(figure, now, parts, source, draw);
  const leave = source.live ? () => {} : follow(figure, spec, turn);
  figure.dataset.ready = "true";
  return () => { observer.disconnect(); leave(); source.stop(); };
}

/** @param {Spec} spec @param {Now} now @param {Parts} parts @param {import("./types.js").Turn} turn */
function startAgain(spec, now, parts, turn) {
  const start = startOf(spec);
  turn(start.state, start.picks);
  now.moved = false;
  parts.predict?.reset();
}

const BUSY = "computing …";
const GONE = "The kernel does not answer: it is busy or gone. The picture shows its last answer.";
const ASLEEP = "Run the cell to bring this figure to life.";

/**
 * Ask the source for the numbers of the present state.
 * @param {HTMLElement} figure
 * @param {Now} now
 * @param {Parts} parts
 * @param {Source} source
 * @param {() => void} draw
 */
function ask(figure, now, { knobs, status }, source, draw) {
  for (const knob of knobs) knob.show(now.state[knob.name]);
  const asked = { ...now.state };
  const say = (/** @type {string} */ words) => { if (status) status.textContent = words; };
  const reveal = () => figure.classList.remove("waiting");
  say(BUSY);
  source.request(asked, {
    draw(answer) {
      reveal();
      now.context = contextOf(answer, asked, now.picks);
      if (status) say(computed(answer));
      draw();
    },
    fail(problem) { reveal(); say(problem); },
    late() { say(now.context ? GONE : ASLEEP); },
    wait() { say(BUSY); },
  });
}

/** @param {import("./types.js").Answer} answer */
const computed = ({ device, seconds = 0 }) => `Computed on ${device} in ${numberText(seconds * 1000, ".2s")} ms.`;

/** @param {Spec} spec @param {Now} now @param {Parts} parts */
function show(spec, now, parts) {
  const { context } = now;
  if (!context) return;
  clampPicks(now, spec);
  for (const knob of parts.knobs) knob.show(now.state[knob.name]);
  for (const pick of parts.pickers) pick.show(now.picks[pick.name]);
  for (const panel of parts.panels) panel.show(context);
  for (const readout of parts.readouts) readout.show(context);
  const alt = altNow(spec, context);
  for (const panel of parts.panels) panel.describe(alt);
  for (const box of [parts.link, parts.table, parts.code]) box?.refresh();
  if (now.moved) parts.predict?.tell();
}
