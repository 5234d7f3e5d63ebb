"""What the tests cost: fixed, for each chapter, and for a book of 34 chapters. Standard library only, any Python 3.

A test belongs to the chapters if its folder is a family of the package, or its parameters name a chapter or its page.
The seconds of a stage are shared out as its own tests (or notebooks) took them.
"""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CHAPTERS = 34  # of the whole book
HOUSE = ("exercises", "figures")  # folders of the package that serve all chapters


def read_chapters(root=ROOT):
    """Return what names a written chapter: its id and its page, as (id, page)."""
    with open(os.path.join(root, "book", "plan.toml"), encoding="utf-8") as plan:
        blocks = plan.read().split("[[part.chapter]]\n")[1:]
    found = [(re.search(r'^id = "(.+?)"', block, re.M), re.search(r'^page = "(.+?)"', block, re.M)) for block in blocks]
    return [(name.group(1), page.group(1)) for name, page in found if page]


def families(root=ROOT):
    """Return the folders of the package that hold what chapters are about."""
    inside = os.path.join(root, "transformer_edu")
    return [name for name in os.listdir(inside) if name not in HOUSE and os.path.isdir(os.path.join(inside, name))]


def grows(test, chapters, folders):
    """Say whether a test is there because of a chapter."""
    folder = test.split("/")[1] if test.startswith("tests/") and test.count("/") > 1 else ""
    if folder in folders:
        return True
    named = test.split("[", 1)[1] if "[" in test else test.rsplit("@", 1)[1] if "@" in test else ""
    words = set(re.split(r"[\[\]@\s-]|\.html|\.ipynb", named)) | ({test} if "::" not in test else set())
    return any({name, page, page.split("/")[-1]} & words for name, page in chapters)


def split(stage, chapters, folders):
    """Return which share of a stage grows with the chapters."""
    whole = sum(stage.shares.values())
    return whole and sum(seconds for name, seconds in stage.shares.items() if grows(name, chapters, folders)) / whole


def table(stages, chapters=None, folders=None):
    """Return the table: for each stage, seconds and seconds of the processor, fixed and by chapter."""
    chapters = read_chapters() if chapters is None else chapters
    folders = families() if folders is None else folders
    lines = ["%-13s %7s %10s   %7s %12s" % ("seconds of", "wall", "processor", "fixed", "a chapter")]
    fixed = each = 0.0
    for stage in stages:
        share = split(stage, chapters, folders)
        own, grown = stage.seconds * (1 - share), stage.seconds * share / max(1, len(chapters))
        if not stage.beside:  # it ran while others did
            fixed, each = fixed + own, each + grown
        lines.append("%-13s %7.0f %10.0f   %7.0f %12.1f" % (stage.name, stage.seconds, stage.processor, own, grown)
                     + (" beside" if stage.beside else ""))  # fmt: skip
    sums = sum(stage.seconds for stage in stages if not stage.beside), sum(stage.processor for stage in stages)
    lines.append("%-13s %7.0f %10.0f   %7.0f %12.1f" % ("together", *sums, fixed, each))
    minutes = (fixed + CHAPTERS * each) / 60
    lines.append("%d chapters now; %d chapters would take %.0f minutes." % (len(chapters), CHAPTERS, minutes))
    return "\n".join(lines)
