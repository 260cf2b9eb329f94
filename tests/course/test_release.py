"""Student versions: blanks and nothing but blanks, tests that tell right from wrong, a gate that finds what leaks."""

import ast
import dataclasses
import json
import re
import shutil

import numpy as np
import pytest

from course import __main__ as command
from course import manifest
from course.manifest import FOLDER, ROOT
from course.releasing import handout, in_any_language, leaks, pairs, release, release_check, walks
from gca_scratch.support.errors import InputError
from tests.helpers.student_folder import changed, copied, run

IDS = manifest.all_ids()


@pytest.fixture(scope="module")
def a1():
    return manifest.load("A1")


@pytest.fixture(scope="module")
def handed_out(a1, tmp_path_factory):
    return release.release(a1, tmp_path_factory.mktemp("released") / "A1", "ada")


@pytest.fixture
def copy(a1, handed_out, tmp_path):
    """A student version that a test may change."""
    return copied(handed_out, a1, tmp_path / "A1")


# --- manifests ------------------------------------------------------------------------------------------------------


def test_there_are_five_assignments_with_texts_questions_and_rubrics():
    assert IDS == ["A1", "A2", "A3", "A4", "A5"]
    for id in IDS:
        found = manifest.load(id)
        assert 10 <= sum(question.points for question in found.questions) <= 25
        assert all(len(part.text) > 200 for part in (*found.tasks, *found.questions))
        for question in found.questions:
            assert sum(map(int, re.findall(r"(\d+) points", question.rubric.partition("Deduct")[0]))) == question.points


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("points = 25", "points = 24", "100 points, and so have its parts together, not 99"),
        ('id = "A1.2"', 'id = "A1.1"', "'A1.1' must be the id of one part alone"),
        ("cell.step_forward", "cell.step_forwards", "has no 'step_forwards'"),
        (
            "gca_scratch.network.cell.step_forward",
            "gca_scratch.cel.step_forward",
            "no module of the package holds 'gca_scratch.cel",
        ),
        ('files = ["gca_scratch/network/ops.py", ', "files = [", "ops.py is not among the files"),
        ('drivers = ["cell_forward"]', 'drivers = ["cell_forwards"]', "no driver 'cell_forwards'"),
        ("hours = 7", 'hours = "7"', "hours must be int"),
        ("rubric =", "rubrics =", "no entry 'rubrics'"),
        ('title = "One step forward"\n', "", "title"),
        ("files = [", 'given = ["cell.txt"]\nfiles = [', "no file 'course/assignments/cell.txt'"),
        ("files = [", 'stand_ins = {"gca_scratch/network/cell.py" = "cell.txt"}\nfiles = [', "no file 'course/assign"),
        ('drivers = ["cell_forward"]', 'drivers = ["cell_forward"]\nearlier = ["tree"]', "'tree' is no driver of A1.2"),
        (
            "[task.docstrings]",
            '[task.arguments]\n"gca_scratch.network.ops.relu_backward" = "dy"\n\n[task.docstrings]',
            "arguments for gca_scratch.network.ops.relu_backward",
        ),
    ],
)
def test_a_mistake_in_a_manifest_is_told_in_one_sentence(tmp_path, old, new, said):
    path = shutil.copy(FOLDER / "A1.toml", tmp_path / "A1.toml")
    changed(path, old, new)
    with pytest.raises(InputError, match=re.escape(said)):
        manifest.load(path)


def test_an_assignment_that_is_not_there_is_told():
    with pytest.raises(InputError, match="no assignment A9; choose one of A1, A2"):
        manifest.load("A9")


# --- blanks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", IDS)
def test_only_bodies_go_and_all_around_them_stays(id):
    assignment = manifest.load(id)
    for file in assignment.files:
        before, after = (ROOT / file).read_text("utf-8"), release.blanked(assignment, file)
        for_later = [name for other in manifest.later(id) for name in other.functions]
        names = dict.fromkeys((*assignment.functions, *assignment.remove, *assignment.bodies, *for_later))
        gone = [name for name in names if manifest.locate(name)[0] == file]
        lines = set()
        for name in gone:
            node = manifest.locate(name)[1]
            lines |= set(range(node.lineno - len(node.decorator_list), node.end_lineno + 1))
        told = {name for task in assignment.tasks for name in task.docstrings} - {*names}
        for node in (node for where, node in map(manifest.locate, told) if where == file):  # of modules and classes
            lines |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
        outside = [line for n, line in enumerate(before.splitlines(), 1) if n not in lines and line.strip()]
        at_the_top = re.compile(
            r"from (functools|typing|\.\.network\.arrays) import|PIECE ="
        )  # what nothing needs any more
        outside = [line for line in outside if not at_the_top.match(line)]
        kept = iter(after.splitlines())
        assert all(line in kept for line in outside), f"{file} has lost a line outside the blanks, or their order"
        assert after.count("your code begins here") == sum(name in assignment.functions for name in gone)


