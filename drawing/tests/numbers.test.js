import assert from "node:assert/strict";
import { test } from "node:test";
import { numberText, tickText } from "../src/numbers.js";

test("a number is written with fixed or significant digits, ties away from zero", () => {
  const written = [[0.0625, ".3f"], [-0.0625, ".3f"], [0.5, "d"], [9.996, ".3s"], [0.00712, ".3s"], [999999.7, ".3s"]];
  assert.deepEqual(written.map(([number, format]) => numberText(number, format)),
    ["0.063", "−0.063", "1", "10.0", "0.00712", "1.00×10⁶"]);
});

test("a rounded zero carries no sign, and what is no number is a dash", () => {
  const written = [[-0.0001, ".3f"], [0, ".3s"], [Number.NaN, "d"], [-Infinity, ".2f"], [Infinity, ".2s"]];
  assert.deepEqual(written.map(([number, format]) => numberText(number, format)), ["0.000", "0", "–", "−∞", "∞"]);
});

test("ticks have no more digits than they need", () => {
  assert.deepEqual([0.25, 100, 0, -0.5, 1e-5, 2e6, 0.1 + 0.2].map(tickText),
    ["0.25", "100", "0", "−0.5", "10⁻⁵", "2×10⁶", "0.3"]);
});
