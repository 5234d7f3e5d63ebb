// The numbers as a table, and as a file.
import { element } from "./elements.js";
import { opener } from "./opener.js";
import { csvOf, rowsOf } from "./rows.js";

/** @typedef {import("./types.js").Spec} Spec @typedef {import("./rows.js").Row} Row */

const MOST_ROWS = 400;

/** @param {Spec} spec @param {import("./types.js").Now} now */
export function tableBox(spec, now) {
  return opener("Numbers as a table", (box) => {
    if (now.context) fill(box, spec, rowsOf(spec, now.context));
    else box.replaceChildren(element("p", { text: "No numbers yet." }));
  });
}

/** @param {HTMLElement} box @param {Spec} spec @param {Row[]} rows */
function fill(box, spec, rows) {
  const href = `data:text/csv;charset=utf-8,${encodeURIComponent(csvOf(rows))}`;
  const link = element("a", { download: `${spec.id}.csv`, text: "Download as CSV", href });
  const label = `Numbers of ${spec.title}`;
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, tableOf(rows));
  const left = `The first ${MOST_ROWS} of ${rows.length} numbers; the CSV holds all.`;
  box.replaceChildren(element("p", {}, link), scroll);
  if (rows.length > MOST_ROWS) box.append(element("p", { text: left }));
}

/** @param {Row[]} rows */
function tableOf(rows) {
  const heads = ["quantity", "of", "value"].map((text) => element("th", { scope: "col", text }));
  const body = element("tbody");
  for (const [name, place, value] of rows.slice(0, MOST_ROWS)) {
    const cells = [{ text: name.replaceAll("_", " ") }, { text: place.join(" · ") }, { class: "number", text: value }];
    body.append(element("tr", {}, ...cells.map((cell) => element("td", cell))));
  }
  return element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
}
