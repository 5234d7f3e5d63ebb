// Two doors to the same drawing: figures whose numbers stand in the page, and widgets whose numbers come from a kernel.
import { mount } from "./mount.js";
import { liveSource } from "./live.js";
import { numberText } from "./numbers.js";
import { staticSource } from "./static.js";

/** @param {HTMLElement} figure */
function takeOver(figure) {
  const data = JSON.parse(figure.querySelector("script.explorer-data")?.textContent ?? "");
  const began = performance.now();
  mount(figure, data.spec, staticSource(data));
  figure.dataset.readyMs = (performance.now() - began).toFixed(1);
}

const WAITING = "figure.explorer[data-explorer]:not([data-ready])";

function start() {
  for (const figure of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(WAITING))) {
    try { takeOver(figure); } catch (problem) { reportError(problem); } // its tables stay, and the others come to life
  }
}

if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
else start();

/** @param {{ model: import("./types.js").Model, el: HTMLElement }} view anywidget's */
function render({ model, el }) {
  const figure = document.createElement("figure");
  figure.className = "explorer";
  el.append(figure);
  const spec = model.get("spec");
  return mount(figure, spec, liveSource(model, spec));
}

export { numberText };
export default { render };
