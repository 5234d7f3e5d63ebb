// A setting is an address: #softmax-collapse?head_dim=64&power=0.5 (the words of the stops, so that a finer grid keeps
// them).

/** @typedef {import("./types.js").Spec} Spec @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Picks} Picks */

/** @param {Spec} spec @param {{ state: State, picks: Picks }} now */
export function addressOf(spec, { state, picks }) {
  const query = new URLSearchParams();
  for (const { name, hidden, labels } of spec.params) {
    const place = state[name];
    if (!hidden) query.set(name, typeof place === "string" ? place : labels[place]);
  }
  for (const pick of spec.picks) query.set(pick.name, String(picks[pick.name] + 1));
  const text = query.toString();
  return `#${spec.id}${text ? `?${text}` : ""}`;
}

/**
 * Read an address: what it says of knobs and picks that exist, or null if it names another figure.
 * @param {Spec} spec
 * @param {string} hash
 * @returns {{ state: State, picks: Picks } | null}
 */
export function settingOf(spec, hash) {
  const [id, query = ""] = hash.replace(/^#/, "").split("?");
  if (id !== spec.id) return null;
  const wanted = new URLSearchParams(query);
  const stops = spec.params.map(({ name, labels }) => [name, labels.indexOf(wanted.get(name) ?? "")]);
  const places = spec.picks.map(({ name }) => [name, Number(wanted.get(name)) - 1]);
  return {
    state: Object.fromEntries(stops.filter(([, stop]) => Number(stop) >= 0)),
    picks: Object.fromEntries(places.filter(([, place]) => Number.isInteger(place) && Number(place) >= 0)),
  };
}

/**
 * Follow the page's address; of two figures with one name the first has it. Returns how to stop.
 * @param {HTMLElement} figure
 * @param {Spec} spec
 * @param {import("./types.js").Turn} turn
 */
export function follow(figure, spec, turn) {
  if (document.getElementById(spec.id) !== null) return () => {};
  const open = () => {
    const setting = settingOf(spec, location.hash);
    if (!setting) return;
    turn(setting.state, setting.picks);
    figure.scrollIntoView({ block: "center" });
  };
  figure.id = spec.id;
  open();
  addEventListener("hashchange", open);
  return () => removeEventListener("hashchange", open);
}
