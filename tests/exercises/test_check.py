"""Checking in the reader's own kernel: whatever the answer does, one clear line comes back."""

import json
import os
import subprocess
import sys
import textwrap

import pytest
import torch

from transformer_edu.exercises import card, check, hint
from transformer_edu.exercises import judge as judge_module
from transformer_edu.exercises.answers import Kernel
from transformer_edu.exercises.check import review
from transformer_edu.exercises.judge import difference, judge, same
from transformer_edu.exercises.notice import Notice, shell
from transformer_edu.exercises.question import Question, Test, find_question
from transformer_edu.exercises.student import Student
from transformer_edu.exercises.values import read_value

SOFTMAX = find_question("softmax/q2", function="test")


def made(*, answers: dict[str, str], tests: list[str], starter: str = "", **more) -> Question:
    """Make a small question for one test."""
    fields = {"title": "", "kind": "complete", "difficulty": 1, "minutes": 1, "teaches": "", "statement": ""}
    numbered = tuple(Test(name=f"part {place}", code=code) for place, code in enumerate(tests, 1))
    return Question(id="made/q1", answers=answers, tests=numbered, starter=starter, hints=(), **fields, **more)


DOUBLE = made(
    answers={"double": "function -> tensor"},
    tests=["got = student.double(torch.tensor([1.0, 2.0]))\nassert same(got, [2.0, 4.0]), 'not doubled'"],
    starter="def double(numbers):\n    ...",
)


def refuse(numbers):
    raise NotImplementedError


def quit_python(numbers):
    sys.exit(3)


def recurse(numbers):
    return recurse(numbers)


def add_in_place(numbers):
    numbers += numbers
    return numbers


def forget_return(numbers):
    numbers = 2 * numbers


def use_a_placeholder(numbers):
    return numbers * ...