def test_signatures_decorators_and_docstrings_stay_unless_they_tell(a1):
    cell, ops = (
        ast.parse(release.blanked(a1, file)) for file in ("gca_scratch/network/cell.py", "gca_scratch/network/ops.py")
    )
    docs = {node.name: ast.get_docstring(node) for node in (*cell.body, *ops.body) if isinstance(node, ast.FunctionDef)}
    assert "U (2H, 5H)" in docs["step_forward"] and "1 - y" not in docs["sigmoid_backward"] + docs["tanh_backward"]
    before = ast.parse((ROOT / "gca_scratch" / "network" / "cell.py").read_text("utf-8"))
    signatures = [
        [ast.dump(node.args) for node in tree.body if isinstance(node, ast.FunctionDef)] for tree in (before, cell)
    ]
    assert signatures[0] == signatures[1]
    order = release.blanked(manifest.load("A2"), "gca_scratch/network/grid.py")
    assert "@lru_cache\ndef cell_order" in order and "iagonals(" not in order and "class Diagonal" not in order


def test_names_of_arguments_that_tell_are_exchanged():
    memory = release.blanked(manifest.load("A3"), "gca_scratch/network/memory.py")
    assert "def average_backward(dIF, cache):" in memory and "shape" not in memory.partition("def feedforward")[0]
    assert "def dropout_backward(dy, cache, out=None):" in release.blanked(
        manifest.load("A4"), "gca_scratch/network/ops.py"
    )
    assert "a tuple that ends with what went into the ReLU" in memory


def test_comments_go_with_the_body_they_belong_to(a1, tmp_path):
    source = (
        "def f(x):\n    # the trick is to add one\n    y = x + 1  # one\n    return y\n\n    # y is what counts\n"
        "\n\n# about g\ndef g(x):\n    return x\n"
    )
    (tmp_path / "gca_scratch" / "network").mkdir(parents=True)
    (tmp_path / "gca_scratch" / "network" / "cell.py").write_text(source)
    task = dataclasses.replace(a1.tasks[0], functions=("gca_scratch.network.cell.f",), docstrings={})
    last = dataclasses.replace(a1, id="A9", tasks=(task,))  # nothing comes after it
    text = release.blanked(last, "gca_scratch/network/cell.py", root=tmp_path)
    assert "trick" not in text and "counts" not in text and text.endswith("\n\n# about g\ndef g(x):\n    return x\n")


def test_imports_that_only_missing_bodies_need_are_gone():
    optim = release.blanked(manifest.load("A4"), "gca_scratch/training/optim.py")
    assert "functools" not in optim and "on_gpu" not in optim and "PIECE" not in optim
    assert "import array_module" in optim and "import Product" in optim and "import matmul_dW" in optim
    tree = release.blanked(manifest.load("A2"), "gca_scratch/variants/tree.py")
    assert "NamedTuple" not in tree and "import numpy as np" in tree and "state_dtype" in tree
    assert "\n\n\n\n" not in optim + tree


def test_one_task_can_be_blank_alone(a1):
    text = release.blanked(a1, "gca_scratch/network/cell.py", ["A1.3"])
    assert text.count("raise NotImplementedError") == 1 and "A1.3: write step_backward" in text


def test_a_folder_holds_what_it_needs_and_nothing_else(tmp_path):
    held = {id: set(release.sources(manifest.load(id))) for id in IDS}
    support = {"gca_scratch/support/__init__.py", "gca_scratch/support/errors.py", "gca_scratch/network/arrays.py"}
    start = {"gca_scratch/__init__.py", "gca_scratch/network/__init__.py"}
    assert held["A1"] == {*manifest.load("A1").files, *start, *support}
    for id in IDS:
        fast = [file for file in held[id] if any(word in file for word in ("wavefront", "plain", "stepper", "unit_"))]
        assert not fast and all(file.endswith((".py", ".txt")) for file in held[id])
    assert (
        "gca_scratch/training/stepwise.py" not in held["A3"] and "gca_scratch/network/body_parts.py" not in held["A4"]
    )


