// The lines that compute what is shown.
import { element } from "./elements.js";
import { copy, opener } from "./opener.js";
import { codeNow } from "./words.js";

const WORDS = { label: "Copy", done: "Copied", failed: "Select the text and copy it" };

/** @param {import("./types.js").Spec} spec @param {import("./types.js").Now} now */
export function codeBox(spec, now) {
  const button = element("button", { type: "button", class: "plain", text: WORDS.label });
  button.addEventListener("click", () => copy(button, codeNow(spec, now), WORDS));
  return opener("The lines that compute it", (box) => {
    box.replaceChildren(element("pre", { tabindex: "0", text: codeNow(spec, now) }), button);
  });
}