ANSWERS = {
    "right": (lambda numbers: 2 * numbers, "passed", "1 test"),
    "wrong": (lambda numbers: numbers, "failed", "not doubled"),
    "NaN": (lambda numbers: numbers * float("nan"), "failed", "not doubled"),
    "wrong shape": (lambda numbers: 2 * numbers[:, None], "failed", "not doubled"),
    "other dtype": (lambda numbers: (2 * numbers).to(torch.bfloat16), "passed", "1 test"),
    "needs gradients": (lambda numbers: (2 * numbers).requires_grad_(), "passed", "1 test"),
    "returns nothing": (forget_return, "failed", "it is None. Does the function end with `return`?"),
    "returns a list": (lambda numbers: [2.0, 4.0], "failed", "needs to be a tensor, it is a list of 2"),
    "returns numpy": (lambda numbers: (2 * numbers).numpy(), "failed", "it is of type ndarray"),
    "raises": (lambda numbers: numbers.nonsense, "failed", "`double` raised AttributeError: 'Tensor' object has no"),
    "raises without words": (lambda numbers: next(iter([])), "failed", "`double` raised StopIteration."),
    "takes no argument": (lambda: None, "failed", "`double` raised TypeError"),
    "recursion": (recurse, "failed", "`double` raised RecursionError"),
    "leaves Python": (quit_python, "failed", "`double` raised SystemExit: 3."),
    "in place": (add_in_place, "failed", "`double` changed its input `numbers` in place"),
    "resized in place": (lambda numbers: numbers.unsqueeze_(0)[0] * 2, "failed", "changed its input `numbers` in"),
    "not a function": (torch.ones(2), "failed", "`double` needs to be a function, it is a tensor of shape (2,)."),
    "placeholder": (use_a_placeholder, "unanswered", "a placeholder still stands in `double`"),
    "returns dots": (lambda numbers: ..., "unanswered", "`double` still returns `...`"),
    "not implemented": (refuse, "unanswered", "a placeholder still stands"),
    "dots": (..., "unanswered", "Still open: `double`."),
    "empty text": (" ", "unanswered", "Still open: `double`."),
    "None": (None, "unanswered", "Still open: `double`."),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_every_answer_gets_a_verdict(answer):
    value, state, message = answer
    verdict = review(DOUBLE, {"double": value})
    assert verdict.state == state
    assert message in verdict.message


def test_a_name_that_is_missing_is_not_answered():
    assert review(DOUBLE, {}) == ("unanswered", "Still open: `double`.", ())


def test_the_starter_is_recognized_after_cosmetic_changes():
    names = {}
    exec("x = 1\n\n\ndef double(numbers):\n    # what now?\n    ...\n", names)
    assert review(DOUBLE, names).state == "unanswered"


def test_a_failure_names_the_input_the_result_and_the_test():
    verdict = review(DOUBLE, {"double": lambda numbers: numbers})
    assert verdict.details == (
        "input: `double(tensor([1, 2]))`, your result: `tensor([1, 2])`",
        "test 1 of 1: part 1",
    )


@pytest.mark.parametrize(
    ("got", "want", "told"),
    [
        (torch.ones(1, 3), torch.tensor([[1, 1, 1 / 3]]), "[0, 2]` is `1`, expected `0.333333`"),
        (torch.tensor([1.0, float("nan")]), torch.tensor([9.0, 2.0]), "[1]` is `nan`, expected `2`"),
        (torch.tensor([float("-inf"), 1.0]), torch.tensor([float("-inf"), 2.0]), "[1]` is `1`, expected `2`"),
        (torch.tensor([True, True]), torch.tensor([True, False]), "[1]` is `True`, expected `False`"),
        (torch.tensor(3), torch.tensor(4.5), "` is `3`, expected `4.5`"),
        ((torch.ones(2), torch.ones(2)), (torch.ones(2), torch.tensor([1.0, 2.0])), "[1][1]` is `1`, expected `2`"),
    ],
)
def test_results_that_differ_are_shown_at_their_largest_difference(got, want, told):
    assert difference(got, want) == f"largest difference: `result{told}"


@pytest.mark.parametrize("got", [None, 3.0, torch.ones(2), torch.ones(1, 3), torch.ones(3) + 1e-7])
def test_no_place_is_shown_where_there_is_none(got):
    assert difference(got, torch.ones(3)) == ""


def test_a_failure_in_a_large_result_shows_its_place():
    test = "want = torch.ones(5, 5)\ngot = student.double(torch.zeros(5, 5))\nassert same(got, want), 'wrong'"
    verdict = review(made(answers=DOUBLE.answers, tests=[test]), {"double": lambda numbers: numbers + torch.eye(5)})
    assert verdict.details[1] == "largest difference: `result[0, 1]` is `0`, expected `1`"


def test_an_error_names_the_line_of_the_student():
    verdict = review(DOUBLE, {"double": use_a_line_that_fails})
    assert any("`return numbers + torch.ones(3)`" in detail and "at line" in detail for detail in verdict.details)


def use_a_line_that_fails(numbers):
    return numbers + torch.ones(3)


def test_a_known_error_gets_its_likely_cause():
    question = made(answers=DOUBLE.answers, tests=[DOUBLE.tests[0].code], raised={"must match the size": "Too many."})
    message = review(question, {"double": use_a_line_that_fails}).message
    assert message.startswith("Too many. `double` raised RuntimeError: The size of tensor a (2)")


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("number", 2, 2.0),
        ("number", torch.tensor(2.0), 2.0),
        ("numbers", {3, 1}, [1.0, 3.0]),
        ("numbers", torch.tensor([[3, 1]]), [1.0, 3.0]),
        ("numbers", range(2), [0.0, 1.0]),
        ("letter ABC", " b", "B"),
        ("number or never", 615, 615.0),
        ("number or never", " Never", float("inf")),
        ("number or never", float("inf"), float("inf")),
    ],
)
def test_values_are_read_as_their_kind(kind, value, read):
    assert read_value("answer", value, kind) == read


