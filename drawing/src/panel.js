// The frame around one drawing: a heading, and the host in which it draws.
import drawings from "drawings";
import { element } from "./elements.js";

/**
 * @param {import("./types.js").Panel} panel
 * @param {import("./types.js").Spec} spec
 * @param {import("./types.js").Hands} hands
 */
export function panelOf(panel, spec, hands) {
  const heading = element("p", { class: "panel-title", text: panel.title });
  const host = element("div", { class: "panel-host" });
  const classes = `panel ${panel.kind}${panel.wide ? " wide" : ""}`;
  const node = element("div", { class: classes, "data-panel": panel.kind }, heading, host);
  const update = drawings[panel.kind](host, panel, spec, hands);
  return {
    node,
    /** @param {import("./types.js").Context} context */
    show(context) { if (host.clientWidth > 0) update(context, host.clientWidth); },
    /** @param {string} alt what the picture, svg or canvas, is for who does not see it */
    describe(alt) { host.querySelector("[role=img]")?.setAttribute("aria-label", alt); },
  };
}
