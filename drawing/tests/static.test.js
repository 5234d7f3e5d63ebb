import assert from "node:assert/strict";
import { test } from "node:test";
import { staticSource, stridesOf } from "../src/static.js";

const base64 = (/** @type {ArrayBufferView} */ data) => Buffer.from(data.buffer).toString("base64");
const knob = (/** @type {string} */ name, /** @type {number} */ stops) =>
  ({ name, labels: Array.from({ length: stops }, (_, i) => String(i)) });
const spec = { params: [knob("a", 2), knob("b", 3)] };

function ask(arrays, state) {
  let heard;
  staticSource({ spec, arrays }).request(state, { draw(answer) { heard = answer; } });
  return heard;
}

test("a knob that changes nothing takes no place in the grid", () => {
  assert.deepEqual(stridesOf([true, true], [2, 3]), [3, 1]);
  assert.deepEqual(stridesOf([true, false], [2, 3]), [1, 0]);
  assert.deepEqual(stridesOf([false, true, true], [4, 2, 3]), [0, 3, 1]);
});

test("small integers become the decimals that Python rounded; the largest stands for a missing number", () => {
  const units = Uint8Array.from([0, 10, 255, 20, 30, 40]);
  const how = { type: "u1", low: -5, places: 1, shape: [2], format: ".1f" };
  const grid = { depends: [false, true], ...how, data: base64(units) };
  assert.deepEqual([...ask({ grid }, { a: 1, b: 0 }).arrays.grid.values], [-0.5, 0.5]);
  assert.deepEqual([...ask({ grid }, { a: 0, b: 1 }).arrays.grid.values], [Number.NaN, 1.5]);
});

test("shapes may differ from point to point", () => {
  const grid = {
    depends: [true, false], type: "f4", shapes: [[1], [2]], format: ".3s", data: base64(Float32Array.of(7, 8, 9)),
  };
  assert.deepEqual([...ask({ grid }, { a: 0, b: 2 }).arrays.grid.values], [7]);
  assert.deepEqual([...ask({ grid }, { a: 1, b: 2 }).arrays.grid.values], [8, 9]);
});

test("words are looked up, and a sweep walks along its knob at the present place of the others", () => {
  const line = {
    depends: [true, true], type: "f4", shape: [], format: ".3s", data: base64(Float32Array.of(0, 1, 2, 10, 11, 12)),
  };
  const names = { depends: [true, false], words: [["x"], ["y"]] };
  const answer = ask({ line, names }, { a: 1, b: 2 });
  assert.deepEqual(answer.arrays.names.words, ["y"]);
  assert.deepEqual([...answer.sweep("b", "line")], [10, 11, 12]);
  assert.deepEqual([...answer.sweep("a", "line")], [2, 12]);
});