VALUES = {
    "text for number": ("number", "eight", "`answer` needs to be a number, it is `'eight'`."),
    "truth for number": ("number", True, "`answer` needs to be a number, it is `True`."),
    "NaN": ("number", float("nan"), "`answer` needs to be a finite number, it is nan."),
    "many for one": ("number", torch.ones(3), "`answer` needs to be a number, it is a tensor of shape (3,)."),
    "one for many": ("numbers", 3, "`answer` needs to be a list of numbers, it is `3`."),
    "text among numbers": ("numbers", [1, "two"], "`answer` needs to be a number, it is `'two'`."),
    "letter out of range": ("letter ABC", "D", "`answer` needs to be one letter of A, B, C, it is `'D'`."),
    "two letters": ("letter ABC", "AB", "`answer` needs to be one letter of A, B, C, it is `'AB'`."),
    "text for never": (
        "number or never",
        "not at all",
        "`answer` needs to be a number or the text \"never\", it is `'not at all'`.",
    ),
    "NaN for never": ("number or never", float("nan"), "`answer` needs to be a finite number, it is nan."),
    "dict for never": ("number or never", {}, "`answer` needs to be a number, it is of type dict."),
    "number for letter": ("letter ABC", 1, "`answer` needs to be one letter of A, B, C, it is `1`."),
}


@pytest.mark.parametrize("case", VALUES.values(), ids=VALUES.keys())
def test_values_of_the_wrong_kind_are_told(case):
    kind, value, message = case
    question = made(answers={"answer": kind}, tests=["student.answer"])
    assert review(question, {"answer": value})[:2] == ("failed", message)


def test_a_value_that_fails_is_shown():
    question = made(answers={"answer": "number"}, tests=["assert student.answer == 3, 'count again'"])
    assert review(question, {"answer": 4}).details == ("you wrote `answer = 4`", "test 1 of 1: part 1")


def test_two_results_are_needed_where_two_are_asked_for():
    question = made(answers={"split": "function -> (tensor, tensor)"}, tests=["student.split(1)"])
    assert review(question, {"split": lambda _: (torch.ones(1), torch.ones(1))}).state == "passed"
    assert "tuple of 2, it is a tuple of 3" in review(question, {"split": lambda _: (1, 2, 3)}).message
    assert (
        "`split(…)[1]` needs to be a tensor, it is `2`"
        in review(question, {"split": lambda _: (torch.ones(1), 2)}).message
    )


def call_softmax(scores, temperature=1.0):
    def inner():
        return torch.nn.functional.softmax(scores / temperature, dim=-1)

    return inner()


@pytest.mark.parametrize("answer", [call_softmax, torch.softmax, lambda scores, temperature=1: scores.softmax(-1)])
def test_an_answer_may_not_call_what_it_was_asked_to_write(answer):
    verdict = review(SOFTMAX, {"stable_softmax": answer})
    assert verdict.message == "Your answer uses `softmax`, which this exercise does not allow."


def test_a_test_that_cannot_use_an_answer_says_so_and_does_not_raise():
    question = made(answers=DOUBLE.answers, tests=["student.double(torch.ones(2)) @ torch.ones(3)"])
    verdict = review(question, {"double": lambda numbers: numbers})
    assert verdict.state == "failed"
    assert verdict.message.startswith("The test could not use your answer (RuntimeError")


def test_tests_run_in_order_and_stop_at_the_first_that_fails():
    tests = ["student.double(torch.ones(1))", "assert False, 'second'", "assert False, 'third'"]
    question = made(answers=DOUBLE.answers, tests=tests)
    verdict = judge(question, Student(DOUBLE, Kernel({"double": lambda numbers: numbers})))
    assert (verdict.message, verdict.details[-1]) == ("second", "test 2 of 3: part 2")


def test_the_student_never_holds_the_tests_own_tensors():
    kept = []

    def keep(numbers):
        kept.append(numbers)
        return numbers

    test = "a = torch.zeros(2)\nb = student.double(a)\nb += 1\nassert same(a, torch.zeros(2))"
    review(made(answers=DOUBLE.answers, tests=[test]), {"double": keep})
    assert kept[0].tolist() == [0, 0]


def test_only_what_can_cross_to_another_process_is_handed_over():
    question = made(answers=DOUBLE.answers, tests=["student.double(lambda: 1)"])
    assert "not function" in review(question, {"double": lambda numbers: numbers}).message


