// From the picked token to every token, as thick as the weight. Where the row does not fit, the picture turns by 90°.
import { numberText } from "../numbers.js";
import { canvas, color, fit, group, textWidth } from "../svg.js";

/** @typedef {import("../types.js").Panel & { weights: string, tokens: string, pick: string }} Arcs */

const LINE = 26; // px of a token where they stand below each other
const ROOM_FOR_NUMBERS = 44; // px of a token

/**
 * @param {HTMLElement} host
 * @param {Arcs} panel
 * @param {unknown} _
 * @param {import("../types.js").Hands} hands
 * @returns {import("../types.js").Update}
 */
export default function arcs(host, panel, _, hands) {
  const svg = canvas(host, panel);
  const parts = {
    paths: group(svg, "arcs"), boxes: group(svg, "boxes"),
    names: group(svg, "token-names"), numbers: group(svg, "numbers"),
  };
  return (context, width) => {
    const tokens = context.words(panel.tokens), at = context.picks[panel.pick];
    const weights = context.numbers(panel.weights, panel.pick), places = placesOf(tokens, panel, width);
    svg.attr("width", width).attr("height", places.height);
    drawArcs(parts, weights, at, places);
    drawBoxes(parts, weights, at, places, (i) => hands.choose([panel.pick], [i]));
    drawNames(parts, tokens, at, places);
    drawNumbers(parts, weights, context.format(panel.weights), places, width);
  };
}

/** @typedef {Record<"paths" | "boxes" | "names" | "numbers", import("../svg.js").Group>} Parts */
/** @typedef {ReturnType<typeof placesOf>} Places */

/** @param {string[]} tokens @param {Arcs} panel @param {number} width */
function placesOf(tokens, panel, width) {
  const needed = tokens.reduce((sum, word) => sum + Math.max(40, textWidth(word, 13) + 14), 0), flat = needed <= width;
  const height = flat ? panel.height : tokens.length * LINE + 8, baseline = height - 48;
  const step = width / tokens.length, column = Math.min(110, width * 0.3);
  const x = (/** @type {number} */ i) => (flat ? (i + 0.5) * step : column);
  const y = (/** @type {number} */ i) => (flat ? baseline : (i + 0.5) * LINE + 4);
  return { flat, height, baseline, step, column, x, y, most: width - column - 90 };
}

/** @param {Places} places @param {number} from @param {number} to */
function arcOf({ flat, baseline, column, x, y, most }, from, to) {
  if (from === to) return null;
  if (flat) {
    const high = Math.max(4, baseline - (Math.abs(x(to) - x(from)) * 0.28 + 10)), low = baseline - 2;
    return `M${x(from)} ${low}C${x(from)} ${high},${x(to)} ${high},${x(to)} ${low}`;
  }
  const far = column + Math.min(most, Math.abs(y(to) - y(from)) * 0.45 + 14);
  return `M${column + 2} ${y(from)}C${far} ${y(from)},${far} ${y(to)},${column + 2} ${y(to)}`;
}

/** @param {Parts} parts @param {Float64Array} weights @param {number} at @param {Places} places */
function drawArcs({ paths }, weights, at, places) {
  paths.selectAll("path").data(weights).join("path").attr("d", (_, i) => arcOf(places, at, i))
    .style("stroke", color("key")).style("stroke-width", (weight) => 0.5 + weight * 14)
    .style("stroke-opacity", (weight) => Math.min(1, 0.22 + weight * 1.4));
}

/**
 * @param {Parts} parts
 * @param {Float64Array} weights
 * @param {number} at
 * @param {Places} places
 * @param {(i: number) => void} clicked
 */
function drawBoxes({ boxes }, weights, at, { flat, baseline, step, column, x, y }, clicked) {
  boxes.selectAll("rect").data(weights).join("rect").attr("data-i", (_, i) => i).attr("rx", 5)
    .on("click", (event) => clicked(Number(event.currentTarget.dataset.i)))
    .attr("x", (_, i) => (flat ? x(i) - step / 2 + 2 : 0))
    .attr("y", (_, i) => (flat ? baseline : y(i) - LINE / 2 + 1))
    .attr("width", flat ? step - 4 : column).attr("height", flat ? 26 : LINE - 2)
    .style("fill", (_, i) => color(i === at ? "query" : "key"))
    .style("fill-opacity", (weight, i) => (i === at ? 1 : Math.min(0.6, 0.06 + weight * 0.54)));
}

/** @param {Parts} parts @param {string[]} tokens @param {number} at @param {Places} places */
function drawNames({ names }, tokens, at, { flat, baseline, step, column, x, y }) {
  names.selectAll("text").data(tokens).join("text").attr("text-anchor", "middle")
    .attr("class", (_, i) => (i === at ? "on-dark" : "on-light"))
    .attr("x", (_, i) => (flat ? x(i) : column / 2)).attr("y", (_, i) => (flat ? baseline + 17.5 : y(i) + 4.5))
    .text((word) => fit(word, flat ? step - 8 : column - 8, 13));
}

/**
 * @param {Parts} parts
 * @param {Float64Array} weights
 * @param {string} format
 * @param {Places} places
 * @param {number} width
 */
function drawNumbers({ numbers }, weights, format, { flat, height, step, x, y }, width) {
  const short = step < ROOM_FOR_NUMBERS && flat && format === ".3f" ? ".2f" : format;
  numbers.selectAll("text").data(weights).join("text").attr("text-anchor", flat ? "middle" : "end")
    .attr("x", (_, i) => (flat ? x(i) : width - 2)).attr("y", (_, i) => (flat ? height - 6 : y(i) + 4.5))
    .text((weight) => numberText(weight, short));
}
