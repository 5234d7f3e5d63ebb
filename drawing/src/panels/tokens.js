// Rows of words in boxes that wrap; behind each word a strength between 0 and 1.
import { select } from "d3-selection";
import { numberText } from "../numbers.js";
import { color } from "../svg.js";

/** @typedef {import("../types.js").Series} Series */
/** @typedef {import("../types.js").Panel & { rows: Series[], strengths: (string | null)[] }} Tokens */

/** @param {HTMLElement} host @param {Tokens} panel @returns {import("../types.js").Update} */
export default function tokens(host, panel) {
  const rows = panel.rows.map((series) => rowOf(host, series));
  return (context) => {
    rows.forEach(({ series, list }, r) => {
      const name = panel.strengths[r], numbers = name ? context.array(name) : null;
      drawRow(list, series, context.words(series.array), numbers);
    });
  };
}

/** @param {HTMLElement} host @param {Series} series */
function rowOf(host, series) {
  const row = select(host).append("div").attr("class", "token-row");
  row.append("span").attr("class", "name").style("color", color(series.role)).text(series.label);
  return { series, list: row.append("span").attr("class", "token-list") };
}

/**
 * @param {ReturnType<typeof rowOf>["list"]} list
 * @param {Series} series
 * @param {string[]} words
 * @param {import("../types.js").Numbers | null} numbers
 */
function drawRow(list, series, words, numbers) {
  const boxes = list.selectAll("span.token").data(words).join((enter) => {
    const box = enter.append("span").attr("class", "token");
    for (const part of ["i", "b", "small"]) box.append(part);
    return box;
  });
  boxes.each((word, i, nodes) => {
    const box = select(/** @type {Element} */ (nodes[i])), strength = numbers?.values[i];
    box.select("i").style("background", color(series.role))
      .style("opacity", strength === undefined ? 0.12 : 0.55 * strength);
    box.select("b").text(word);
    box.select("small").text(strength === undefined || !numbers ? "" : numberText(strength, numbers.format));
  });
}
