// The quantity that matters over all values of one knob; a dashed line and dots mark where the reader is.
// The same drawing without a mark serves plain lines over the numbers of an array.
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import { tickText } from "../numbers.js";
import { bottomAxis, canvas, color, group, leftAxis, powers, spread, textWidth } from "../svg.js";

export function sweep(host, panel, spec) {
  const knob = spec.params.find((param) => param.name === panel.over), stops = knob.values.map(Number);
  return curves(host, panel, panel.x_label || knob.label, (context) => ({
    places: stops, labels: knob.labels, at: context.state[panel.over], values: (name) => context.sweep(panel.over, name),
  }));
}

export function lines(host, panel) {
  return curves(host, panel, panel.x_label, (context) => {
    const places = [...context.numbers(panel.x)];
    return { places, labels: places.map(tickText), at: null, values: (name) => context.numbers(name) };
  });
}

function curves(host, panel, xLabel, dataOf) {
  const svg = canvas(host, panel);
  const grid = group(svg, "gridlines"), yAxis = group(svg, "axis y"), xAxis = group(svg, "axis x");
  const now = svg.append("line").attr("class", "now");
  const marks = panel.series.map((series) => ({
    series,
    path: svg.append("path").attr("class", `curve${series.dash ? " dash" : ""}${series.thin ? " thin" : ""}`).style("stroke", color(series.role)),
    dot: svg.append("circle").attr("class", "dot").attr("r", series.dash || series.thin ? 3.5 : 5.5).style("fill", color(series.role)),
    name: svg.append("text").attr("class", "name").style("fill", color(series.role)).text(series.label),
  }));
  const named = marks.filter(({ series }) => series.label);
  named.forEach(({ name }) => name.raise()); // no line runs through a name, whichever was drawn later
  const label = svg.append("text").attr("class", "axis-label").attr("text-anchor", "middle").text(xLabel);

  return (context, width) => {
    const { places, labels, at, values: valuesOf } = dataOf(context);
    const margin = { left: 42, right: 10, top: 12, bottom: 40 };
    const floor = panel.height - margin.bottom, right = width - margin.right;
    const outside = width > 420 && !panel.peaks; // names stand right of the lines' ends where there is room, else above them
    const room = outside ? Math.max(...panel.series.map((s) => textWidth(s.label, 13.5))) + 12 : 0;
    const x = (panel.x_log ? scaleLog() : scaleLinear()).domain([places[0], places.at(-1)]).range([margin.left, right - room]);
    const y = (panel.y_log ? scaleLog() : scaleLinear()).domain(panel.domain).range([floor, margin.top]).clamp(true);
    svg.attr("width", width);
    const yTicks = panel.y_log ? powers(panel.domain) : y.ticks(4);
    grid.selectAll("line").data(yTicks).join("line").attr("x1", margin.left).attr("x2", right - room).attr("y1", y).attr("y2", y);
    yAxis.attr("transform", `translate(${margin.left},0)`);
    leftAxis(yAxis, y, 4, yTicks);
    xAxis.attr("transform", `translate(0,${floor})`);
    const shown = thin(places, x, labels);
    bottomAxis(xAxis, x, shown.map((i) => places[i]), (_, i) => labels[shown[i]]);
    label.attr("x", (margin.left + right - room) / 2).attr("y", panel.height - 4);
    const here = x(places[at ?? 0]);
    now.style("display", at === null ? "none" : null).attr("x1", here).attr("x2", here).attr("y1", margin.top).attr("y2", floor);
    const path = line((_, i) => x(places[i]), (v) => y(v)).defined((v) => Number.isFinite(v) && !(panel.y_log && v <= 0));
    const ends = marks.map(({ series, path: mark, dot }) => {
      const values = valuesOf(series.array);
      mark.attr("d", path(values));
      const own = at === null ? NaN : panel.y_log && values[at] <= 0 ? panel.domain[0] : values[at];
      dot.attr("cx", here).attr("cy", Number.isFinite(own) ? y(own) : floor).style("display", Number.isFinite(own) ? null : "none");
      if (panel.peaks) return values.reduce((best, v, i) => (v > values[best] || Number.isNaN(values[best]) ? i : best), 0);
      const last = values.findLast(Number.isFinite) ?? panel.domain[0];
      return y(panel.y_log ? Math.max(last, panel.domain[0]) : last);
    });
    if (panel.peaks) {
      marks.forEach(({ series, name }, i) => name.attr("x", Math.min(right - 20, Math.max(margin.left + 20, x(places[ends[i]])))).attr("text-anchor", "middle")
        .attr("y", y(valuesOf(series.array)[ends[i]]) - 7));
      return;
    }
    const own = spread(named.map((mark) => ends[marks.indexOf(mark)] + (outside ? 4 : -8)), 15, [margin.top + 9, floor]);
    named.forEach(({ name }, i) =>
      name.attr("x", outside ? right - room + 8 : right).attr("text-anchor", outside ? "start" : "end").attr("y", own[i]));
  };
}

// Of many stops label those that do not touch each other, the first and the last among them.
function thin(places, x, labels) {
  const kept = [];
  let free = -Infinity;
  const last = places.length - 1, half = (i) => textWidth(labels[i]) / 2 + 4;
  places.forEach((place, i) => {
    if (x(place) - half(i) < free) return;
    if (i !== last && x(place) + half(i) > x(places[last]) - half(last)) return;
    kept.push(i);
    free = x(place) + half(i);
  });
  return kept;
}
