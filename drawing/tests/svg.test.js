import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, powers, spread, textWidth, thin } from "../src/svg.js";

test("a word that does not fit ends in an ellipsis and is never longer than its room", () => {
  assert.equal(fit("twenty-first", 200), "twenty-first");
  const short = fit("twenty-first", 50);
  assert.match(short, /^twent.*…$/);
  assert.ok(textWidth(short) <= 50);
  assert.equal(fit("ab", 1), "a…"); // one letter stays whatever the room
});

test("letters of two code units count once", () => assert.equal(textWidth("𝛼𝛽"), textWidth("ab")));

test("powers of ten are thinned; over less than three of them 2 and 5 join", () => {
  assert.deepEqual(powers([1, 1000]), [1, 10, 100, 1000]);
  assert.deepEqual(powers([1e-18, 10]), [1e-18, 1e-14, 1e-10, 1e-6, 1e-2]);
  assert.deepEqual(powers([1, 100]), [1, 10, 100]);
  assert.deepEqual(powers([0.5, 20]), [0.5, 1, 2, 5, 10, 20]);
});

test("labels of one column are moved apart in their order and stay within their limits", () => {
  for (const places of [[10, 10, 10], [90, 95, 99], [50, 20, 21], [0, 100, 50]]) {
    const moved = spread(places, 15, [9, 100]);
    const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
    for (let i = 1; i < order.length; i++) assert.ok(moved[order[i]] - moved[order[i - 1]] >= 15 - 1e-9);
    assert.ok(Math.max(...moved) <= 100 && Math.min(...moved) >= 9);
  }
  assert.deepEqual(spread([20, 60], 15, [9, 100]), [20, 60]); // what does not collide stays
});

test("of many labels those are kept that do not touch, the last among them", () => {
  const labels = Array.from({ length: 40 }, (_, i) => String(1000 + i)), places = labels.map((_, i) => 10 * i);
  const kept = thin(places, labels);
  assert.equal(kept[0], 0);
  assert.equal(kept.at(-1), 39);
  for (let i = 1; i < kept.length; i++) assert.ok(places[kept[i]] - places[kept[i - 1]] >= textWidth("1000"));
  assert.deepEqual(thin([0, 500], ["a", "b"]), [0, 1]);
});
