// Bars of one or several arrays, one row each, all rows on one scale. With edges they stand on a numeric axis.
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { numberText } from "../numbers.js";
import { bottomAxis, canvas, color, fit, group, words } from "../svg.js";

/** @typedef {import("../types.js").Series} Series @typedef {import("../types.js").Context} Context */
/**
 * @typedef {import("../types.js").Panel & { series: Series[], domain: [number, number], labels: string | null,
 *   pick: string | null, edges: string | null, theory: string | null, theory_label: string, x_label: string }} Bars
 * Where the bars of a row stand: the left edge of the i-th, and how wide it is.
 * @typedef {{ left(i: number): number, step(i: number): number, y(value: number): number, floor: number }} Places
 */

const NAME = 12, HEAD = 20, FOOT = 2; // px in a row: the line of its name, the room for it, the air below its bars
const TICK_EVERY = 90; // px

/** @param {HTMLElement} host @param {Bars} panel @returns {import("../types.js").Update} */
export default function bars(host, panel) {
  const svg = canvas(host, panel), rows = panel.series.map((series) => rowOf(svg, series));
  const axis = axisOf(svg), bottom = panel.edges ? (panel.x_label ? 38 : 20) : panel.labels ? 18 : 4;
  const height = (panel.height - bottom) / rows.length;

  return (context, width) => {
    svg.attr("width", width);
    rows.forEach((row, r) => {
      const values = context.numbers(row.series.array, panel.pick), places = placesOf(context, panel, values, width);
      const own = rowPlaces(places, panel, r, height);
      drawRow(row, panel, context, values, own, width, r * height + NAME);
      drawWords(row, panel, r === rows.length - 1 && panel.labels ? context.words(panel.labels) : [], own);
      drawTheory(row, panel.theory && r === 0 ? context.numbers(panel.theory) : null, own);
    });
    if (panel.edges) drawAxis(axis, panel, scaleOf(context.numbers(panel.edges), width), width, panel.height - bottom);
  };
}

/** @typedef {ReturnType<typeof rowOf>} Row @typedef {Pick<Places, "left" | "step">} Across */

/** @param {import("../svg.js").Svg} svg @param {Series} series */
function rowOf(svg, series) {
  const g = group(svg, "row").attr("data-row", series.array);
  return {
    series,
    base: g.append("line").attr("class", "base"),
    name: words(g, "name").style("fill", color(series.role)).text(series.label),
    most: g.append("text").attr("text-anchor", "end"),
    marks: group(g, "marks").style("fill", color(series.role)),
    words: group(g, "words"),
    theory: g.append("path").attr("class", "theory"),
  };
}

/** @param {import("../svg.js").Svg} svg */
const axisOf = (svg) => ({
  ticks: group(svg, "axis"),
  label: words(svg, "axis-label").attr("text-anchor", "middle"),
  theory: words(svg, "soft").attr("text-anchor", "end"),
});

/** @param {Float64Array} edges @param {number} width */
const scaleOf = (edges, width) => scaleLinear([edges[0], edges[edges.length - 1]], [2, width - 2]);

/** @param {Context} context @param {Bars} panel @param {Float64Array} values @param {number} width @returns {Across} */
function placesOf(context, panel, values, width) {
  if (!panel.edges) return { left: (i) => (i * width) / values.length, step: () => width / values.length };
  const edges = context.numbers(panel.edges), x = scaleOf(edges, width);
  return { left: (i) => x(edges[i]), step: (i) => x(edges[i + 1]) - x(edges[i]) };
}

/** @param {Across} across @param {Bars} panel @param {number} r @param {number} height @returns {Places} */
function rowPlaces(across, panel, r, height) {
  const floor = (r + 1) * height - FOOT, scale = scaleLinear(panel.domain, [floor, r * height + HEAD]).clamp(true);
  return { ...across, floor, y: (value) => scale(Number.isNaN(value) ? 0 : value) };
}

/**
 * @param {Row} row
 * @param {Bars} panel
 * @param {Context} context
 * @param {Float64Array} values
 * @param {Places} places
 * @param {number} width
 * @param {number} top where the name stands
 */
function drawRow({ series, base, name, most, marks }, panel, context, values, { left, step, y, floor }, width, top) {
  const gap = Math.min(3, 0.18 * step(0)), least = (/** @type {number} */ v) => (v > 0 ? 0.8 : 0);
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  base.attr("x1", 0).attr("x2", width).attr("y1", floor).attr("y2", floor);
  name.attr("x", 0).attr("y", top);
  most.attr("x", width).attr("y", top)
    .text(panel.edges ? "" : `largest ${numberText(largest, context.format(series.array))}`);
  marks.selectAll("rect").data(values).join("rect")
    .attr("x", (_, i) => left(i) + gap / 2).attr("width", (_, i) => Math.max(0.5, step(i) - gap))
    .attr("y", (v) => Math.min(y(v), floor - least(v))).attr("height", (v) => Math.max(least(v), floor - y(v)));
}

/** @param {Row} row @param {Bars} panel @param {string[]} names @param {Places} places */
function drawWords(row, panel, names, { left, step }) {
  row.words.selectAll("text").data(names).join("text")
    .attr("text-anchor", "middle").attr("x", (_, i) => left(i) + step(i) / 2).attr("y", panel.height - 3)
    .text((word, i) => fit(word, step(i)));
}

/** @param {Row} row @param {Float64Array | null} expected @param {Places} places */
function drawTheory({ theory }, expected, { left, step, y }) {
  const middle = /** @type {(v: number, i: number) => number} */ ((_, i) => left(i) + step(i) / 2);
  theory.attr("d", expected ? line(middle, (v) => y(v))(Array.from(expected)) : null);
}

/**
 * @param {ReturnType<typeof axisOf>} axis
 * @param {Bars} panel
 * @param {import("../svg.js").Scale} x
 * @param {number} width
 * @param {number} floor
 */
function drawAxis({ ticks, label, theory }, panel, x, width, floor) {
  bottomAxis(ticks.attr("transform", `translate(0,${floor})`), x, x.ticks(Math.max(3, width / TICK_EVERY)));
  label.attr("x", width / 2).attr("y", panel.height - 4).text(panel.x_label);
  theory.attr("x", width).attr("y", 28).text(panel.theory ? `- - ${panel.theory_label}` : "");
}
