// Make elements, and names for them that no other figure of the page has.
let serial = 0;
// A kernel's widgets load this module once each; their ids must differ.
const realm = Math.random().toString(36).slice(2, 8);

/** @param {string} word */
export const fresh = (word) => `te-${word}-${realm}-${++serial}`;

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [attributes] `text` is the content, `on…` a listener, all others attributes
 * @param {...(Node | string | false | null | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const name in attributes) {
    if (name === "text") node.textContent = attributes[name];
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), attributes[name]);
    else node.setAttribute(name, attributes[name]);
  }
  node.append(.../** @type {(Node | string)[]} */ (children.filter(Boolean)));
  return node;
}
