// Every number of the picture as rows of (array, place, value): what the table shows and the CSV holds.
import { numberText } from "./numbers.js";
import { arraysOf } from "./readouts.js";

/** @typedef {import("./types.js").Spec} Spec @typedef {import("./types.js").Context} Context */
/** @typedef {[name: string, place: string[], value: string]} Row */

/** @param {Spec} spec @param {Context} context @returns {Row[]} */
export function rowsOf(spec, context) {
  const present = spec.panels.filter((panel) => panel.over === undefined).flatMap((panel) => panel.arrays);
  const names = new Set([...present, ...spec.readouts.flatMap(arraysOf)]);
  return [
    ...spec.panels.flatMap((panel) => (panel.over === undefined ? [] : sweptRows(panel, panel.over, spec, context))),
    ...[...names].flatMap((name) => arrayRows(name, spec, context)),
  ];
}

/**
 * @param {import("./types.js").Panel} panel
 * @param {string} over
 * @param {Spec} spec
 * @param {Context} context
 * @returns {Row[]}
 */
function sweptRows(panel, over, spec, context) {
  const knob = /** @type {import("./types.js").Param} */ (spec.params.find((param) => param.name === over));
  return panel.arrays.flatMap((name) => Array.from(context.sweep(over, name), (value, i) =>
    /** @type {Row} */ ([`${name} over ${knob.label}`, [knob.labels[i]], numberText(value, context.format(name))])));
}

/** @param {string} name @param {Spec} spec @param {Context} context @returns {Row[]} */
function arrayRows(name, spec, context) {
  const { values, shape, format } = context.array(name), axes = spec.axes[name] ?? [];
  const words = shape.map((size, axis) => wordsFor(context, axes[axis], size));
  return Array.from(values, (value, i) => [name, placeOf(i, shape).map((at, axis) => words[axis][at]),
    numberText(value, format)]);
}

/**
 * Return the place along each axis of the i-th number.
 * @param {number} i
 * @param {number[]} shape
 */
export function placeOf(i, shape) {
  const place = [];
  for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
    place.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return place;
}

/** @param {Context} context @param {string | undefined} axis @param {number} size */
function wordsFor(context, axis, size) {
  const words = axis && context.has(`${axis}s`) ? context.words(`${axis}s`) : null;
  if (words && words.length === size) return words.map((word, i) => `${i + 1} ${word}`);
  return Array.from({ length: size }, (_, i) => (axis === "coordinate" ? "xyz"[i] : String(i + 1)));
}

const DIGITS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @param {string} cell */
const quote = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** @param {string} power */
const exponent = (power) => [...power].map((sign) => "-0123456789"[DIGITS.indexOf(sign)]).join("");

/** Write what a reader sees as what a spreadsheet reads. @param {string} value */
export const plain = (value) => value.replace("−", "-").replace("–", "nan").replace("∞", "inf")
  .replace(/×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/, (_, power) => `e${exponent(power)}`);

/** @param {Row[]} rows */
export function csvOf(rows) {
  const lines = rows.map(([name, [first = "", second = "", third = ""], value]) =>
    [name, first, second, third, plain(value)].map(quote).join(","));
  return `${["quantity,first,second,third,value", ...lines].join("\n")}\n`;
}
