// A link to the present setting.
import { addressOf } from "./address.js";
import { element } from "./elements.js";
import { copy } from "./opener.js";

const WORDS = { label: "Link to this setting", done: "Link copied", failed: "The link stands in the address bar" };

/** @param {import("./types.js").Spec} spec @param {import("./types.js").Now} now */
export function linkButton(spec, now) {
  const link = element("a", { class: "plain", text: WORDS.label, href: `#${spec.id}` });
  link.addEventListener("click", (event) => {
    event.preventDefault();
    history.replaceState(null, "", addressOf(spec, now));
    copy(link, location.href, WORDS);
  });
  return { link, refresh() { link.setAttribute("href", addressOf(spec, now)); } };
}
