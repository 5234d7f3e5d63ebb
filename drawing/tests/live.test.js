import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { decode, liveSource } from "../src/live.js";

const panels = [{ kind: "sweep", over: "a", arrays: [] }, { kind: "bars", arrays: [] }];

/** A kernel whose answers the test gives. */
function talk() {
  const sent = [], told = [], heard = new Set();
  const model = {
    get: () => null, send: (message) => sent.push(message), on: (_, hear) => heard.add(hear),
    off: (_, hear) => heard.delete(hear),
  };
  const source = liveSource(model, { panels });
  const tell = (name) => [name, (what) => told.push([name, what])];
  const asking = Object.fromEntries(["draw", "fail", "late", "wait"].map(tell));
  const line = { line: { shape: [2], buffer: 0, format: ".3s" } };
  const bytes = [Float32Array.of(3, 4).buffer];
  return {
    sent, told, heard, model, source,
    ask: (state) => source.request(state, asking),
    answer: (i, more = {}) => {
      const sweeps = Object.fromEntries(sent[i].sweeps.map((over) => [over, line]));
      for (const hear of [...heard]) hear({ request: sent[i].request, arrays: {}, sweeps, ...more }, bytes);
    },
    words: () => told.map(([name]) => name),
  };
}

test("one request is under way, the latest wish wins, and a line is asked for only when another knob moved", () => {
  const { sent, source, ask, answer, words } = talk();
  for (const a of [0, 1, 2, 3]) ask({ a, b: 0 });
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0].sweeps, ["a"]);
  answer(0);
  assert.deepEqual(sent[1].state, { a: 3, b: 0 });
  assert.deepEqual(sent[1].sweeps, []);
  answer(1);
  ask({ a: 3, b: 1 });
  assert.deepEqual(sent[2].sweeps, ["a"]);
  assert.deepEqual(words(), ["draw", "wait", "draw"]);
  source.stop();
});

test("another view's answer is not ours, and ours is heard once", () => {
  const { heard, told, ask, answer } = talk();
  ask({ a: 0 });
  for (const hear of heard) hear({ request: "of another" }, []);
  assert.deepEqual(told, []);
  answer(0);
  answer(0);
  assert.equal(told.length, 1);
  assert.deepEqual([...told[0][1].sweep("a", "line")], [3, 4]);
});

test("an error is told with its words, and the next wish is sent", () => {
  const { sent, told, source, ask, answer } = talk();
  ask({ a: 0 });
  ask({ a: 1 });
  answer(0, { error: "RuntimeError: out of room" });
  assert.deepEqual(told[0], ["fail", "RuntimeError: out of room"]);
  assert.equal(sent.length, 2);
  source.stop();
});

test("a kernel that is silent for eight seconds is told once; then a new wish goes out at once", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { sent, ask, answer, words } = talk();
  ask({ a: 0 });
  mock.timers.tick(7999);
  assert.deepEqual(words(), []);
  mock.timers.tick(1);
  assert.deepEqual(words(), ["late"]);
  ask({ a: 1 });
  answer(0); // too late
  assert.deepEqual(words(), ["late"]);
  answer(1);
  assert.equal(sent.length, 2);
  assert.deepEqual(words(), ["late", "draw"]);
  mock.timers.tick(20_000);
  assert.deepEqual(words(), ["late", "draw"]);
  mock.timers.reset();
});

test("a connection that is gone is told, and a closed view listens no more", () => {
  const { heard, model, source, ask, words } = talk();
  model.send = () => { throw new Error("Canceled"); };
  ask({ a: 0 });
  assert.deepEqual(words(), ["late"]);
  source.stop();
  assert.equal(heard.size, 0);
});

test("a view into a larger buffer is read at its own place", () => {
  const all = Float32Array.of(1, 2, 3).buffer, view = new DataView(all, 4, 8);
  const { values, names } = decode({ values: { shape: [2], buffer: 0, format: "d" }, names: { words: ["a"] } }, [view]);
  assert.deepEqual([...values.values], [2, 3]);
  assert.deepEqual(names, { words: ["a"] });
});
