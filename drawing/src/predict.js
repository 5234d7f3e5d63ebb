// The reader commits first; what was chosen stays in sight, and after the first move one sentence says what happened.
import { element, fresh } from "./elements.js";

/** @typedef {{ node: HTMLElement, tell(): void, reset(): void }} Predict */

/**
 * @param {import("./types.js").Prediction} prediction
 * @param {number} guess
 */
export function sentenceOf({ answers, right, because }, guess) {
  const own = guess === right ? "as you guessed" : `you guessed “${answers[guess]}”`;
  return `What happens: ${answers[right]} (${own}). ${because}`;
}

/**
 * @param {import("./types.js").Prediction | null} asked
 * @returns {Predict | null}
 */
export function predictionOf(asked) {
  if (!asked) return null;
  const told = element("p", { class: "told", role: "status" });
  /** @type {{ guess: number | null, seen: boolean }} */
  const now = { guess: null, seen: false };
  function tell() {
    now.seen = true;
    if (now.guess === null) return;
    const sentence = sentenceOf(/** @type {import("./types.js").Prediction} */ (asked), now.guess);
    if (told.textContent !== sentence) told.textContent = sentence;
  }
  const { node, clear } = questionOf(asked, told, (guess) => { now.guess = guess; if (now.seen) tell(); });
  return { node, tell, reset() { now.seen = false; now.guess = null; told.textContent = ""; clear(); } };
}

/** @param {import("./types.js").Prediction} asked @param {HTMLElement} told @param {(guess: number) => void} chosen */
function questionOf({ question, answers }, told, chosen) {
  const name = fresh("guess");
  const radios = answers.map((_, i) => element("input", { type: "radio", name, value: i, onchange: () => chosen(i) }));
  const labels = answers.map((answer, i) => element("label", {}, radios[i], ` ${answer}`));
  const legend = element("legend", { text: `Your guess, before you move it: ${question}` });
  const node = element("fieldset", { class: "predict" }, legend, element("div", { class: "answers" }, ...labels), told);
  return { node, clear() { for (const radio of radios) radio.checked = false; } };
}
