// The context of a drawing is what it may look at: numbers, words, the present place.

/**
 * @param {import("./types.js").Answer} answer
 * @param {import("./types.js").State} state the state that the answer belongs to
 * @param {import("./types.js").Picks} picks
 * @returns {import("./types.js").Context}
 */
export function contextOf({ arrays, sweep }, state, picks) {
  const array = (/** @type {string} */ name) => /** @type {import("./types.js").Numbers} */ (arrays[name]);
  return {
    state, picks, sweep, array,
    has: (name) => name in arrays,
    words: (name) => /** @type {import("./types.js").Words} */ (arrays[name]).words,
    format: (name) => array(name).format,
    numbers(name, pick = null) {
      const { values, shape } = array(name);
      if (pick === null || shape.length < 2) return values;
      return values.subarray(picks[pick] * shape[1], (picks[pick] + 1) * shape[1]);
    },
  };
}
