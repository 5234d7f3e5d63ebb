"""The house has an order, and this test holds it: who may import whom, names, docstrings, sizes, tables of contents.

Each rule is a function from a small description of the package to a list of violations. Each is shown a wrong example
first, so that no rule can pass by never looking.
"""

import ast
import contextlib
import copy
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "transformer_edu"
COURSE = "transformer_edu_course"  # the house beside it, for instructors: it may import the package, never the reverse

# The one list of families, in the order of their imports: each may import those before it, and none the course. First
# the mathematics. A family that is not named is mathematics, too: it may use all that is, and no mathematics uses it.
ORDER = ("softmax", "positions", "scores", "attention", "normalization", "layers", "machines", "decoding")
ORDER += ("recurrent", "costs", "training")
AROUND = ("data", "minilm", "studies", "exercises", COURSE, "explorers", "figures")  # what is no mathematics
ORDER += AROUND
LIBRARIES = {"torch", "einops", "jaxtyping"}
MORE = {"transformer_edu.training.loop": "tqdm"}  # what one module may import besides: a progress bar
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
LONGEST_MODULE = 240
SHORT = 4  # statements: what is shorter may happen to look like something else
LONGEST_OF_COURSE = 150
BIBKEY = re.compile(r"\[([a-z][a-z_-]*(?:19|20)\d\d[a-z0-9_-]*)\]")


class Module:
    """A file of the package: its dotted name, its family, its syntax tree."""

    def __init__(self, name: str, text: str, *, is_family: bool = False) -> None:
        self.name, self.text, self.is_family = name, text, is_family
        self.tree = ast.parse(text, filename=name)
        self.family = family_of(name)

    @property
    def is_mathematics(self) -> bool:
        return bool(self.family) and self.family not in AROUND

    @property
    def package(self) -> str:
        return self.name if self.is_family else self.name.rpartition(".")[0]

    def imports(self) -> list[tuple[int, str]]:
        """Return (line, dotted name) of every import, also of those inside functions."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                origin = self.origin(node)
                deeper = origin in {PACKAGE, ""}  # "from transformer_edu import softmax" names a family
                found += [(node.lineno, f"{origin}.{alias.name}" if deeper else origin) for alias in node.names]
        return sorted(set(found))

    def imported(self, names: set[str]) -> set[str]:
        """Return which of these modules are imported: `from a import b` is the module a.b if there is one, else a."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                origin = self.origin(node)
                found |= {deep if (deep := f"{origin}.{alias.name}") in names else origin for alias in node.names}
        return found & names - {self.name}

    def origin(self, node: ast.ImportFrom) -> str:
        """Return the module that a `from … import` names, relative ones too."""
        base = self.package.split(".")[: len(self.package.split(".")) - node.level + 1] if node.level else []
        return ".".join([*base, *([node.module] if node.module else [])])

    def public(self) -> list[ast.FunctionDef | ast.ClassDef]:
        """Return the functions and classes at the top of the file whose names do not start with an underscore."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return [node for node in self.tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def family_of(name: str) -> str:
    """Return the family that a dotted name lies in: transformer_edu.softmax.entropy → softmax. The course is one."""
    house, *parts = name.split(".")
    return COURSE if house == COURSE else parts[0] if house == PACKAGE and parts else ""


def dotted(path: Path) -> str:
    """Return the name under which a file of the package is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def files(pattern: str = "*.py") -> list[Path]:
    return sorted(path for house in (PACKAGE, COURSE) for path in (ROOT / house).rglob(pattern))


def read_package() -> list[Module]:
    return [Module(dotted(path), path.read_text("utf-8"), is_family=path.stem == "__init__") for path in files()]


# The rules ---------------------------------------------------------------------------------------------------------


def imports_run_one_way(modules: list[Module]) -> list[str]:
    """Imports run up ORDER only. A family that is not in it stands behind the mathematics that is."""
    wrong = []
    for module in modules:
        for line, name in module.imports():
            target = family_of(name)
            if not target or not module.family or target == module.family:
                continue
            place = module.family if module.family in ORDER else AROUND[0]
            allowed = target in ORDER[: ORDER.index(place)] or (target not in ORDER and not module.is_mathematics)
            if not allowed or target == COURSE:
                wrong.append(f"{module.name}:{line} imports {name}: {module.family} must not know {target}")
    return wrong


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    """Return all that can be reached from `start` in one step or more."""
    found, todo = set(), set(graph[start])
    while todo:
        current = todo.pop()
        found.add(current)
        todo |= graph.get(current, set()) - found
    return found


