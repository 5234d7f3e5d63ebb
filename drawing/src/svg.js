// What the drawing functions share: the canvas, the axes, the words that must fit.
import { axisBottom, axisLeft } from "d3-axis";
import { select } from "d3-selection";
import { tickText } from "./numbers.js";

/** @typedef {import("d3-selection").Selection<SVGSVGElement, unknown, null, undefined>} Svg */
/** @typedef {import("d3-selection").Selection<SVGGElement, unknown, null, undefined>} Group */
/** @typedef {import("d3-scale").ScaleContinuousNumeric<number, number>} Scale */

/** @param {string} role */
export const color = (role) => `var(--te-${role})`;

/** @param {HTMLElement} host @param {{ title: string, height: number }} panel @returns {Svg} */
export function canvas(host, { title, height }) {
  return select(host).append("svg").attr("role", "img").attr("aria-label", title).attr("height", height);
}

/** @param {Svg | Group} parent @param {string} name @returns {Group} */
export const group = (parent, name) =>
  /** @type {Group} */ (/** @type {Group} */ (parent).append("g").attr("class", name));

/** @param {Svg | Group} parent @param {string} name */
export const words = (parent, name) => /** @type {Group} */ (parent).append("text").attr("class", name);

const WIDTH_OF_A_LETTER = 0.56; // em: close for system fonts, and a little generous

/** Text has no measured width before it is drawn. @param {string} text @param {number} [size] */
export const textWidth = (text, size = 12.5) => [...String(text)].length * size * WIDTH_OF_A_LETTER;

/** @param {string} text @param {number} width @param {number} [size] */
export function fit(text, width, size = 12.5) {
  const most = Math.max(1, Math.floor(width / (size * WIDTH_OF_A_LETTER)));
  const letters = [...String(text)];
  return letters.length <= most ? String(text) : `${letters.slice(0, Math.max(1, most - 1)).join("")}…`;
}

/** @param {Group} g @param {Scale} scale @param {number[]} values */
export function leftAxis(g, scale, values) {
  g.call(axisLeft(scale).tickSizeOuter(0).tickFormat((tick) => tickText(Number(tick))).tickValues(values));
}

/** @param {Group} g @param {Scale} scale @param {number[]} values @param {(i: number) => string} [text] */
export function bottomAxis(g, scale, values, text = (i) => tickText(values[i])) {
  g.call(axisBottom(scale).tickSizeOuter(0).tickValues(values).tickFormat((_, i) => text(i)));
}

/**
 * Ticks of a logarithmic axis: powers of ten, thinned to what fits; over less than three of them also 2 and 5.
 * @param {[number, number]} domain
 * @param {number} [most]
 */
export function powers([low, high], most = 5) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first + 1) / most));
  const tens = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => 10 ** (first + i * step));
  if (last - first >= 2) return tens;
  return [0.1, ...tens].flatMap((ten) => [ten, 2 * ten, 5 * ten]).filter((tick) => tick >= low && tick <= high);
}

/**
 * Keep labels of one column from lying on each other: move them apart, in their order.
 * @param {number[]} places
 * @param {number} gap
 * @param {[number, number]} limits
 */
export function spread(places, gap, [top, bottom]) {
  const order = places.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  let last = top - gap, limit = bottom;
  for (const item of order) last = item.y = Math.max(item.y, last + gap);
  for (const item of order.reverse()) { item.y = Math.min(item.y, limit); limit = item.y - gap; }
  /** @type {number[]} */
  const out = [];
  for (const { y, i } of order) out[i] = y;
  return out;
}

/**
 * Of many stops label those that do not touch each other, the first and the last among them.
 * @param {number[]} places where the stops are drawn
 * @param {string[]} labels
 */
export function thin(places, labels) {
  const kept = [], last = places.length - 1, half = (/** @type {number} */ i) => textWidth(labels[i]) / 2 + 4;
  let free = -Infinity;
  for (let i = 0; i <= last; i++) {
    if (places[i] - half(i) < free) continue;
    if (i !== last && places[i] + half(i) > places[last] - half(last)) continue;
    kept.push(i);
    free = places[i] + half(i);
  }
  return kept;
}
