// A kernel's source of numbers: one request under way at a time, the latest wish wins, sweeps are asked for when stale.
import { fresh } from "./elements.js";

/** @typedef {import("./types.js").State} State @typedef {import("./types.js").Asking} Asking */
/** @typedef {import("./types.js").Numbers} Numbers */
/** @typedef {{ shape: number[], buffer: number, format: string, words?: undefined } | { words: string[] }} Sent */
/** @typedef {{ state: State, asking: Asking }} Wish */
/** @typedef {Wish & { request: string, late: boolean, timer: ReturnType<typeof setTimeout> }} Busy */
/** @typedef {{ key: string, lines: import("./types.js").Arrays }} Swept */

const PATIENCE = 8000; // ms without an answer until the reader is told

/** @param {State} state @param {string} over */
const others = (state, over) => JSON.stringify(Object.entries(state).filter(([name]) => name !== over));

/**
 * @param {Record<string, Sent>} meta
 * @param {(DataView | ArrayBuffer)[]} buffers
 * @returns {import("./types.js").Arrays}
 */
export function decode(meta, buffers) {
  return Object.fromEntries(Object.entries(meta).map(([name, sent]) => {
    if ("words" in sent) return [name, { words: /** @type {string[]} */ (sent.words) }];
    const view = buffers[sent.buffer];
    const bytes = "buffer" in view ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : view;
    return [name, { values: Float64Array.from(new Float32Array(bytes)), shape: sent.shape, format: sent.format }];
  }));
}

/**
 * @param {import("./types.js").Model} model
 * @param {import("./types.js").Spec} spec
 * @returns {import("./types.js").Source}
 */
export function liveSource(model, spec) {
  const talk = new Talk(model, spec), heard = talk.receive.bind(talk);
  model.on("msg:custom", heard);
  return {
    live: true,
    request: (state, asking) => talk.ask({ state: { ...state }, asking }),
    stop() { talk.stop(); model.off?.("msg:custom", heard); },
  };
}

/** One figure's talk with the kernel. All views of a widget hear every answer: a request's name says whose it is. */
class Talk {
  /** @type {Busy | null} */ #busy = null;
  /** @type {Wish | null} */ #wish = null;
  /** @type {Record<string, Swept>} for each swept knob the line, and the state of the others that it belongs to */
  #known = {};
  #overs;
  #model;

  /** @param {import("./types.js").Model} model @param {import("./types.js").Spec} spec */
  constructor(model, spec) {
    this.#model = model;
    this.#overs = [...new Set(spec.panels.flatMap(({ over }) => (over === undefined ? [] : [over])))];
  }

  /** @param {Wish} wish */
  ask(wish) {
    if (this.#busy && !this.#busy.late) { this.#wish = wish; return; }
    this.stop();
    this.#send(wish);
  }

  stop() {
    clearTimeout(this.#busy?.timer);
    this.#busy = this.#wish = null;
  }

  /** @param {Wish} wish */
  #send({ state, asking }) {
    const request = fresh("request");
    this.#busy = { request, state, asking, late: false, timer: setTimeout(() => this.#tellLate(request), PATIENCE) };
    const sweeps = this.#overs.filter((over) => this.#known[over]?.key !== others(state, over));
    try { this.#model.send({ request, state, sweeps }); }
    catch { this.stop(); asking.late(); }
  }

  /** @param {string} request */
  #tellLate(request) {
    if (this.#busy?.request !== request) return;
    this.#busy.late = true;
    this.#busy.asking.late();
  }

  /** @param {any} message @param {(DataView | ArrayBuffer)[]} buffers */
  receive(message, buffers) {
    if (!this.#busy || message.request !== this.#busy.request) return; // another view's answer, or one given up
    const { state, asking } = this.#busy, next = this.#wish;
    this.stop();
    if (message.error) asking.fail(message.error);
    else asking.draw(this.#answer(message, buffers, state));
    if (next) { next.asking.wait(); this.#send(next); }
  }

  /** @param {any} message @param {(DataView | ArrayBuffer)[]} buffers @param {State} state */
  #answer({ arrays, sweeps, seconds, device }, buffers, state) {
    for (const over in sweeps) this.#known[over] = { key: others(state, over), lines: decode(sweeps[over], buffers) };
    const lines = { ...this.#known };
    const sweep = (/** @type {string} */ over, /** @type {string} */ name) =>
      /** @type {Numbers} */ (lines[over].lines[name]).values;
    return { arrays: decode(arrays, buffers), sweep, seconds, device };
  }
}