def imports_make_no_circle(modules: list[Module]) -> list[str]:
    """No two families import each other, directly or around a corner."""
    graph: dict[str, set[str]] = {}
    for module in modules:
        targets = {family_of(name) for _, name in module.imports()} - {"", module.family}
        graph.setdefault(module.family, set()).update(targets)
    return [
        f"{family} imports itself through {', '.join(sorted(reached(graph, family) - {family}))}"
        for family in graph
        if family and family in reached(graph, family)
    ]


def modules_make_no_circle(modules: list[Module]) -> list[str]:
    """No module imports itself around a corner, not inside a function either."""
    names = {module.name for module in modules}
    graph = {module.name: module.imported(names) for module in modules}
    around = {name: reached(graph, name) for name in graph}
    return [
        f"{name} imports itself through {', '.join(sorted(n for n in around[name] if name in around.get(n, ())))}"
        for name in graph
        if name in around[name]
    ]


def mathematics_needs_three_libraries(modules: list[Module]) -> list[str]:
    """The mathematics, and the data that it is fed, import torch, einops, jaxtyping and the standard library only."""
    known = LIBRARIES | {PACKAGE} | sys.stdlib_module_names
    return [
        f"{module.name}:{line} imports {name}: the mathematics may use {', '.join(sorted(LIBRARIES))} only"
        for module in modules
        if module.is_mathematics or module.family == "data"
        for line, name in module.imports()
        if name.split(".")[0] not in known and name.split(".")[0] != MORE.get(module.name)
    ]


def names_say_something(modules: list[Module]) -> list[str]:
    """No file or folder is called utils, helpers, common, base: such a name says nothing about what is in it."""
    return [
        f"{module.name}: name it by what it does, not {part}"
        for module in modules
        for part in module.name.split(".")
        if part in EMPTY_NAMES
    ]


def modules_fit_on_few_screens(modules: list[Module]) -> list[str]:
    return [
        f"{module.name} has {lines} lines, more than {most}"
        for module in modules
        if (lines := module.text.count("\n"))
        > (most := LONGEST_OF_COURSE if module.family == COURSE else LONGEST_MODULE)
    ]


def everything_public_is_explained(modules: list[Module]) -> list[str]:
    """Each module, public function and public class has a docstring."""
    wrong = [f"{module.name}: no docstring" for module in modules if not ast.get_docstring(module.tree)]
    for module in modules:
        wrong += [
            f"{module.name}:{node.lineno} {node.name} has no docstring"
            for node in module.public()
            if not ast.get_docstring(node)
        ]
    return wrong


def mathematics_names_source_and_cost(modules: list[Module]) -> list[str]:
    """Each public function of the mathematics says what it costs and where it comes from."""
    return [
        f"{module.name}:{node.lineno} {node.name}: its docstring has no '{section}:'"
        for module in modules
        if module.is_mathematics and not module.is_family
        for node in module.public()
        if not isinstance(node, ast.ClassDef)
        for section in ("Cost", "Source")
        if not re.search(rf"^{section}:", ast.get_docstring(node) or "", re.MULTILINE)
    ]


def sources_are_in_the_bibliography(modules: list[Module], keys: set[str]) -> list[str]:
    """Each [bibkey] of a docstring is an entry of book/references.bib."""
    wrong = []
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                text = ast.get_docstring(node) or ""
                wrong += [
                    f"{module.name}: [{key}] is not in book/references.bib"
                    for key in BIBKEY.findall(text)
                    if key not in keys
                ]
    return wrong


