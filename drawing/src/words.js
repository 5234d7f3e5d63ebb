// Put present values into the lines of code and into the description: {knob} is the value, {array} its number.
import { numberText } from "./numbers.js";

/** @typedef {import("./types.js").Spec} Spec */

const PLACE = /\{(\w+)\}/g;

/**
 * The lines of code: what a reader typed is quoted, and its braces are no names.
 * @param {Spec} spec
 * @param {Pick<import("./types.js").Now, "state" | "picks">} now
 * @param {string} [template]
 * @returns {string}
 */
export function codeNow(spec, now, template = spec.code) {
  return template.replace(PLACE, (whole, name) => {
    const param = spec.params.find((one) => one.name === name), place = now.state[name];
    if (param) return typeof place === "string" ? JSON.stringify(place) : codeNow(spec, now, param.codes[place]);
    return name in now.picks ? String(now.picks[name]) : whole;
  });
}

/**
 * The description of the picture, at the state that is drawn.
 * @param {Spec} spec
 * @param {import("./types.js").Context} context
 */
export function altNow(spec, context) {
  return spec.alt.replace(PLACE, (whole, name) => {
    const param = spec.params.find((one) => one.name === name), place = context.state[name];
    if (param) return typeof place === "string" ? JSON.stringify(place) : param.labels[place];
    const pick = spec.picks.find((one) => one.name === name);
    if (pick) return context.words(pick.of)[context.picks[name]];
    const found = context.has(name) ? context.array(name) : null;
    return found?.values ? numberText(found.values[0], found.format) : whole;
  });
}