def test_what_a_later_assignment_asks_for_is_left_for_it(handed_out):
    said = run(handed_out, "-c", "from gca_scratch.network import ops; ops.softmax_backward(1, 2)")
    assert said.returncode == 1 and said.stderr.splitlines()[-1].endswith("left for A3, and not needed before")
    ops = (handed_out / "gca_scratch" / "network" / "ops.py").read_text("utf-8")
    assert "onehot" not in ops and "1/(1-p)" not in ops  # nor do their docstrings tell


def test_a_cell_of_an_earlier_assignment_stands_in_for_one_that_tells_of_a_later():
    cell = release.sources(manifest.load("A2"))["gca_scratch/network/cell.py"]
    assert cell == (FOLDER / "plain_cell.py").read_text("utf-8")


def test_one_stream_is_all_that_trains_before_two_are_asked_for():
    text = release.sources(manifest.load("A4"))["gca_scratch/network/gca_lstm.py"]
    assert "the way back through several streams is left for A5" in text and "layer 1 served them all" not in text


def test_commands_of_a_folder_are_those_that_it_holds(tmp_path):
    commands = release.sources(manifest.load("A5"))["gca_scratch/commands/__init__.py"]
    names = {}
    exec(commands, names)
    assert (
        set(names["COMMANDS"]) == set(names["EXAMPLES"]) == {"train", "evaluate", "plot", "predict", "info", "convert"}
    )


def test_students_have_numbers_of_their_own(a1):
    mine, yours, nobodys = (release.expected(a1, release.seed_of(student)) for student in ("ada", "bob", None))
    assert mine.keys() == yours.keys() == nobodys.keys()
    key = "cell_forward/0/in/a"
    assert not np.array_equal(mine[key], yours[key]) and not np.array_equal(mine[key], nobodys[key])
    again = release.expected(a1, release.seed_of("ada"))
    assert all(np.array_equal(mine[name], again[name]) for name in mine)


# --- the folder -----------------------------------------------------------------------------------------------------


def test_the_notebook_leads_through_all_tasks(handed_out, a1):
    notebook = json.loads((handed_out / "A1.ipynb").read_text("utf-8"))
    text = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    for part in (*a1.tasks, *a1.questions):
        assert f"{part.id} {part.title}" in text and part.text.strip()[:80] in text
    assert all(f'check("{task.id}")' in text for task in a1.tasks)
    assert not any(question.rubric.strip()[:40] in text for question in a1.questions)


@pytest.mark.parametrize("id", IDS)
def test_the_readme_names_conventions_and_all_that_is_left_out(id):
    assignment = manifest.load(id)
    text = handout.readme(assignment, "ada")
    assert "import numpy as np" in text and "Arguments" in text and "IEEE Transactions" in text
    assert all(f"`{name}`" in text for name in assignment.given) and "Python 3.11" in text and "AGENTS.md" in text
    assert "PowerShell" in text and (id == "A5") == ("`train`" in text)
    equations = {"A1": (1, 2, 3), "A3": (1, 2, 3, 4, 5, 6, 7, 8), "A4": (9,), "A5": (12, 13)}.get(id, ())
    assert all(rf"\tag{{{n}}}" in handout.notebook(assignment, 0).replace("\\\\", "\\") for n in equations)


def test_no_rubric_and_nothing_of_the_grader_is_handed_out(handed_out, a1):
    assert not (handed_out / "course").exists() and not list(handed_out.rglob("*.toml"))
    for path in handed_out.rglob("*.*"):
        if path.suffix in (".md", ".json", ".ipynb", ".py"):
            text = path.read_text("utf-8")
            assert not any(question.rubric.strip()[:40] in text for question in a1.questions), path


def test_an_existing_folder_is_not_touched(handed_out, a1, capsys):
    assert command.main(["release", "A1", "--out", str(handed_out)]) == 2
    assert "is there already; choose another place" in capsys.readouterr().err