def families_list_their_names(modules: list[Module]) -> list[str]:
    """A family's __init__ is its table of contents: __all__ holds what it imports from its modules, exactly."""
    wrong = []
    families = (one for one in modules if one.is_family and one.family not in ("", COURSE) and one.name.count(".") == 1)
    for family in families:
        listed, imported = listed_names(family), imported_names(family)
        defined = {node.name for node in family.public()}
        if listed is None:
            if family.is_mathematics or "__all__" not in family.text:  # elsewhere names may be loaded when asked for
                wrong.append(f"{family.name}: no __all__ that lists its names")
            continue
        wrong += [f"{family.name}: __all__ names {name}, which is not there" for name in listed - imported - defined]
        wrong += [f"{family.name}: {name} is imported and not in __all__" for name in imported - listed]
        if family.is_mathematics:
            members = [module for module in modules if module.family == family.family and not module.is_family]
            public = {node.name: module.name for module in members for node in module.public()}
            wrong += [f"{family.name}: {public[name]}.{name} is missing" for name in sorted(public.keys() - listed)]
    return wrong


def listed_names(module: Module) -> set[str] | None:
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            with contextlib.suppress(ValueError):
                return set(ast.literal_eval(node.value))
    return None


def imported_names(module: Module) -> set[str]:
    """Return the public names that a family takes from its own modules."""
    names: set[str] = set()
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith(module.name)):
            names |= {alias.asname or alias.name for alias in node.names}
    return {name for name in names if not name.startswith("_")}


def mathematics_has_no_open_arguments(modules: list[Module]) -> list[str]:
    """Hyperparameters are explicit: no **kwargs in the mathematics."""
    return [
        f"{module.name}:{node.lineno} {node.name} takes **{node.args.kwarg.arg}"
        for module in modules
        if module.is_mathematics
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef) and node.args.kwarg
    ]


def errors_are_not_assertions(modules: list[Module]) -> list[str]:
    """Bad input raises ValueError: python -O removes an assert."""
    return [
        f"{module.name}:{node.lineno} assert: raise ValueError with a message instead"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assert)
    ]


def nothing_is_written_twice(modules: list[Module]) -> list[str]:
    """No function or class has the statements of another one, whatever the names and texts in them."""
    first, wrong = {}, []
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and count_statements(node) >= SHORT:
                place, shape = f"{module.name}:{node.lineno} {node.name}", shape_of(node)
                if shape in first:
                    wrong.append(f"{place} repeats {first[shape]}: make what differs a part or an argument")
                first.setdefault(shape, place)
    return wrong


def bodies(node: ast.FunctionDef | ast.ClassDef) -> list[ast.stmt]:
    """Return the statements of a function, or of all methods of a class, without docstrings."""
    if isinstance(node, ast.ClassDef):
        return [line for method in node.body if isinstance(method, ast.FunctionDef) for line in bodies(method)]
    return node.body[1:] if ast.get_docstring(node) else node.body


def count_statements(node: ast.FunctionDef | ast.ClassDef) -> int:
    return sum(isinstance(inner, ast.stmt) for line in bodies(node) for inner in ast.walk(line))


