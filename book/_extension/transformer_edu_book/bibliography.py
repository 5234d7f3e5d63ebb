"""Write the references from book/references.bib, each with its key as the anchor.

A notebook links with plain Markdown, `[Vaswani et al. 2017](../bibliography.md#vaswani2017attention)`, which Colab and
the page both follow. A key that is not in the file is a warning, and a warning fails the build.
"""

from pathlib import Path

from docutils import nodes
from pybtex.database import parse_file
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

PLACES = ("journal", "booktitle", "publisher", "school", "howpublished", "note")


class References(SphinxDirective):
    """List every entry of a BibTeX file, by first author and year."""

    required_arguments = 1

    def run(self):
        path = Path(self.env.srcdir) / self.arguments[0]
        self.env.note_dependency(str(path))
        try:
            entries = parse_file(path, bib_format="bibtex").entries
        except PybtexError as error:
            raise ExtensionError(f"{self.arguments[0]} could not be read: {error}") from None
        list_ = nodes.bullet_list(classes=["references"])
        list_ += [reference(key, entry) for key, entry in sorted(entries.items(), key=order)]
        return [list_]


def connect(app):
    app.add_directive("references", References)
    app.connect("doctree-read", register)
    app.connect("env-updated", rewrite)
    app.connect("doctree-resolved", add_citing_pages)


def order(item):
    key, entry = item
    return (surnames(entry)[:1] or [key], entry.fields.get("year", ""), key)


def surnames(entry):
    return [" ".join(map(str, person.rich_prelast_names + person.rich_last_names)) for person in people(entry)]


def people(entry):
    return entry.persons.get("author") or entry.persons.get("editor") or []


def text(entry, field):
    return Text.from_latex(entry.fields[field]).render_as("text") if field in entry.fields else ""


def address(entry):
    """Prefer the address that lasts: DOI, then arXiv, then whatever the entry names."""
    if doi := entry.fields.get("doi"):
        return f"https://doi.org/{doi}"
    if number := entry.fields.get("eprint"):
        return f"https://arxiv.org/abs/{number}"
    return entry.fields.get("url", "")


def reference(key, entry):
    """Build `Vaswani, Shazeer et al. 2017. Title. Place. key` with the key as the anchor of the item."""
    names = surnames(entry)
    who = ", ".join(names[:3]) + (" et al." if len(names) > 3 else "")
    where = next((text(entry, field) for field in PLACES if field in entry.fields), "")
    line = nodes.paragraph()
    line += nodes.Text(f"{who} ({entry.fields.get('year', 'no year')}). ")
    title, link = text(entry, "title"), address(entry)
    line += nodes.reference(title, title, refuri=link, internal=False) if link else nodes.emphasis(title, title)
    line += nodes.Text(f". {where}. " if where else ". ")
    line += nodes.literal(key, key)
    return nodes.list_item("", line, ids=[key], names=[], classes=["reference"])


def register(app, doctree):
    """Tell MyST that these anchors exist, so that its check of links knows them."""
    items = [item for item in doctree.findall(nodes.list_item) if "reference" in item["classes"]]
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {}) if items else {}
    for item in items:
        slugs[item["ids"][0]] = (0, item["ids"][0], item.astext())
    if items:
        app.env.metadata[app.env.docname]["holds_references"] = True


def rewrite(app, env):
    """Write the list again whenever anything was read: who cites what may have changed."""
    return [docname for docname, metadata in env.metadata.items() if metadata.get("holds_references")]


def add_citing_pages(app, doctree, docname):
    """Say under each entry which pages cite it."""
    if not app.env.metadata[docname].get("holds_references"):
        return
    read = {name: number for number, name in enumerate(app.env.toctree_includes.get(app.config.root_doc, []))}
    names = sorted(app.env.found_docs, key=lambda name: (read.get(name, len(read)), name))  # as the book is read
    sources = {name: Path(app.env.doc2path(name)).read_text(encoding="utf-8") for name in names}
    for item in doctree.findall(nodes.list_item):
        if "reference" not in item["classes"]:
            continue
        citing = [name for name, source in sources.items() if f"bibliography.md#{item['ids'][0]})" in source]
        if citing:
            item += cited_in(app, docname, citing)


def cited_in(app, docname, citing):
    line = nodes.paragraph(classes=["cited-in"])
    line += nodes.Text("Cited in: ")
    for position, name in enumerate(citing):
        title = app.env.titles[name].astext()
        line += nodes.Text(" · ") if position else nodes.Text("")
        line += nodes.reference(title, title, refuri=app.builder.get_relative_uri(docname, name), internal=True)
    return line
