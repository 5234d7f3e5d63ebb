"""Look for solutions of assigned exercises and for hidden tests in what everyone may see: files and the built site.

Whole lines are compared, without spaces, quotes and marks, and as they read after JSON and HTML are decoded. A line
counts as secret only if it stands in nothing that is public on purpose: starters, statements, public tests, solutions
of self-check exercises, in this chapter and in all others, and the package's own source. An import gives nothing away.
"""

import html
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import transformer_edu
import transformer_edu_course
from transformer_edu.exercises.question import chapters, read_chapter
from transformer_edu_course.building.source import Chapter

ORDINARY = {"else:", "try:", "finally:", "pass", "break", "continue", "return", "returnNone"}
IMPORT = re.compile(r"(from [\w.]+ )?import [\w., ()]+$")
LONG_LINE = 400  # in a longer line, such as minified JSON, a secret line is also looked for as a part
SURE = 24  # … if it has at least this many letters


def leaks(chapter: Chapter, texts: Iterable[tuple[str, str]]) -> list[str]:
    """List what leaks: the exercise, what of it, the file, and the first line that gives it away."""
    secrets = secret_lines(chapter)
    found: dict[tuple[str, str], str] = {}
    for name, text in texts:
        for what, line in _hits(text, secrets):
            found.setdefault((what, name), line)
    return [f"{what} leaks into {name}: `{line}`" for (what, name), line in found.items()]


def secret_lines(chapter: Chapter) -> dict[str, tuple[str, str]]:
    """Map every distinctive secret line, squeezed, to what it belongs to and how it was written."""
    public, secrets = set(_package_lines()), {}
    for text in _public_texts(chapter):
        public.update(map(squeezed, text.splitlines()))
    for what, text in _secret_texts(chapter):
        for line in text.splitlines():
            key = squeezed(line)
            says_something = re.search(r"[A-Za-z0-9]", key) and len(key) > 2 and not IMPORT.match(line.strip())
            if says_something and key not in public | ORDINARY:
                secrets.setdefault(key, (what, line.strip()))
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


def _public_texts(chapter: Chapter) -> Iterator[str]:
    yield from chapter.setup
    others = (read_chapter(name) for name in chapters() if name != chapter.name)
    for shown in [*(question.public() for question in chapter.questions), *(one for known in others for one in known)]:
        yield from (shown.title, shown.statement, shown.starter, *shown.hints)
        yield from (shown.solution, shown.because)
        yield from (test.code for test in shown.tests)


@cache
def _package_lines() -> frozenset[str]:
    """Squeeze the lines of the package's own source, which pages show and anyone can read."""
    packages = [Path(package.__file__).parent for package in (transformer_edu, transformer_edu_course)]
    texts = (path.read_text(encoding="utf-8") for package in packages for path in package.rglob("*.py"))
    return frozenset(squeezed(line) for text in texts for line in text.splitlines())


def _hits(text: str, secrets: dict[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for view in _views(text):
        for line in view.splitlines():
            key = squeezed(line)
            if key in secrets:
                yield secrets[key]
            if len(key) > LONG_LINE:
                yield from (told for part, told in secrets.items() if len(part) >= SURE and part in key)


def _views(text: str) -> list[str]:
    """Read a text as it is, and with HTML and JSON decoded."""
    plain, bare = html.unescape(text), html.unescape(re.sub(r"<[^<>]*>", "", text))
    return list(dict.fromkeys([text, plain, bare, _unescaped(text), _unescaped(plain), _unescaped(bare)]))


def _unescaped(text: str) -> str:
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return text.replace("\\n", "\n").replace('\\"', '"')
