// The book's source of numbers: a grid that torch computed when the book was built. No mathematics here, only look-ups.
const READERS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array };
const MISSING = { u1: 0xff, u2: 0xffff, u4: 0xffffffff };

/** @typedef {import("./types.js").Numbers} Numbers @typedef {import("./types.js").Words} Words */
/** @typedef {(index: number[]) => Numbers | Words} Reader looks an array up at a point of the grid */
/**
 * What packing.py writes of an array: `depends` says along which knobs it changes; the rest is shape and bytes.
 * @typedef {{ depends: boolean[], format: string, type: "u1" | "u2" | "u4" | "f4", data: string, low?: number,
 *   places?: number, shape?: number[], shapes?: number[][] }} Packed
 * @typedef {{ depends: boolean[], words: string[][] }} PackedWords
 */

/** @param {string} text */
function bytesOf(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes.buffer;
}

/**
 * How far apart two neighbors along each knob are stored; 0 along one that changes nothing.
 * @param {boolean[]} depends
 * @param {number[]} sizes
 */
export function stridesOf(depends, sizes) {
  const strides = sizes.map(() => 0);
  for (let axis = sizes.length - 1, count = 1; axis >= 0; axis--) {
    if (!depends[axis]) continue;
    strides[axis] = count;
    count *= sizes[axis];
  }
  return strides;
}

/** @param {number[]} shape */
const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);

/** @param {Packed | PackedWords} packed @param {number[]} sizes @returns {Reader} */
function reader(packed, sizes) {
  const strides = stridesOf(packed.depends, sizes);
  const place = (/** @type {number[]} */ index) => index.reduce((sum, i, axis) => sum + i * strides[axis], 0);
  if ("words" in packed) return (index) => ({ words: packed.words[place(index)] });
  const raw = new READERS[packed.type](bytesOf(packed.data)), number = numberOf(packed);
  const { shape: common = [], shapes, format } = packed, offsets = shapes && offsetsOf(shapes);
  return (index) => {
    const at = place(index), shape = shapes ? shapes[at] : common, size = sizeOf(shape);
    const begin = offsets ? offsets[at] : at * size, values = new Float64Array(size);
    for (let i = 0; i < size; i++) values[i] = number(raw[begin + i]);
    return { values, shape, format };
  };
}

/** Return where each array begins among the numbers of all. @param {number[][]} shapes */
function offsetsOf(shapes) {
  let end = 0;
  return shapes.map((shape) => { end += sizeOf(shape); return end - sizeOf(shape); });
}

/**
 * Return how a stored unit becomes a number again.
 * @param {Packed} packed
 * @returns {(unit: number) => number}
 */
function numberOf({ type, low = 0, places = 0 }) {
  if (type === "f4") return (unit) => unit;
  const power = 10 ** places, missing = MISSING[type];
  return (unit) => (unit === missing ? Number.NaN : (unit + low) / power);
}

/**
 * @param {{ spec: import("./types.js").Spec, arrays: Record<string, Packed | PackedWords> }} data
 * @returns {import("./types.js").Source}
 */
export function staticSource({ spec, arrays }) {
  const sizes = spec.params.map((param) => param.labels.length);
  const readers = Object.fromEntries(Object.entries(arrays).map(([name, packed]) => [name, reader(packed, sizes)]));
  return {
    live: false,
    request(state, { draw }) {
      const index = spec.params.map((param) => Number(state[param.name]));
      const along = (/** @type {string} */ over) => spec.params.findIndex((param) => param.name === over);
      draw({
        arrays: Object.fromEntries(Object.entries(readers).map(([name, read]) => [name, read(index)])),
        sweep: (over, name) => lineOf(readers[name], index, along(over), sizes),
      });
    },
    stop() {},
  };
}

/** @param {Reader} read @param {number[]} index @param {number} axis @param {number[]} sizes */
const lineOf = (read, index, axis, sizes) => Float64Array.from({ length: sizes[axis] }, (_, i) =>
  /** @type {Numbers} */ (read(index.map((own, a) => (a === axis ? i : own)))).values[0]);