def test_nothing_is_left_where_a_release_fails(a1, tmp_path, monkeypatch):
    def fails(*arguments):
        raise InputError("no")

    monkeypatch.setattr(release, "_write_course", fails)
    with pytest.raises(InputError):
        release.release(a1, tmp_path / "A1")
    assert not list(tmp_path.iterdir())


def test_data_is_made_for_the_student(tmp_path):
    from gca_scratch.data import neutral

    assignment = dataclasses.replace(manifest.load("A4"), data={"subjects": 1, "repetitions": 1, "classes": ["bow"]})
    mine, yours = (release.release(assignment, tmp_path / student, student) / "data.npz" for student in ("ada", "bob"))
    assert not np.array_equal(neutral.load(mine).joints[:50], neutral.load(yours).joints[:50])


# --- the gate -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", IDS)
def test_every_blanked_function_would_be_recognised(id):
    assignment = manifest.load(id)
    pieces, lines = leaks.what_tells(assignment, ROOT)
    removed = {name for name in assignment.remove if isinstance(manifest.locate(name)[1], ast.FunctionDef)}
    assert {*pieces.values(), *lines.values()} == {*assignment.functions, *removed}


@pytest.mark.parametrize("id", IDS)
def test_nothing_leaks(id, tmp_path):
    assignment = manifest.load(id)
    for file, text in release.sources(assignment).items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, "utf-8")
    assert leaks.search(assignment, tmp_path, ROOT) + walks.search(assignment, tmp_path, ROOT) == []


@pytest.mark.parametrize("id", IDS)
def test_no_tutorial_answers_an_assignment(id, tmp_path):
    assert leaks.in_tutorials(manifest.load(id), ROOT) + walks.in_tutorials(manifest.load(id), ROOT) == []


WALK = """
# %%
def walk_forward(a, U, J, T, nothing):
    h, c, caches = {}, {}, {}
    for t in range(T):
        for j in range(J):
            states = (d.get(key, nothing) for key in ((j - 1, t), (j, t - 1)) for d in (h, c))
            made = cell.step_forward(a[place[j, t]], *states, U)
            h[j, t], c[j, t], caches[j, t] = made
    return h, c, caches


def walk_backward(dh, dc, caches, order):
    da, dU = {}, 0
    for j, t in order:
        sent = cell.step_backward(dh[j, t], dc[j, t], caches[j, t])
        da[j, t], dh_S, dc_S, dh_T, dc_T, dU_here, _ = sent
        dU = dU + dU_here
        if j > 0:
            dh[j - 1, t] += dh_S
            dc[j - 1, t] += dc_S
    return da, dh, dc, dU


rows = [cell.step_backward(e, e, cache) for e in np.eye(3)]
for beta in (0, 1):
    sent = cell.step_backward(dh, dc, caches[beta])
"""


def test_a_tutorial_that_walks_a_chain_as_an_assignment_walks_a_tree_is_found(tmp_path):
    (tmp_path / "02_walk.py").write_text(WALK)
    a2 = manifest.load("A2")
    assert leaks.search(a2, tmp_path, ROOT, "*.py", leaks.TAUGHT) == []  # it is another text
    found = walks.search(a2, tmp_path, ROOT)
    assert [line.split(", walks with ")[0] for line in found] == ["02_walk.py, line 8", "02_walk.py, line 16"]
    assert found[1].endswith("step_backward as gca_scratch.variants.tree.backward does")
    assert walks.search(manifest.load("A4"), tmp_path, ROOT) == []


def test_a_tutorial_that_computes_what_a_rubric_states_is_found(tmp_path):
    question = dataclasses.replace(
        manifest.load("A2").questions[0], rubric="4 points: binomial(43, 24) / 2^43 = 0.0910; r = 0.5, and 12 steps"
    )
    asked = dataclasses.replace(manifest.load("A2"), questions=(question,))
    (tmp_path / "02_paths.py").write_text("many, steps = comb(25 + 20 - 2, 25 - 1), 25 + 20 - 2\nx = 1 / 2, 3 * 4\n")
    (found,) = walks.answers(asked, tmp_path)
    assert found == "02_paths.py, line 1, computes comb(25 + 20 - 2, 25 - 1), which A2.Q1 asks for"


def test_an_answer_in_a_tutorial_is_found(tmp_path):
    (tmp_path / "07_b.py").write_text(
        "# %% [markdown]\n# so the slope is g * y * (1 - y)\n\n# %%\nq = s * (g - (s * g).sum(axis=0))\n"
    )
    for id in ("A1", "A3"):
        found = leaks.search(manifest.load(id), tmp_path, ROOT, "[0-9][0-9]_*.py", leaks.TAUGHT)
        assert found and all(line.startswith("07_b.py") for line in found)


