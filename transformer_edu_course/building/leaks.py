"""Look for solutions of assigned exercises and for hidden tests in what everyone may see: files and the built site.

Whole lines are compared, without spaces, quotes and marks, and as they read after JSON and HTML are decoded. A line
counts as secret only if it stands in nothing that is public on purpose: starters, statements, public tests, solutions
of self-check exercises, in all chapters, and the package's own source. An import gives nothing away.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import transformer_edu
import transformer_edu_course
from transformer_edu.exercises.question import chapters as packaged
from transformer_edu.exercises.question import read_chapter
from transformer_edu_course.building.source import Chapter

ORDINARY = {"else:", "try:", "finally:", "pass", "break", "continue", "return", "returnNone"}
IMPORT = re.compile(r"(from [\w.]+ )?import [\w., ()]+$")
LONG_LINE = 400  # in a longer line, such as minified JSON, a secret line is also looked for as a part
SURE = 24  # … if it has at least this many letters


class Secret(NamedTuple):
    """A line that no one may see: the exercise and what of it, and the line as it was written."""

    what: str
    line: str


def leaks(chapters: Sequence[Chapter], texts: Iterable[tuple[str, str]]) -> list[str]:
    """List what leaks, chapter by chapter: the exercise, what of it, the file, and the first line that gives it away.

    Cost: every text is read once, however many chapters there are.
    """
    secrets = secret_lines(chapters)
    parts: dict[str, list[str]] = {}
    for key in secrets:
        if len(key) >= SURE:
            parts.setdefault(key[:SURE], []).append(key)
    found: dict[tuple[str, str], str] = {}
    for name, text in texts:
        for key in _hits(text, secrets, parts):
            for secret in secrets[key]:
                found.setdefault((secret.what, name), secret.line)
    order = [chapter.name for chapter in chapters]
    told = sorted(found.items(), key=lambda item: order.index(item[0][0].partition("/")[0]))
    return [f"{what} leaks into {name}: `{line}`" for (what, name), line in told]


def secret_lines(chapters: Sequence[Chapter]) -> dict[str, list[Secret]]:
    """Map every distinctive secret line, squeezed, to what it belongs to: one secret a chapter that has the line."""
    public = ORDINARY | _package_lines() | {squeezed(line) for text in _public(chapters) for line in text.splitlines()}
    secrets: dict[str, list[Secret]] = {}
    for chapter in chapters:
        own: dict[str, Secret] = {}
        for what, text in _secret_texts(chapter):
            for line in text.splitlines():
                key = squeezed(line)
                says_something = re.search(r"[A-Za-z0-9]", key) and len(key) > 2 and not IMPORT.match(line.strip())
                if says_something and key not in public:
                    own.setdefault(key, Secret(what, line.strip()))
        for key, secret in own.items():
            secrets.setdefault(key, []).append(secret)
    return secrets


def squeezed(line: str) -> str:
    """Write a line without what formats add to it: spaces, quotes, backslashes, marks of comments and Markdown."""
    return re.sub(r"[\s`*\"'\\]", "", line.strip().lstrip("#> ")).rstrip(",")


def public_files(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield every text file of a built site under the name `name/…`: pages, `_sources`, search index, scripts."""
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" not in content:
            yield f"{name}/{path.relative_to(folder).as_posix()}", content.decode("utf-8", errors="replace")


def _secret_texts(chapter: Chapter) -> Iterator[tuple[str, str]]:
    for question, _, right in chapter.sources:
        for text in [question.solution, question.because, *(answer.code for answer in right)] * question.assigned:
            yield f"{question.id}: the solution", text
        for test in question.tests:
            if test.hidden:
                yield f"{question.id}: the hidden test {test.name!r}", test.code


def _public(chapters: Sequence[Chapter]) -> Iterator[str]:
    """Yield what these chapters show on purpose, as their sources say, and what the package shows of all others."""
    shown = [question.public() for chapter in chapters for question in chapter.questions]
    own = {chapter.name for chapter in chapters}
    shown += [question for name in packaged() if name not in own for question in read_chapter(name)]
    yield from (code for chapter in chapters for code in chapter.setup)
    for question in shown:
        yield from (question.title, question.statement, question.starter, *question.hints)
        yield from (question.solution, question.because)
        yield from (test.code for test in question.tests)


@cache
def _package_lines() -> frozenset[str]:
    """Squeeze the lines of the package's own source, which pages show and anyone can read."""
    packages = [Path(package.__file__).parent for package in (transformer_edu, transformer_edu_course)]
    texts = (path.read_text(encoding="utf-8") for package in packages for path in package.rglob("*.py"))
    return frozenset(squeezed(line) for text in texts for line in text.splitlines())


def _hits(text: str, secrets: Mapping[str, object], parts: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the secrets that a text holds: as a line, or within a long line. `parts` has them by how they begin."""
    lines = dict.fromkeys(line for view in _views(text) for line in view.splitlines())
    for key in dict.fromkeys(map(squeezed, lines)):
        if key in secrets:
            yield key
        if len(key) > LONG_LINE:
            begun = (parts.get(key[place : place + SURE], ()) for place in range(len(key) - SURE + 1))
            yield from (part for some in begun for part in some if part in key)


def _views(text: str) -> list[str]:
    """Read a text as it is, and with HTML and JSON decoded."""
    plain, bare = html.unescape(text), html.unescape(re.sub(r"<[^<>]*>", "", text))
    views = dict.fromkeys([text, plain, bare])
    return list(views | dict.fromkeys(map(_unescaped, views)))


def _unescaped(text: str) -> str:
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return text.replace("\\n", "\n").replace('\\"', '"')
