// The knobs: native inputs with labels. Keys are handled here, because JupyterLab swallows arrow keys on range inputs.
import { element, fresh } from "./elements.js";

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 };
const LONG_WORDS = 45; // letters: a list with longer ones takes the whole row

/** @typedef {(label: string, labels: () => string[], turn: (place: any) => void) => import("./types.js").Knob} Maker */

/**
 * Return the stop that a key leads to, or null for a key that turns nothing.
 * @param {string} key
 * @param {number} now
 * @param {number} most
 */
export function stopAfter(key, now, most) {
  const wish = key === "Home" ? 0 : key === "End" ? most : key in STEPS ? now + STEPS[key] : null;
  return wish === null ? null : Math.min(most, Math.max(0, wish));
}

/** @param {KeyboardEvent} event @param {HTMLInputElement} input @param {(place: number) => void} turn */
function steer(event, input, turn) {
  event.stopPropagation();
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const now = Number(input.value), next = stopAfter(event.key, now, Number(input.max));
  if (next === null) return;
  event.preventDefault();
  if (next !== now) turn(next);
}

/**
 * One slider over the stops `labels()`; `turn` is told the new stop.
 * @type {Maker}
 */
export function slider(label, labels, turn) {
  const id = fresh("knob"), output = element("output", { for: id });
  const input = element("input", { type: "range", id, min: 0, step: 1 });
  input.addEventListener("input", () => turn(Number(input.value)));
  input.addEventListener("keydown", (event) => steer(event, input, turn));
  return {
    node: element("div", { class: "knob" }, element("label", { for: id, text: label }), output, input),
    show(place) {
      const words = labels(), i = Number(place);
      input.max = String(words.length - 1);
      input.value = String(i);
      output.textContent = words[i];
      input.setAttribute("aria-valuetext", `${label} ${words[i]}`);
    },
  };
}

/** @type {Maker} */
export function choice(label, labels, turn) {
  const id = fresh("knob"), select = element("select", { id });
  for (const [i, word] of labels().entries()) select.append(element("option", { value: i, text: word }));
  select.addEventListener("change", () => turn(Number(select.value)));
  select.addEventListener("keydown", (event) => event.stopPropagation());
  const wide = labels().some((word) => word.length > LONG_WORDS) ? " wide" : "";
  return {
    node: element("div", { class: `knob${wide}` }, element("label", { for: id, text: label }), select),
    show(place) { select.value = String(place); },
  };
}

/**
 * In a kernel: any text, with the book's choices on offer.
 * @type {Maker}
 */
export function text(label, labels, turn) {
  const id = fresh("knob"), list = fresh("list"), placeholder = "type any sentence, then press Enter";
  const input = element("input", { type: "text", id, list, maxlength: 2000, placeholder });
  const offers = element("datalist", { id: list }, ...labels().map((word) => element("option", { value: word })));
  input.addEventListener("change", () => {
    const known = labels().indexOf(input.value);
    if (input.value.trim()) turn(known >= 0 ? known : input.value);
  });
  for (const kind of ["keydown", "keyup", "keypress"]) input.addEventListener(kind, (event) => event.stopPropagation());
  return {
    node: element("div", { class: "knob wide" }, element("label", { for: id, text: label }), input, offers),
    show(place) { input.value = typeof place === "string" ? place : labels()[place]; },
  };
}