def shape_of(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Write the statements down with a number for each name, and nothing for texts and attributes."""
    blank = WithoutNames()
    return "\n".join([type(node).__name__, *(ast.dump(blank.visit(copy.deepcopy(line))) for line in bodies(node))])


class WithoutNames(ast.NodeTransformer):
    """Give each name the number of its first appearance; blank texts and the names of attributes."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def visit_Name(self, node: ast.Name) -> ast.Constant:
        return ast.Constant(f"name {self.numbers.setdefault(node.id, len(self.numbers))}")

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        return ast.Attribute(self.visit(node.value), "")

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("" if isinstance(node.value, str) else node.value)


# The package keeps every rule ----------------------------------------------------------------------------------------

RULES = [
    imports_run_one_way,
    imports_make_no_circle,
    modules_make_no_circle,
    mathematics_needs_three_libraries,
    names_say_something,
    modules_fit_on_few_screens,
    everything_public_is_explained,
    mathematics_names_source_and_cost,
    families_list_their_names,
    mathematics_has_no_open_arguments,
    errors_are_not_assertions,
    nothing_is_written_twice,
]


def bibliography() -> set[str]:
    return set(re.findall(r"^@\w+\{\s*([^,\s]+)", (ROOT / "book" / "references.bib").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule):
    wrong = rule(read_package())
    assert not wrong, f"{rule.__name__}, {len(wrong)} times:\n" + "\n".join(wrong)


def test_the_package_cites_what_the_bibliography_holds():
    wrong = sources_are_in_the_bibliography(read_package(), bibliography())
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_whole_package_is_read():
    families = {module.family for module in read_package()}
    assert {"softmax", "attention", "layers", "minilm", "explorers", "exercises", COURSE} <= families


@pytest.mark.parametrize("module", [dotted(path) for path in files("__init__.py")])
def test_every_listed_name_can_be_imported(module):
    imported = importlib.import_module(module)
    assert [name for name in getattr(imported, "__all__", []) if not hasattr(imported, name)] == []


def test_no_environment_is_committed():
    """Packages in the history make every clone heavy for good: take them out of the commit that added them."""
    command = ["git", "ls-files", ".venv*", "*/site-packages/*"]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert tracked.stdout.splitlines()[:3] == []


# Each rule sees a wrong example --------------------------------------------------------------------------------------

GOOD = '"""Doc."""\n\n\ndef turn(tokens):\n    """Turn.\n\n    Cost: O(n).\n    Source: [doe2020turn] eq. 1.\n    """\n'
WRITTEN = """
def pre(tokens, part):
    read = part.norm(tokens)
    said = part(read)
    added = tokens + said
    return added
"""
OTHER_NAMES = WRITTEN.replace("pre", "post").replace("said", "outputs").replace("norm", "scale")
HOLDER = """
class GeluNetwork:
    def __init__(self, dim):
        self.expand = Linear(dim, 4 * dim)
        self.contract = Linear(4 * dim, dim)
    def forward(self, tokens):
        hidden = gelu(self.expand(tokens))
        return self.contract(hidden)
"""
WRONG = {
    "softmax needs attention": (imports_run_one_way, "softmax.plain", "from transformer_edu.attention import causal"),
    "inside a function": (imports_run_one_way, "attention.x", "def f():\n    import transformer_edu.explorers.grid"),
    "from the package": (imports_run_one_way, "scores.dot", "from transformer_edu import figures"),
    "a family that is not in the order": (imports_run_one_way, "scores.dot", "import transformer_edu.experts"),
    "one such needs another": (imports_run_one_way, "vision.patch", "from transformer_edu.experts import gate"),
    "data need explorers": (imports_run_one_way, "data.x", "from transformer_edu.explorers import Explorer"),
    "relative": (imports_run_one_way, "scores.dot", "from ..layers import FeedForward"),
    "mathematics needs weights": (imports_run_one_way, "vision.patch", "from transformer_edu.minilm import read"),
    "weights need explorers": (imports_run_one_way, "minilm.x", "from transformer_edu.explorers import Explorer"),
    "numpy": (mathematics_needs_three_libraries, "softmax.plain", "import numpy as np"),
    "numpy in a function": (mathematics_needs_three_libraries, "vision.x", "def f():\n    from numpy import array"),
    "exercises need the grader": (imports_run_one_way, "exercises.x", f"from {COURSE}.grading import grade"),
    "mathematics needs the grader": (imports_run_one_way, "softmax.x", f"def f():\n    import {COURSE}"),
    "data from elsewhere": (mathematics_needs_three_libraries, "data.text", "import pandas"),
    "data needs weights": (imports_run_one_way, "data.text", "from transformer_edu.minilm import read"),
    "utils": (names_say_something, "softmax.utils", ""),
    "a folder common": (names_say_something, "common.plain", ""),
    "241 lines": (modules_fit_on_few_screens, "softmax.plain", "x = 1\n" * 241),
    "silent module": (everything_public_is_explained, "explorers.grid", "x = 1\n"),
    "silent function": (everything_public_is_explained, "explorers.grid", '"""Doc."""\ndef f(): pass'),
    "silent class": (everything_public_is_explained, "data.text", '"""Doc."""\nclass F: pass'),
    "no cost": (mathematics_names_source_and_cost, "softmax.plain", GOOD.replace("Cost:", "Costs")),
    "no source": (mathematics_names_source_and_cost, "vision.plain", GOOD.replace("Source:", "See")),
    "kwargs": (mathematics_has_no_open_arguments, "softmax.plain", "def f(**settings): pass"),
    "assert": (errors_are_not_assertions, "explorers.grid", "assert 1 == 1"),
    "a copy with other names": (nothing_is_written_twice, "layers.x", WRITTEN + OTHER_NAMES),
    "a copy of a class": (nothing_is_written_twice, "layers.x", HOLDER + HOLDER.replace("gelu", "relu")),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_rule_finds_a_wrong_example(case):
    rule, name, text = WRONG[case]
    assert len(rule([Module(f"{PACKAGE}.{name}", text)])) == 1


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (imports_run_one_way, "from transformer_edu.explorers import Explorer"),
        (names_say_something, ""),
        (modules_fit_on_few_screens, "x = 1\n" * 151),
        (everything_public_is_explained, '"""Doc."""\ndef f(): pass'),
        (errors_are_not_assertions, "assert 1 == 1"),
    ],
    ids=lambda rule: getattr(rule, "__name__", ""),
)
def test_the_rules_hold_for_the_course_too(rule, text):
    name = "utils" if rule is names_say_something else "pool"
    assert len(rule([Module(f"{COURSE}.grading.{name}", text)])) == 1
    assert rule([Module(f"{COURSE}.grading.pool", '"""Doc."""\nfrom transformer_edu.exercises import check')]) == []


def test_short_or_different_statements_are_no_copies():
    short = WRITTEN.replace("    added = tokens + said\n", "")
    other = WRITTEN.replace("tokens + said", "said + tokens")
    for text in (short + short, WRITTEN + other, WRITTEN):
        assert nothing_is_written_twice([Module(f"{PACKAGE}.layers.x", text)]) == []


def test_a_good_module_breaks_no_rule():
    family = Module(f"{PACKAGE}.softmax", '"""Doc."""\nfrom .plain import turn\n__all__ = ["turn"]', is_family=True)
    module = Module(f"{PACKAGE}.softmax.plain", GOOD + "import torch, math\nfrom einops import einsum\n")
    assert [violation for rule in RULES for violation in rule([family, module])] == []
    assert sources_are_in_the_bibliography([module], {"doe2020turn"}) == []
    uses = [Module(f"{PACKAGE}.vision.patch", "import transformer_edu.training")]
    uses += [Module(f"{PACKAGE}.explorers.x", "from transformer_edu.vision import patch")]
    assert imports_run_one_way(uses) == []
    assert sources_are_in_the_bibliography([module], {"roe2021turn"}) != []


def test_a_circle_is_found():
    circle = [
        Module(f"{PACKAGE}.vision.patch", "from transformer_edu.experts import gate"),
        Module(f"{PACKAGE}.experts.gate", "from transformer_edu.vision import patch"),
    ]
    assert len(imports_make_no_circle(circle)) == 2
    assert imports_make_no_circle(circle[:1]) == []


def test_a_circle_of_modules_is_found_inside_functions_and_through_a_family():
    shown = Module(f"{PACKAGE}.explorers.show", "def show():\n    from transformer_edu.explorers import live")
    live = Module(f"{PACKAGE}.explorers.live", "from .declaration import Explorer")
    declared = Module(f"{PACKAGE}.explorers.declaration", "def f():\n    import transformer_edu.explorers.show")
    around = Module(f"{PACKAGE}.explorers", "from transformer_edu.explorers.live import x", is_family=True)
    asks = Module(f"{PACKAGE}.explorers.live", "from transformer_edu.explorers import x")
    assert len(modules_make_no_circle([shown, live, declared])) == 3
    assert modules_make_no_circle([shown, live]) == []
    assert len(modules_make_no_circle([around, asks])) == 2
    assert modules_make_no_circle([around, live, declared, shown])[0].startswith(f"{PACKAGE}.explorers.live")


@pytest.mark.parametrize(
    ("contents", "found"),
    [
        ("from .plain import turn", "no __all__"),
        ("from .plain import turn\n__all__ = list(NAMES)", "no __all__"),
        ('from .plain import turn\n__all__ = ["turn", "fold"]', "fold, which is not there"),
        ('from .plain import turn, fold\n__all__ = ["turn"]', "fold is imported"),
        ("__all__ = []", "plain.turn is missing"),
    ],
)
def test_a_wrong_table_of_contents_is_found(contents, found):
    family = Module(f"{PACKAGE}.softmax", contents, is_family=True)
    wrong = families_list_their_names([family, Module(f"{PACKAGE}.softmax.plain", GOOD)])
    assert len(wrong) == 1
    assert found in wrong[0]
