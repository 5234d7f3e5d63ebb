// What the tests see of an explorer: run in the page, one call for all states, instead of a round trip for each key.
window.look = (() => {
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  const figureOf = (id) => document.querySelector(`figure[data-explorer="${id}"]`);

  function knobOf(figure, label) {
    const found = all(figure, ".knobs label[for]").find((one) => one.textContent === label);
    return document.getElementById(found.htmlFor);
  }

  function turn(figure, label, stop) {
    const knob = knobOf(figure, label);
    if (Number(knob.value) === stop) return;
    knob.value = stop;
    knob.dispatchEvent(new Event(knob.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  }

  const button = (figure, text) => all(figure, ".more button").find((one) => one.textContent === text);
  const stops = (figure) => all(figure, ".knobs label[for]").map((one) => [one.textContent, Number(document.getElementById(one.htmlFor).value)]);

  // Open a box, read it, close it: an open box is written anew with every state.
  function boxed(figure, text, read) {
    button(figure, text).click();
    const seen = read(figure);
    button(figure, text).click();
    return seen;
  }

  const table = (figure) => boxed(figure, "Numbers as a table", () => ({
    csv: decodeURIComponent(figure.querySelector("a[download]").href.split(",").slice(1).join(",")),
    file: figure.querySelector("a[download]").download,
    cells: all(figure, "td.number").map((cell) => cell.textContent),
  }));
  const code = (figure) => boxed(figure, "The lines that compute it", () => figure.querySelector("pre").textContent);

  function seen(figure) {
    return {
      stops: stops(figure),
      readouts: all(figure, "[data-readout]").map((node) => [node.dataset.readout, node.textContent]),
      alts: all(figure, "svg").map((svg) => svg.getAttribute("aria-label")),
      link: all(figure, ".more a").map((link) => link.getAttribute("href"))[0],
    };
  }

  return {
    // `points` are lists of [label, stop]; the table is read at each that `rich` names, the code at each too.
    states({ id, points, rich }) {
      const figure = figureOf(id);
      return points.map((point, i) => {
        for (const [label, stop] of point) turn(figure, label, stop);
        return { ...seen(figure), ...(rich.includes(i) ? { table: table(figure), code: code(figure) } : {}) };
      });
    },

    // Choose an answer, move a knob, and tell what is said before and after.
    guess({ id, answer, label, stop }) {
      const figure = figureOf(id), told = figure.querySelector(".told");
      const radio = all(figure, ".predict label").find((one) => one.textContent.trim() === answer).querySelector("input");
      radio.click();
      const before = told.textContent;
      turn(figure, label, stop);
      return { before, after: told.textContent, checked: radio.checked };
    },

    // Follow a link to a setting inside the open page.
    async address({ id, link }) {
      const figure = figureOf(id), heard = new Promise((done) => addEventListener("hashchange", () => setTimeout(done), { once: true }));
      location.hash = link;
      await heard;
      history.replaceState(null, "", location.pathname);
      return seen(figure);
    },

    again(id) {
      button(figureOf(id), "Start again").click();
      return seen(figureOf(id));
    },
  };
})();
