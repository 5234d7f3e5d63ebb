// Curves over a common axis, linear or logarithmic, with a mark where the reader is if there is such a place.
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import { bottomAxis, canvas, color, group, leftAxis, powers, spread, textWidth, thin, words } from "./svg.js";

/** @typedef {import("./types.js").Series} Series @typedef {import("./svg.js").Scale} Scale */
/**
 * What a panel of curves says.
 * @typedef {import("./types.js").Panel & { series: Series[], domain: [number, number], x_label: string, x_log: boolean,
 *   y_log: boolean, peaks?: boolean }} Curves
 * What is drawn now: where the stops lie, their words, the stop where the reader is (or null), each curve's numbers.
 * @typedef {{ places: number[], labels: string[], at: number | null, values(array: string): Float64Array }} Now
 */

const MARGIN = { left: 42, right: 10, top: 12, bottom: 40 };
const ROOM_FOR_NAMES = 420; // px: in wider pictures names stand right of the lines' ends, else above them
const GAP = 15; // px between two names

/**
 * @param {HTMLElement} host
 * @param {Curves} panel
 * @param {string} xLabel
 * @param {(context: import("./types.js").Context) => Now} nowOf
 * @returns {import("./types.js").Update}
 */
export function curves(host, panel, xLabel, nowOf) {
  const parts = partsOf(host, panel, xLabel);
  return (context, width) => {
    const now = nowOf(context), frame = frameOf(panel, now.places, width);
    parts.svg.attr("width", width);
    drawAxes(parts, panel, now, frame);
    const here = frame.x(now.places[now.at ?? 0]);
    parts.now.style("display", () => (now.at === null ? "none" : null)).attr("x1", here).attr("x2", here)
      .attr("y1", MARGIN.top).attr("y2", frame.floor);
    for (const mark of parts.marks) drawCurve(mark, panel, now, frame);
    if (panel.peaks) nameAtPeaks(parts.marks, now, frame);
    else nameAtEnds(parts.marks.filter(({ series }) => series.label), panel, now, frame);
  };
}

/** @typedef {ReturnType<typeof partsOf>} Parts @typedef {Parts["marks"][number]} Mark */
/** @typedef {ReturnType<typeof frameOf>} Frame */

/** @param {HTMLElement} host @param {Curves} panel @param {string} xLabel */
function partsOf(host, panel, xLabel) {
  const svg = canvas(host, panel);
  const axes = { grid: group(svg, "gridlines"), y: group(svg, "axis y"), x: group(svg, "axis x") };
  const now = svg.append("line").attr("class", "now");
  const marks = panel.series.map((series) => markOf(svg, series));
  for (const { series, name } of marks) if (series.label) name.raise(); // no line runs through a name
  const label = words(svg, "axis-label").attr("text-anchor", "middle").text(xLabel);
  return { svg, axes, now, marks, label };
}

/** @param {import("./svg.js").Svg} svg @param {Series} series */
function markOf(svg, series) {
  const { role, dash, thin: slight, label } = series, classes = `curve${dash ? " dash" : ""}${slight ? " thin" : ""}`;
  return {
    series,
    path: svg.append("path").attr("class", classes).style("stroke", color(role)),
    dot: svg.append("circle").attr("class", "dot").attr("r", dash || slight ? 3.5 : 5.5).style("fill", color(role)),
    name: words(svg, "name").style("fill", color(role)).text(label),
  };
}

/** @param {Curves} panel @param {number[]} places @param {number} width */
function frameOf(panel, places, width) {
  const floor = panel.height - MARGIN.bottom, right = width - MARGIN.right;
  const outside = width > ROOM_FOR_NAMES && !panel.peaks;
  const room = outside ? Math.max(...panel.series.map((series) => textWidth(series.label, 13.5))) + 12 : 0;
  const end = right - room, ends = [places[0], places[places.length - 1]];
  const x = (panel.x_log ? scaleLog() : scaleLinear()).domain(ends).range([MARGIN.left, end]);
  const y = (panel.y_log ? scaleLog() : scaleLinear()).domain(panel.domain).range([floor, MARGIN.top]).clamp(true);
  return { x: /** @type {Scale} */ (x), y: /** @type {Scale} */ (y), floor, right, end, outside };
}

/** @param {Parts} parts @param {Curves} panel @param {Now} now @param {Frame} frame */
function drawAxes({ axes, label }, panel, { places, labels }, { x, y, floor, end }) {
  const ticks = panel.y_log ? powers(panel.domain) : y.ticks(4), shown = thin(places.map(x), labels);
  axes.grid.selectAll("line").data(ticks).join("line")
    .attr("x1", MARGIN.left).attr("x2", end).attr("y1", y).attr("y2", y);
  leftAxis(axes.y.attr("transform", `translate(${MARGIN.left},0)`), y, ticks);
  const onFloor = axes.x.attr("transform", `translate(0,${floor})`);
  bottomAxis(onFloor, x, shown.map((i) => places[i]), (i) => labels[shown[i]]);
  label.attr("x", (MARGIN.left + end) / 2).attr("y", panel.height - 4);
}

/** @param {Mark} mark @param {Curves} panel @param {Now} now @param {Frame} frame */
function drawCurve({ series, path, dot }, panel, { places, at, values: valuesOf }, { x, y, floor }) {
  const values = valuesOf(series.array);
  const drawn = (/** @type {number} */ v) => Number.isFinite(v) && !(panel.y_log && v <= 0);
  const across = /** @type {(v: number, i: number) => number} */ ((_, i) => x(places[i]));
  path.attr("d", line(across, (v) => y(v)).defined(drawn)(Array.from(values)));
  const own = at === null ? Number.NaN : panel.y_log && values[at] <= 0 ? panel.domain[0] : values[at];
  dot.attr("cx", x(places[at ?? 0])).attr("cy", Number.isFinite(own) ? y(own) : floor)
    .style("display", () => (Number.isFinite(own) ? null : "none"));
}

/** Return the place of the largest number. @param {Float64Array} values */
const peakOf = (values) =>
  values.reduce((best, v, i) => (v > values[best] || Number.isNaN(values[best]) ? i : best), 0);

/** @param {Mark[]} marks @param {Now} now @param {Frame} frame */
function nameAtPeaks(marks, { places, values: valuesOf }, { x, y, right }) {
  for (const { series, name } of marks) {
    const values = valuesOf(series.array), peak = peakOf(values);
    const middle = Math.min(right - 20, Math.max(MARGIN.left + 20, x(places[peak])));
    name.attr("x", middle).attr("text-anchor", "middle").attr("y", y(values[peak]) - 7);
  }
}

/** @param {Mark[]} named @param {Curves} panel @param {Now} now @param {Frame} frame */
function nameAtEnds(named, panel, now, { y, floor, right, end, outside }) {
  const low = panel.domain[0];
  const ends = named.map(({ series }) => {
    const last = Array.from(now.values(series.array)).reverse().find(Number.isFinite) ?? low;
    return y(panel.y_log ? Math.max(last, low) : last) + (outside ? 4 : -8);
  });
  const places = spread(ends, GAP, [MARGIN.top + 9, floor]);
  named.forEach(({ name }, i) => {
    name.attr("x", outside ? end + 8 : right).attr("text-anchor", outside ? "start" : "end").attr("y", places[i]);
  });
}