def test_a_judge_sees_the_same_inputs_for_a_seed_and_others_for_another():
    test = "student.double(torch.randn(2, generator=generator)), student.double(torch.rand(2))"
    question, seen = made(answers=DOUBLE.answers, tests=[test]), []

    def watch(numbers):
        seen.append(numbers.tolist())
        return numbers

    for seed in (0, 0, 1):
        judge(question, Student(question, Kernel({"double": watch})), seed=seed)
    assert seen[:2] == seen[2:4]
    assert all(first != second for first, second in zip(seen[:2], seen[4:], strict=True))


def test_a_test_is_compiled_once_for_all_answers():
    compiled = judge_module._compiled
    question = made(answers=DOUBLE.answers, tests=["assert student.double(torch.ones(1))", "assert 1 + 1 == 2"])
    before = compiled.cache_info()
    for seed in range(3):
        judge(question, Student(question, Kernel({"double": lambda numbers: numbers})), seed=seed)
    after = compiled.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (2, 4)


def test_the_readers_own_state_stays_as_it_was():
    before = torch.random.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            for question in (SOFTMAX, find_question("softmax/q4", function="test")):  # q4's tests take a gradient
                assert review(question, solved(question)).state == "passed"
            assert not torch.is_grad_enabled()
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(before, torch.random.get_rng_state())


def solved(question: Question) -> dict:
    names = {}
    exec(question.solution, names)
    return names


@pytest.mark.parametrize(
    ("answer", "wanted", "equal"),
    [
        ([1.0, 2.0], [1.0, 2.000001], True),
        ([1.0, 2.0], [1.0, 2.1], False),
        ([[1.0, 2.0]], [1.0, 2.0], False),
        ([float("nan")], [float("nan")], False),
        ([True, False], [1.0, 0.0], True),
        ((torch.ones(1), torch.ones(2)), (torch.ones(1), torch.ones(2)), True),
        ((torch.ones(1), torch.ones(2)), (torch.ones(1), torch.zeros(2)), False),
    ],
)
def test_same_compares_shape_and_numbers(answer, wanted, equal):
    assert same(answer, wanted) is equal


# What is shown --------------------------------------------------------------------------------------------------------


def test_check_finds_the_callers_names_and_prints(capsys):
    spread_raw, spread_scaled, effect = 8, 1, "B"  # noqa: F841  check reads the names of its caller
    assert check("softmax/q1") is None
    assert capsys.readouterr().out.startswith("✔ passed · softmax/q1: 3 tests: the spread of q·k, ")
    spread_raw = 64
    check("softmax/q1")
    shown = capsys.readouterr().out
    assert shown.startswith("✘ not yet · softmax/q1: 64 is the variance of q·k")
    assert "  you wrote `spread_raw = 64`\n" in shown
    del spread_raw
    check("softmax/q1")
    assert capsys.readouterr().out == "… not answered yet · softmax/q1: Still open: `spread_raw`.\n"


@pytest.mark.parametrize(
    ("exercise", "message"),
    [
        ("softmax/q20", "got exercise='softmax/q20'. Did you mean 'softmax/q2'"),
        ("softmx/q2", "got exercise='softmx/q2'. Did you mean 'softmax/q2'"),
        ("Softmax/Q2", "got exercise='Softmax/Q2'. Did you mean 'softmax/q2'?"),
        ("q2", "The chapters are attention, positions, recurrent, "),
        ("zzz", "transformer; progress(CHAPTER) lists the exercises of one."),
    ],
)
@pytest.mark.parametrize("function", [check, hint, card])
def test_an_unknown_id_gets_the_nearest_ones(function, exercise, message):
    with pytest.raises(ValueError) as caught:
        function(exercise)
    start = f"{function.__name__} needs the id of an exercise (chapter/question), "
    assert str(caught.value).startswith(start)
    assert message in str(caught.value)


def test_hints_come_one_at_a_time(capsys):
    for _ in range(4):
        hint("softmax/q4")
    hint("softmax/q4", 2)
    hint("softmax/q5")
    heads = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    steps = ["1 of 3 · softmax/q4", "2 of 3 · softmax/q4", "3 of 3 · softmax/q4", "3 of 3 · softmax/q4"]
    assert heads == [f"hint {step}" for step in [*steps, "2 of 3 · softmax/q4", "1 of 3 · softmax/q5"]]


def test_an_id_that_is_no_text_gets_the_chapters():
    with pytest.raises(ValueError, match=r"got exercise=3\. The chapters are attention, positions, "):
        check(3)


