// Vectors in the plane as arrows from the origin; the axes keep their scale whatever the knobs do.
import { scaleLinear } from "d3-scale";
import { canvas, color, group } from "../svg.js";

/** @typedef {import("../types.js").Series} Series @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Panel & { series: Series[], extent: number, weights: string | null }} Plane */
/** @typedef {[number, number]} Vector @typedef {import("../svg.js").Scale} Scale */

/** @param {HTMLElement} host @param {Plane} panel @returns {import("../types.js").Update} */
export default function plane(host, panel) {
  const svg = canvas(host, panel), cross = group(svg, "gridlines");
  const parts = panel.series.map((series) => ({
    series, arrows: group(svg, "vectors").style("color", color(series.role)), names: group(svg, "names"),
  }));
  for (const { names } of parts) names.raise(); // over all arrows

  return (context, width) => {
    const side = Math.min(width, panel.height), { extent } = panel;
    const x = scaleLinear([-extent, extent], [(width - side) / 2, (width + side) / 2]);
    const y = scaleLinear([-extent, extent], [side, 0]);
    svg.attr("width", width).attr("height", side);
    drawCross(cross, x, y, extent);
    parts.forEach((part, s) => {
      const vectors = vectorsOf(context, part.series.array);
      drawArrows(part, vectors, s === 1 && panel.weights ? context.array(panel.weights).values : null, x, y);
      drawNames(part, vectors, x, y);
    });
  };
}

/** @typedef {{ series: Series, arrows: import("../svg.js").Group, names: import("../svg.js").Group }} Part */

/** @param {Context} context @param {string} array @returns {Vector[]} */
function vectorsOf(context, array) {
  const { values, shape } = context.array(array), count = shape.length === 1 ? 1 : shape[0];
  return Array.from({ length: count }, (_, i) => [values[2 * i], values[2 * i + 1]]);
}

/** @param {import("../svg.js").Group} cross @param {Scale} x @param {Scale} y @param {number} extent */
function drawCross(cross, x, y, extent) {
  const ticks = x.ticks(5), lines = [...ticks.map((t) => ({ t, up: true })), ...ticks.map((t) => ({ t, up: false }))];
  cross.selectAll("line").data(lines).join("line")
    .attr("x1", ({ t, up }) => x(up ? t : -extent)).attr("x2", ({ t, up }) => x(up ? t : extent))
    .attr("y1", ({ t, up }) => y(up ? extent : t)).attr("y2", ({ t, up }) => y(up ? -extent : t))
    .attr("class", ({ t }) => (t === 0 ? "zero" : null));
}

/**
 * @param {Part} part
 * @param {Vector[]} vectors
 * @param {Float64Array | null} weights
 * @param {Scale} x
 * @param {Scale} y
 */
function drawArrows({ series, arrows }, vectors, weights, x, y) {
  arrows.selectAll("path").data(vectors).join("path").attr("d", ([a, b]) => arrow(x(0), y(0), x(a), y(b)))
    .style("stroke-width", (_, i) => (weights ? 1.6 + 5 * weights[i] : 3))
    .style("opacity", (_, i) => (weights ? 0.35 + 0.65 * weights[i] : 1))
    .attr("class", series.dash ? "vector dash" : "vector");
}

/** @param {Part} part @param {Vector[]} vectors @param {Scale} x @param {Scale} y */
function drawNames({ series, names }, vectors, x, y) {
  names.selectAll("text").data(vectors).join("text").attr("class", "name").style("fill", color(series.role))
    .attr("text-anchor", "middle")
    .attr("x", ([a, b]) => x(a) + 14 * unit(a, b)[0]).attr("y", ([a, b]) => y(b) + 4 - 13 * unit(a, b)[1])
    .text((_, i) => (vectors.length > 1 ? `${series.label} ${i + 1}` : series.label));
}

/** @param {number} a @param {number} b @returns {Vector} */
function unit(a, b) {
  const length = Math.hypot(a, b) || 1;
  return [a / length, b / length];
}

/** @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function arrow(x0, y0, x1, y1) {
  const length = Math.hypot(x1 - x0, y1 - y0), head = Math.min(9, length / 2);
  if (length < 1) return `M${x0} ${y0}l0.1 0`;
  const [ux, uy] = unit(x1 - x0, y1 - y0);
  const side = (/** @type {number} */ sign) =>
    `M${x1} ${y1}L${x1 - head * (ux - sign * 0.5 * uy)} ${y1 - head * (uy + sign * 0.5 * ux)}`;
  return `M${x0} ${y0}L${x1} ${y1}${side(1)}${side(-1)}`;
}
