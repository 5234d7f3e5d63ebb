// Vectors in the plane as arrows from the origin; the axes keep their scale whatever the knobs do.
import { scaleLinear } from "d3-scale";
import { canvas, color, group } from "../svg.js";

export function plane(host, panel) {
  const svg = canvas(host, panel), cross = group(svg, "gridlines");
  const groups = panel.series.map((series) => ({ series, g: group(svg, "vectors").style("color", color(series.role)), names: group(svg, "names") }));

  groups.forEach(({ names }) => names.raise()); // over all arrows
  return (context, width) => {
    const side = Math.min(width, panel.height), middle = width / 2;
    const x = scaleLinear([-panel.extent, panel.extent], [middle - side / 2, middle + side / 2]);
    const y = scaleLinear([-panel.extent, panel.extent], [side, 0]);
    svg.attr("width", width).attr("height", side);
    cross.selectAll("line").data([...x.ticks(5).map((t) => [t, 1]), ...x.ticks(5).map((t) => [t, 0])]).join("line")
      .attr("x1", ([t, up]) => (up ? x(t) : x(-panel.extent))).attr("x2", ([t, up]) => (up ? x(t) : x(panel.extent)))
      .attr("y1", ([t, up]) => (up ? 0 : y(t))).attr("y2", ([t, up]) => (up ? side : y(t)))
      .attr("class", ([t]) => (t === 0 ? "zero" : null));
    groups.forEach(({ series, g, names }, s) => {
      const { values, shape } = context.array(series.array), count = shape.length === 1 ? 1 : shape[0];
      const weights = s === 1 && panel.weights ? context.array(panel.weights).values : null;
      const tips = Array.from({ length: count }, (_, i) => [values[2 * i], values[2 * i + 1]]);
      g.selectAll("path").data(tips).join("path").attr("d", ([a, b]) => arrow(x(0), y(0), x(a), y(b)))
        .style("stroke-width", (_, i) => (weights ? 1.6 + 5 * weights[i] : 3))
        .style("opacity", (_, i) => (weights ? 0.35 + 0.65 * weights[i] : 1))
        .attr("class", series.dash ? "vector dash" : "vector");
      names.selectAll("text").data(tips).join("text").attr("class", "name").style("fill", color(series.role)).attr("text-anchor", "middle")
        .attr("x", ([a, b]) => x(a) + 14 * unit(a, b)[0]).attr("y", ([a, b]) => y(b) + 4 - 13 * unit(a, b)[1])
        .text((_, i) => (count > 1 ? `${series.label} ${i + 1}` : series.label));
    });
  };
}

function unit(a, b) {
  const length = Math.hypot(a, b) || 1;
  return [a / length, b / length];
}

function arrow(x0, y0, x1, y1) {
  const length = Math.hypot(x1 - x0, y1 - y0), head = Math.min(9, length / 2);
  if (length < 1) return `M${x0} ${y0}l0.1 0`;
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const side = (sign) => `M${x1} ${y1}L${x1 - head * (ux - sign * 0.5 * uy)} ${y1 - head * (uy + sign * 0.5 * ux)}`;
  return `M${x0} ${y0}L${x1} ${y1}${side(1)}${side(-1)}`;
}