def test_leaks_are_found_wherever_they_are(copy, a1):
    planted = {
        "gca_scratch/names.py": "def slope(g, s):\n    return g * s * (1 - s)\n",  # other names
        "gca_scratch/layout.py": "def f():\n    past = ((f_S * c_S)\n        + f_T * c_T)\n",  # another layout
        "gca_scratch/comment.py": "# do = dh * tanh_c\n# dc = dc + tanh_backward(dh * o, tanh_c)\n",
        "notes.md": "Then `dc_S, dc_T = dpast * f_S, dpast * f_T` is left.\n",
        "gca_scratch/page.js": "const x = 'di, du = dnew * u, dnew * i'\n",
    }
    for file, text in planted.items():
        (copy / file).write_text(text, "utf-8")
    notebook = json.loads((copy / "A1.ipynb").read_text("utf-8"))
    notebook["cells"][-1]["source"] = ["df_S, df_T = dpast * c_S,\\\n", " dpast * c_T"]
    (copy / "A1.ipynb").write_text(json.dumps(notebook), "utf-8")
    found = {re.split("[, ]", line)[0] for line in leaks.search(a1, copy, ROOT)}
    assert found == {*planted, "A1.ipynb"}


KERNEL = "const T b = g[at + H] * 2;  dz[at] = u * gate_i * (1 - gate_i); new_c[at] = a * c_S + b2 * c_T;"


def test_a_formula_is_known_in_any_language_and_by_any_name(a1):
    known = leaks.what_computes(a1, ROOT)
    found = {words for _, words in in_any_language.places(KERNEL, known)}
    assert found == {"u * gate_i * ( 1 - gate_i )", "a * c_S + b2 * c_T"}
    assert not list(in_any_language.places("dz[at] = u * gate_i * (1 - gate_j)", known))


def test_the_cell_without_a_gate_is_worth_nothing_where_the_gate_is_asked_for(tmp_path):
    assignment = dataclasses.replace(manifest.load("A3"), tasks=(manifest.load("A3").task("A3.3"),))
    folder = tmp_path / "gca_scratch" / "network"
    folder.mkdir(parents=True)
    shutil.copy(FOLDER / "plain_cell.py", folder / "cell.py")
    assert pairs.points(tmp_path, assignment) == 0


def test_litter_is_found(copy):
    assert release_check.litter(copy) == []
    (copy / "gca_scratch" / "__pycache__").mkdir()
    (copy / "gca_scratch" / "__pycache__" / "cell.pyc").write_bytes(b"\0")
    (copy / "gca_scratch" / "cell.so").write_bytes(b"\0")
    (copy / ".ipynb_checkpoints").mkdir()
    notebook = json.loads((copy / "A1.ipynb").read_text("utf-8"))
    notebook["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "0.7"}]
    (copy / "A1.ipynb").write_text(json.dumps(notebook), "utf-8")
    found = release_check.litter(copy)
    assert len(found) == 5 and any("A1.ipynb has stored outputs" in line for line in found)


@pytest.mark.parametrize(
    "left_out",
    [("_imports", "_stops", "_graded"), pytest.param((), marks=pytest.mark.long)],
    ids=["its texts", "all of it"],
)
def test_a_module_that_tells_does_not_pass_the_gate(a1, tmp_path, monkeypatch, left_out):
    for check in left_out:
        monkeypatch.setattr(release_check, check, lambda *arguments: [])
        monkeypatch.setattr(pairs, "worth", lambda *arguments: [])
    telling = dataclasses.replace(a1, modules=("gca_scratch/plain.py",))
    found = release_check.check(telling, tmp_path, log=lambda line: None)
    assert found and all("gca_scratch/plain.py" in line for line in found)
    assert any(line.endswith("(A3)") for line in found)  # the gate of a later assignment stands there, too


def test_the_list_names_every_part(capsys):
    assert command.main(["list"]) == 0
    said = capsys.readouterr().out
    assert "A1.3    45  One step backward" in said and said.count("\n") == 5 + sum(
        len(m.tasks) + len(m.questions) for m in map(manifest.load, IDS)
    )
