// A matrix as cells. Zero takes the card's own color, so that empty looks empty in both themes; blocked cells are
// hatched. Cells and words move only when the size or the words change; what a slider changes is their fill.
import { fresh } from "../elements.js";
import { numberText } from "../numbers.js";
import { canvas, color, fit, group, textWidth, words } from "../svg.js";

/** @typedef {import("../types.js").Context} Context @typedef {import("../types.js").Hands} Hands */
/**
 * @typedef {import("../types.js").Panel & { array: string, scale: "weights" | "signed" | "allowed",
 *   domain: [number, number], rows: string | null, columns: string | null, row_label: string, column_label: string,
 *   allowed: string | null, mark: string[] }} Heatmap
 */

const LEGIBLE = 10; // px: turned names of narrower columns would run into each other; the table of numbers has them
const ROOM_FOR_NUMBERS = 34, ROOM_FOR_LONG_NUMBERS = 40; // px of a cell

/** @param {HTMLElement} host @param {Heatmap} panel @param {unknown} _ @param {Hands} hands */
export default function heatmap(host, panel, _, hands) {
  const parts = partsOf(host, panel);
  let drawn = "";
  return (/** @type {Context} */ context, /** @type {number} */ width) => {
    const matrix = matrixOf(context, panel), places = placesOf(matrix, panel, width);
    parts.svg.attr("width", width).attr("height", places.height);
    if (places.layout !== drawn) {
      drawn = places.layout;
      const { columns } = places;
      layCells(parts, matrix, places, (i) => hands.choose(panel.mark, [Math.floor(i / columns), i % columns]));
      layNames(parts, matrix, places);
    }
    fill(parts, matrix, panel);
    write(parts, matrix, panel, places);
    outline(parts, context, panel, places);
  };
}

/** @typedef {ReturnType<typeof partsOf>} Parts @typedef {ReturnType<typeof matrixOf>} Matrix */
/** @typedef {ReturnType<typeof placesOf>} Places */

/** @param {HTMLElement} host @param {Heatmap} panel */
function partsOf(host, panel) {
  const svg = canvas(host, panel), hatch = hatchOf(svg);
  const cells = group(svg, "cells"), texts = group(svg, "cell-text");
  const rowNames = group(svg, "words"), columnNames = group(svg, "words");
  const mark = svg.append("rect").attr("class", "mark");
  const rowLabel = words(svg, "axis-label").text(panel.row_label ? `↓ ${panel.row_label}` : "");
  const columnLabel = words(svg, "axis-label").text(panel.column_label ? `${panel.column_label} →` : "");
  return { svg, hatch, cells, texts, rowNames, columnNames, mark, rowLabel, columnLabel };
}

/** @param {import("../svg.js").Svg} svg */
function hatchOf(svg) {
  const id = fresh("hatch");
  const pattern = svg.append("defs").append("pattern").attr("id", id).attr("width", 6).attr("height", 6)
    .attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
  pattern.append("rect").attr("width", 6).attr("height", 6).style("fill", color("blocked"));
  pattern.append("line").attr("y2", 6).style("stroke", color("card")).style("stroke-width", 2.4);
  return `url(#${id})`;
}

/** @param {Context} context @param {Heatmap} panel */
function matrixOf(context, panel) {
  const { values, shape, format } = context.array(panel.array), [low, high] = panel.domain;
  const size = Math.max(Math.abs(low), Math.abs(high)), signed = panel.scale === "signed";
  const allowed = panel.scale === "allowed" ? values : panel.allowed ? context.array(panel.allowed).values : null;
  const names = (/** @type {string | null} */ array, /** @type {number} */ count) =>
    array ? context.words(array) : Array.from({ length: count }, (_, i) => String(i + 1));
  return {
    values, format, rowWords: names(panel.rows, shape[0]), columnWords: names(panel.columns, shape[1]), shape,
    /** @param {number} i how strongly a cell is colored */
    tone: (i) => (signed ? Math.min(1, Math.abs(values[i]) / size) : clamp((values[i] - low) / (high - low))),
    /** @param {number} i */
    blocked: (i) => allowed !== null && allowed[i] === 0,
  };
}

/** @param {number} share */
const clamp = (share) => Math.max(0, Math.min(1, share));

