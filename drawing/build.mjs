// Bundle the drawing module into the package: one ES module in anywidget's form, which also takes over static figures.
// Every file of src/panels is a kind of panel, found by its name; its style sheet, if there is one, lies beside it.
// The bundle carries the SHA-256 of what it was made from, so that a test without Node can tell a stale one.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "..", "transformer_edu", "explorers", "assets");
const panels = join(here, "src", "panels");

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]);
}

function sourceDigest() {
  const digest = createHash("sha256");
  const sources = [...files(join(here, "src")), join(here, "package.json")]
    .map((path) => [relative(here, path).split(sep).join("/"), path]).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, path] of sources) digest.update(`${name}\n`).update(readFileSync(path)).update("\n");
  return digest.digest("hex");
}

const named = (ending) => readdirSync(panels).filter((name) => name.endsWith(ending)).sort();

// The module "drawings": { arcs, bars, … }, each by the name of its file.
const drawings = {
  name: "drawings",
  setup(builder) {
    builder.onResolve({ filter: /^drawings$/ }, () => ({ path: "drawings", namespace: "drawings" }));
    builder.onLoad({ filter: /.*/, namespace: "drawings" }, () => {
      const kinds = named(".js").map((name) => name.slice(0, -3));
      const lines = kinds.map((kind) => `import ${kind} from "./${kind}.js";`);
      return { contents: `${lines.join("\n")}\nexport default { ${kinds.join(", ")} };`, resolveDir: panels };
    });
  },
};

const result = await build({
  entryPoints: [join(here, "src", "index.js")], plugins: [drawings],
  bundle: true, format: "esm", minify: true, target: "es2022", write: false, legalComments: "none", charset: "utf8",
});
const licenses = "transformer_edu drawing module, MIT; holds D3 modules (ISC, Mike Bostock).";
const banner = `/* ${licenses} sources sha256 ${sourceDigest()} */\n`;
const styles = [join(here, "src", "explorer.css"), ...named(".css").map((name) => join(panels, name))];
writeFileSync(join(out, "explorer.js"), banner + result.outputFiles[0].text);
writeFileSync(join(out, "explorer.css"), styles.map((path) => readFileSync(path, "utf8")).join(""));
