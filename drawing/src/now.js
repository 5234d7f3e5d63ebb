// What an explorer is at this moment: stops of the knobs, picks, the last answer, and whether the reader has moved.

/** @typedef {import("./types.js").Now} Now @typedef {import("./types.js").Spec} Spec */

/** @param {Spec} spec @returns {Now} */
export function startOf(spec) {
  const state = Object.fromEntries(spec.params.map((param) => [param.name, param.start]));
  const picks = Object.fromEntries(spec.picks.map((pick) => [pick.name, pick.start]));
  return { state, picks, context: null, moved: false };
}

/**
 * Take over new places; return whether numbers must be asked for, since a knob (not only a pick) moved.
 * @param {Now} now
 * @param {import("./types.js").State} state
 * @param {import("./types.js").Picks} picks
 */
export function settle(now, state, picks) {
  const recompute = Object.entries(state).some(([name, place]) => now.state[name] !== place);
  if (recompute || Object.entries(picks).some(([name, place]) => now.picks[name] !== place)) now.moved = true;
  Object.assign(now.state, state);
  Object.assign(now.picks, picks);
  return recompute;
}

/**
 * Sort places by what has that name: a knob or a pick.
 * @param {Now} now
 * @param {string[]} names
 * @param {(number | undefined)[]} places
 * @returns {[import("./types.js").State, import("./types.js").Picks]}
 */
export function sorted(now, names, places) {
  const given = names.map((name, i) => /** @type {[string, number]} */ ([name, places[i]]));
  const some = (/** @type {object} */ own) =>
    Object.fromEntries(given.filter(([name, place]) => name in own && place !== undefined));
  return [some(now.state), some(now.picks)];
}

/**
 * A pick past the end of a shorter list moves to its last entry.
 * @param {Now} now
 * @param {Spec} spec
 */
export function clampPicks({ picks, context }, spec) {
  if (context) for (const { name, of } of spec.picks) picks[name] = Math.min(picks[name], context.words(of).length - 1);
}