/** @param {Matrix} matrix @param {Heatmap} panel @param {number} width */
function placesOf({ shape: [rows, columns], rowWords, columnWords }, panel, width) {
  const left = Math.min(92, Math.max(...rowWords.map((word) => textWidth(word))) + 10);
  const longest = Math.max(...columnWords.map((word) => textWidth(word)));
  const roughly = Math.min(columns <= 4 ? 76 : 44, (width - left) / columns), turned = longest > roughly - 4;
  const top = (turned ? Math.min(86, longest + 6) : 18) + 18;
  const cell = Math.max(4, Math.min(roughly, (Math.max(panel.height, 200) - 36) / Math.min(rows, 10)));
  const layout = [width, columns, cell, top, ...rowWords, ...columnWords].join("|");
  const x = (/** @type {number} */ i) => left + (i % columns) * cell;
  const y = (/** @type {number} */ i) => top + Math.floor(i / columns) * cell;
  return { columns, left, top, cell, turned, layout, height: top + cell * rows + 4, x, y };
}

/** @param {Parts} parts @param {Matrix} matrix @param {Places} places @param {(i: number) => void} clicked */
function layCells({ cells }, { values }, { cell, x, y }, clicked) {
  cells.selectAll("rect").data(values).join("rect").attr("data-i", (_, i) => i)
    .on("click", (event) => clicked(Number(event.currentTarget.dataset.i)))
    .attr("x", (_, i) => x(i) + 0.5).attr("y", (_, i) => y(i) + 0.5).attr("width", cell - 1).attr("height", cell - 1);
}

/** @param {Parts} parts @param {Matrix} matrix @param {Places} places */
function layNames({ rowNames, columnNames, rowLabel, columnLabel }, { rowWords, columnWords }, places) {
  const { left, top, cell, turned, columns } = places, turn = turned ? " rotate(-90)" : "";
  const middle = (/** @type {number} */ i) => left + (i + 0.5) * cell + (turned ? 4 : 0);
  rowNames.selectAll("text").data(rowWords).join("text").attr("text-anchor", "end").attr("x", left - 6)
    .attr("y", (_, i) => top + (i + 0.5) * cell + 4).text((word) => fit(word, left - 8));
  columnNames.selectAll("text").data(columnWords).join("text").attr("text-anchor", turned ? "start" : "middle")
    .attr("transform", (_, i) => `translate(${middle(i)},${top - 6})${turn}`)
    .text((word) => (turned && cell < LEGIBLE ? "" : fit(word, turned ? top - 22 : cell)));
  rowLabel.attr("x", 0).attr("y", 12);
  columnLabel.attr("x", left + columns * cell).attr("y", 12).attr("text-anchor", "end");
}

/** @param {Parts} parts @param {Matrix} matrix @param {Heatmap} panel */
function fill({ cells, hatch }, { values, tone, blocked }, panel) {
  const hue = (/** @type {number} */ v) => color(panel.scale === "signed" && v < 0 ? "key" : "query");
  cells.selectAll("rect").data(values).style("fill", (v, i) => (blocked(i) ? hatch : hue(v)))
    .style("fill-opacity", (_, i) => (blocked(i) ? 1 : tone(i)));
}

/** @param {Parts} parts @param {Matrix} matrix @param {Heatmap} panel @param {Places} places */
function write({ texts }, { values, format, tone, blocked }, panel, { cell, x, y }) {
  const short = cell < ROOM_FOR_LONG_NUMBERS && format === ".3f" ? ".2f" : format;
  const fits = (/** @type {number} */ v) => textWidth(numberText(v, short), 12) < cell - 2;
  const written = cell >= ROOM_FOR_NUMBERS && panel.scale !== "allowed" && values.every(fits);
  texts.selectAll("text").data(written ? values : []).join("text").attr("text-anchor", "middle")
    .attr("x", (_, i) => x(i) + 0.5 * cell).attr("y", (_, i) => y(i) + 0.5 * cell + 4)
    .attr("class", (_, i) => (tone(i) > 0.65 && !blocked(i) ? "on-dark" : "on-light"))
    .text((v, i) => (blocked(i) ? "" : numberText(v, short)));
}

/** @param {Parts} parts @param {Context} context @param {Heatmap} panel @param {Places} places */
function outline({ mark }, context, panel, { left, top, cell, columns }) {
  const [row, column] = panel.mark.map((name) => Number(context.state[name] ?? context.picks[name]));
  mark.style("display", () => (row === undefined ? "none" : null));
  if (row === undefined) return;
  mark.attr("x", left + (column === undefined ? 0 : column * cell)).attr("y", top + row * cell)
    .attr("width", column === undefined ? columns * cell : cell).attr("height", cell);
}
