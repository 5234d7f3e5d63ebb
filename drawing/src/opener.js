// A button that opens a box below, and one that copies.
import { element, fresh } from "./elements.js";

const SHOWN = 2000; // ms that a button says what it did

/**
 * `fill` writes the box anew whenever it is open and something changed.
 * @param {string} label
 * @param {(box: HTMLElement) => void} fill
 * @returns {import("./types.js").Box}
 */
export function opener(label, fill) {
  const id = fresh("box"), box = element("div", { class: "box", id, hidden: "" });
  const attributes = { type: "button", class: "plain", "aria-expanded": "false", "aria-controls": id, text: label };
  const button = element("button", attributes);
  button.addEventListener("click", () => {
    box.hidden = !box.hidden;
    button.setAttribute("aria-expanded", String(!box.hidden));
    if (!box.hidden) fill(box);
  });
  return { button, box, refresh() { if (!box.hidden) fill(box); } };
}

/**
 * Copy a text, and say on the button for a while what became of it.
 * @param {HTMLElement} button
 * @param {string} text
 * @param {{ label: string, done: string, failed: string }} words
 */
export async function copy(button, text, { label, done, failed }) {
  try { await navigator.clipboard.writeText(text); button.textContent = done; }
  catch { button.textContent = failed; }
  setTimeout(() => { button.textContent = label; }, SHOWN);
}