def test_no_message_lists_every_exercise():
    with pytest.raises(ValueError) as caught:
        check("q")
    assert "/q1" not in str(caught.value)


@pytest.mark.parametrize("step", [0, 4, -1])
def test_a_hint_that_is_not_there_is_refused(step):
    with pytest.raises(ValueError, match=r"hint needs a step from 1 to 3 \(the hints of softmax/q4\), got step="):
        hint("softmax/q4", step)


def test_the_card_tells_what_to_expect(capsys):
    card("softmax/q4")
    shown = capsys.readouterr().out
    assert shown.startswith(
        "softmax/q4 · What a small change of the scores does: derive · difficulty 3 of 5 · 25 minutes"
    )


def test_html_says_the_same_escaped_and_is_announced():
    notice = Notice("✘ not yet · a/q1", "`x` is <script>alert(1)</script> & `<b>`", ("one\ntwo",), "failed")
    shown = notice._repr_html_()
    assert 'role="status"' in shown
    assert "<script" not in shown
    assert "<b>" not in shown
    assert ">x</code> is &lt;script&gt;alert(1)&lt;/script&gt; &amp; <code" in shown
    assert "one<br>two" in shown
    assert repr(notice) == "✘ not yet · a/q1: `x` is <script>alert(1)</script> & `<b>`\n  one\ntwo"


def test_text_takes_the_colors_of_its_surroundings():
    """Legible in light and dark: only the bar has a color of its own, and that falls back on the text's."""
    shown = Notice("a", "`b`", (), "passed")._repr_html_()
    assert "background:none" in shown
    assert "var(--te-value,currentColor)" in shown
    assert "#" not in shown


def python(code: str, *flags: str) -> str:
    """Run a script in a fresh Python and return what it printed."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = os.environ | {"PYTHONPATH": root, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, *flags, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


def test_asserts_count_in_an_optimized_script():
    code = """
    from transformer_edu.exercises import check
    spread_raw, spread_scaled, effect = 64, 1, "B"
    check("softmax/q1")
    """
    shown = python(code, "-O")
    assert shown.startswith("✘ not yet · softmax/q1: 64 is the variance")


def test_a_notebook_shows_text_and_html():
    """IPython compiles a cell statement by statement: a starter has to be known again there, too."""
    code = """
    import io, json, sys
    from IPython.core.interactiveshell import InteractiveShell
    from transformer_edu.exercises.question import chapters, read_chapter
    shell, published, out = InteractiveShell.instance(), [], sys.stdout
    shell.display_pub.publish = lambda data, *rest, **more: published.append(data)
    sys.stdout = io.StringIO()
    shell.run_cell("from transformer_edu.exercises import check")
    questions = [question for chapter in chapters() for question in read_chapter(chapter)]
    for cell in [part for question in questions for part in (question.starter, f"check('{question.id}')")]:
        shell.run_cell(cell)
    shell.run_cell("spread_raw, spread_scaled, effect = 64, 1, 'B'; check('softmax/q1')")
    sys.stdout = out
    print(json.dumps([question.id for question in questions]), json.dumps(published), sep="\\n")
    """
    ids, (*blank, wrong) = map(json.loads, python(code).splitlines()[-2:])
    heads = [shown["text/plain"].split(":")[0] for shown in blank]
    assert heads == [f"… not answered yet · {exercise}" for exercise in ids]
    assert set(wrong) == {"text/plain", "text/html"}
    assert wrong["text/plain"].startswith("✘ not yet · softmax/q1: 64 is the variance")
    assert '<div class="exercise-notice" data-tone="failed" role="status"' in wrong["text/html"]


def test_there_is_no_shell_in_plain_python():
    assert shell() is None


def softmax_jacobian(weights, moves):  # an own function with a name that some exercise forbids
    return weights * (moves - (weights * moves).sum(-1, keepdim=True))


def test_an_own_function_may_have_any_name():
    names = {"weight_change": lambda p, v: softmax_jacobian(p, v), "softmax_jacobian": softmax_jacobian}
    assert review(find_question("softmax/q4", function="test"), names).state == "passed"
