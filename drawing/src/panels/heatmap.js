// A matrix as cells. Zero takes the card's own color, so that empty looks empty in both themes; blocked cells are hatched.
import { fresh } from "../knobs.js";
import { numberText } from "../numbers.js";
import { canvas, color, fit, group, textWidth } from "../svg.js";

const LEGIBLE = 10; // px: turned names of narrower columns would run into each other; the table of numbers has them

export function heatmap(host, panel, spec, knobs) {
  const svg = canvas(host, panel), hatch = fresh("hatch");
  const pattern = svg.append("defs").append("pattern").attr("id", hatch).attr("width", 6).attr("height", 6)
    .attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
  pattern.append("rect").attr("width", 6).attr("height", 6).style("fill", color("blocked"));
  pattern.append("line").attr("y2", 6).style("stroke", color("card")).style("stroke-width", 2.4);
  const cells = group(svg, "cells"), texts = group(svg, "cell-text"), rowNames = group(svg, "words"), columnNames = group(svg, "words");
  const mark = svg.append("rect").attr("class", "mark");
  const rowLabel = svg.append("text").attr("class", "axis-label").text(panel.row_label ? `↓ ${panel.row_label}` : "");
  const columnLabel = svg.append("text").attr("class", "axis-label").text(panel.column_label ? `${panel.column_label} →` : "");
  let across = 1, drawn = null;
  const [low, high] = panel.domain, size = Math.max(Math.abs(low), Math.abs(high));
  const names = (context, array, count) => (array ? context.words(array) : Array.from({ length: count }, (_, i) => String(i + 1)));

  return (context, width) => {
    const { values, shape: [rows, columns], format } = context.array(panel.array);
    across = columns;
    const allowed = panel.allowed ? context.array(panel.allowed).values : null;
    const rowWords = names(context, panel.rows, rows), columnWords = names(context, panel.columns, columns);
    const left = Math.min(92, Math.max(...rowWords.map((word) => textWidth(word))) + 10);
    const roughly = Math.min(columns <= 4 ? 76 : 44, (width - left) / columns), longest = Math.max(...columnWords.map((word) => textWidth(word)));
    const turned = longest > roughly - 4, top = (turned ? Math.min(86, longest + 6) : 18) + 18;
    const cell = Math.max(4, Math.min(roughly, (Math.max(panel.height, 200) - 36) / Math.min(rows, 10)));
    const height = top + cell * rows + 4;
    svg.attr("width", width).attr("height", height);
    const tone = (i) => (panel.scale === "signed" ? Math.min(1, Math.abs(values[i]) / size) : Math.max(0, Math.min(1, (values[i] - low) / (high - low))));
    const blocked = (i) => (panel.scale === "allowed" ? values[i] === 0 : allowed !== null && allowed[i] === 0);
    // Cells and words move only when the size or the words change; what a slider changes is their fill.
    const layout = [width, columns, cell, top, ...rowWords, ...columnWords].join("|");
    if (layout !== drawn) {
      drawn = layout;
      cells.selectAll("rect").data(values).join((enter) => enter.append("rect").on("click", (event, _) => {
        const i = Number(event.currentTarget.dataset.i);
        knobs.choose(panel.mark, [Math.floor(i / across), i % across]);
      }))
        .attr("data-i", (_, i) => i)
        .attr("x", (_, i) => left + (i % columns) * cell + 0.5).attr("y", (_, i) => top + Math.floor(i / columns) * cell + 0.5)
        .attr("width", cell - 1).attr("height", cell - 1);
      rowNames.selectAll("text").data(rowWords).join("text").attr("text-anchor", "end").attr("x", left - 6)
        .attr("y", (_, i) => top + (i + 0.5) * cell + 4).text((word) => fit(word, left - 8));
      columnNames.selectAll("text").data(columnWords).join("text")
        .attr("text-anchor", turned ? "start" : "middle")
        .attr("transform", (_, i) => `translate(${left + (i + 0.5) * cell + (turned ? 4 : 0)},${top - 6})${turned ? " rotate(-90)" : ""}`)
        .text((word) => (turned && cell < LEGIBLE ? "" : fit(word, turned ? top - 22 : cell)));
      rowLabel.attr("x", 0).attr("y", 12);
      columnLabel.attr("x", left + columns * cell).attr("y", 12).attr("text-anchor", "end");
    }
    cells.selectAll("rect").data(values)
      .style("fill", (v, i) => (blocked(i) ? `url(#${hatch})` : panel.scale === "signed" && v < 0 ? color("key") : color("query")))
      .style("fill-opacity", (_, i) => (blocked(i) ? 1 : tone(i)));
    const short = cell < 40 && format === ".3f" ? ".2f" : format;
    const written = cell >= 34 && panel.scale !== "allowed" && values.every((v) => textWidth(numberText(v, short), 12) < cell - 2);
    texts.selectAll("text").data(written ? values : []).join("text").attr("text-anchor", "middle")
      .attr("x", (_, i) => left + ((i % columns) + 0.5) * cell).attr("y", (_, i) => top + (Math.floor(i / columns) + 0.5) * cell + 4)
      .attr("class", (_, i) => (tone(i) > 0.65 && !blocked(i) ? "on-dark" : "on-light"))
      .text((v, i) => (blocked(i) ? "" : numberText(v, short)));
    const [row, column] = panel.mark.map((name) => context.state[name] ?? context.picks[name]);
    mark.style("display", row === undefined ? "none" : null);
    if (row === undefined) return;
    mark.attr("x", left + (column === undefined ? 0 : column * cell)).attr("y", top + row * cell)
      .attr("width", column === undefined ? columns * cell : cell).attr("height", cell);
  };
}
