// Addresses, lines of code, descriptions, rows of the table: all text that an explorer writes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, settingOf } from "../src/address.js";
import { contextOf } from "../src/context.js";
import { stopAfter } from "../src/knobs.js";
import { clampPicks, settle, sorted, startOf } from "../src/now.js";
import { sentenceOf } from "../src/predict.js";
import { csvOf, placeOf, plain, rowsOf } from "../src/rows.js";
import { altNow, codeNow } from "../src/words.js";

const spec = {
  id: "try", title: "A try", alt: "Size {size}, {note}, total {total}, {place}, {other}.", note: "", prediction: null,
  code: "f({size}, {note}, {place})", axes: { table: ["word", "coordinate"], total: [] },
  params: [
    { name: "size", label: "size", labels: ["1", "2.5"], codes: ["1", "g({power})"], start: 1, hidden: false },
    { name: "power", label: "power", labels: ["0"], codes: ["0.0"], start: 0, hidden: true },
    { name: "note", label: "note", labels: ["a b"], codes: ["'a b'"], start: 0, hidden: false },
  ],
  picks: [{ name: "place", label: "place", of: "words", start: 1 }],
  panels: [{ kind: "heatmap", arrays: ["table"] }, { kind: "sweep", over: "size", arrays: ["total"] }],
  readouts: [{ array: "total", then: null }, { array: "total", then: "share" }],
};
const arrays = {
  table: { values: Float64Array.of(1, 2, 3, Number.NaN), shape: [2, 2], format: ".1f" },
  total: { values: Float64Array.of(-2.5e7), shape: [], format: ".2s" },
  share: { values: Float64Array.of(Infinity), shape: [], format: ".1f" },
  words: { words: ['say "so"', "b"] },
};
const contextNow = (state, picks) => contextOf({ arrays, sweep: () => Float64Array.of(1, 2) }, state, picks);

test("an address holds the words of the stops, and leads back to them", () => {
  const now = startOf(spec), address = addressOf(spec, now);
  assert.equal(address, "#try?size=2.5&note=a+b&place=2");
  assert.deepEqual(settingOf(spec, address), { state: { size: 1, note: 0 }, picks: { place: 1 } });
  assert.equal(addressOf(spec, { state: { ...now.state, note: "50 % & more" }, picks: now.picks }),
    "#try?size=2.5&note=50+%25+%26+more&place=2");
  assert.equal(addressOf({ ...spec, params: [], picks: [] }, now), "#try");
});

test("an address of another figure is none of ours, and unknown words are passed over", () => {
  assert.equal(settingOf(spec, "#tr?size=1"), null);
  assert.equal(settingOf(spec, ""), null);
  assert.deepEqual(settingOf(spec, "#try?size=99&place=x&color=red"), { state: {}, picks: {} });
  assert.deepEqual(settingOf(spec, "#try?place=0"), { state: {}, picks: {} });
  assert.deepEqual(settingOf(spec, "#try?size=1&place=%E0%A4%A"), { state: { size: 0 }, picks: {} });
});

test("a stop's code may hold another knob; what a reader typed is quoted and holds none", () => {
  const now = startOf(spec);
  assert.equal(codeNow(spec, now), "f(g(0.0), 'a b', 1)");
  now.state.note = 'x {size} "y"';
  assert.equal(codeNow(spec, now), 'f(g(0.0), "x {size} \\"y\\"", 1)');
});

test("a description tells the state that is drawn, numbers as they are written, and leaves unknown names", () => {
  const context = contextNow({ size: 0, power: 0, note: "x {total}" }, { place: 1 });
  assert.equal(altNow(spec, context), 'Size 1, "x {total}", total −2.5×10⁷, b, {other}.');
});

test("every number is a row once, swept ones first, places named by the words of their axis", () => {
  assert.deepEqual(rowsOf(spec, contextNow({ size: 0 }, { place: 0 })), [
    ["total over size", ["1"], "1.0"], ["total over size", ["2.5"], "2.0"],
    ["table", ['1 say "so"', "x"], "1.0"], ["table", ['1 say "so"', "y"], "2.0"],
    ["table", ["2 b", "x"], "3.0"], ["table", ["2 b", "y"], "–"],
    ["total", [], "−2.5×10⁷"], ["share", [], "∞"],
  ]);
});

test("the CSV quotes what needs it and writes numbers for a spreadsheet", () => {
  const head = "quantity,first,second,third,value";
  assert.equal(csvOf([["a", ['1 say "so"'], "−2.5×10⁻⁷"]]), `${head}\na,"1 say ""so""",,,-2.5e-7\n`);
  assert.deepEqual(["–", "−∞", "1.00×10¹²"].map(plain), ["nan", "-inf", "1.00e12"]);
  assert.deepEqual(placeOf(8, [2, 2, 3]), [1, 0, 2]);
});

test("keys lead to stops within the slider; other keys lead nowhere", () => {
  const keys = ["ArrowRight", "ArrowLeft", "PageUp", "PageDown", "Home", "End", "a"];
  assert.deepEqual(keys.map((key) => stopAfter(key, 2, 4)), [3, 1, 4, 0, 0, 4, null]);
});

test("a knob asks for numbers, a pick does not, and both count as a move", () => {
  const now = startOf(spec);
  assert.equal(settle(now, { size: 1 }, {}), false);
  assert.equal(now.moved, false);
  assert.equal(settle(now, {}, { place: 0 }), false);
  assert.equal(now.moved, true);
  assert.equal(settle(now, { size: 0 }, {}), true);
  assert.deepEqual([now.state.size, now.picks.place], [0, 0]);
});

test("a click names knobs and picks alike; what it leaves open stays", () => {
  const now = startOf(spec);
  assert.deepEqual(sorted(now, ["size", "place"], [1, undefined]), [{ size: 1 }, {}]);
  assert.deepEqual(sorted(now, ["place", "elsewhere"], [0, 3]), [{}, { place: 0 }]);
});

test("a pick past the end moves to the last, and one row of a table is read by its pick", () => {
  const now = { ...startOf(spec), picks: { place: 9 } };
  now.context = contextNow({}, now.picks);
  clampPicks(now, spec);
  assert.deepEqual(now.picks, { place: 1 });
  assert.deepEqual([...now.context.numbers("table", "place")], [3, Number.NaN]);
  assert.equal(now.context.numbers("table").length, 4);
});

test("what happened is told beside the guess", () => {
  const asked = { question: "?", answers: ["more", "less"], right: 1, because: "So it is." };
  assert.equal(sentenceOf(asked, 1), "What happens: less (as you guessed). So it is.");
  assert.equal(sentenceOf(asked, 0), "What happens: less (you guessed “more”). So it is.");
});
