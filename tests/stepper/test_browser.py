"""The stepper's page in a browser without a screen: every control, the numbers it shows, how wide, how fast.

With `pytest -rP` the last test tells the times that it has measured.
"""

import contextlib
import json
import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest

from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.network.grid import cell_order
from gca_scratch.stepper.example import example as trained_example
from gca_scratch.stepper.page import embedded
from gca_scratch.stepper.page import page as stepper_page

from .recorded import joint_x_moment, record

PATIENCE = 120_000  # milliseconds, for machines that have much else to do
CLOSE = 1e-9  # of the largest entry of an array; and then it is shown in float32
GATES = ("i", "f_S", "f_T", "o", "u")
PER_GATE = ("from_x", "from_S", "from_T", "z", "dz", "through_S", "through_T")
NEIGHBOURS = {  # quantities that belong to another cell: their array, and how many joints and frames away it is
    "h_S": ("h", -1, 0), "c_S": ("c", -1, 0), "h_T": ("h", 0, -1), "c_T": ("c", 0, -1),
    "dh_next_S": ("dh_S", 1, 0), "dc_next_S": ("dc_S", 1, 0), "dh_next_T": ("dh_T", 0, 1), "dc_next_T": ("dc_T", 0, 1),
}  # fmt: skip
READ = """() => {
  const all = (where) => Array.from(document.querySelectorAll(where));
  const numbers = (where) => all(where).map((data) => [data.dataset.name, data.value]);
  const within = (part) => [...part.querySelectorAll("data")].map((data) => [data.dataset.name, data.value]);
  return {
    title: document.getElementById("title").textContent,
    subtitle: document.getElementById("subtitle").textContent,
    caption: document.getElementById("caption").textContent,
    count: document.getElementById("count").textContent,
    link: document.getElementById("link").getAttribute("href"),
    equations: numbers("#equations .equation data"),
    products: numbers("#equations .products data"),
    vectors: all("#vectors tbody tr").map((row) => [row.dataset.row, within(row).map(([, value]) => value)]),
    adding: numbers("#adding data"),
    gradient: numbers("#gradient data"),
    sides: all(".side").map(within),
    grid: all("#grid data").map((data) => [data.dataset.name, data.closest("button").dataset.cell, data.value]),
    now: all("#grid .now").map((cell) => Number(cell.dataset.cell)).sort((a, b) => a - b),
  };
}"""
VISIT = f"""async (hashes) => {{
  const read = {READ}, found = [];
  for (const hash of hashes) {{
    if (location.hash !== hash) await new Promise((done) => {{
      addEventListener("hashchange", done, {{ once: true }});
      location.hash = hash;
    }});
    found.push(read());
  }}
  return found;
}}"""


@pytest.fixture(scope="module")
def example():
    return trained_example()


@pytest.fixture(scope="module")
def file(example, tmp_path_factory):
    path = tmp_path_factory.mktemp("stepper") / "step.html"
    path.write_text(stepper_page(*example), "utf-8")
    return path


@contextlib.contextmanager
def opened(browser, file, **settings):
    """The page of a file; afterwards nothing may have gone wrong in it, or been fetched."""
    page = browser.new_page(**settings)
    page.set_default_timeout(PATIENCE)
    wrong, fetched = [], []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(file.as_uri())
    yield page
    page.wait_for_timeout(250)
    assert not wrong
    assert {url.split("#")[0] for url in fetched if not url.startswith("data:")} == {file.as_uri()}
    page.close()


def state_of(page):
    """What the link to this step says."""
    link = page.locator("#link").get_attribute("href")
    return {name: value[0] for name, value in parse_qs(link[1:]).items()}


def steps_of(N, by, J, T):
    """The steps, forward and back: (station, n, back, cells), and the index of each place (joint, frame)."""
    index = {place: k for k, place in enumerate(zip(*(array.tolist() for array in cell_order(J, T)), strict=True))}
    if by == "cell":
        sweep = [[index[j, t]] for t in range(T) for j in range(J)]
    else:
        sweep = [[k for place, k in index.items() if sum(place) == d] for d in range(J + T - 1)]
    stations = [("sweep", 0), ("memory", 0)]
    for n in range(1, N + 1):
        stations += [("scores", n), ("sweep", n), ("memory", n)]
    stations += [("classes", N), ("loss", N)]

    def way(stations, sweep, back):
        return [
            (*at, back, cells) for at in stations for cells in (sweep if at[0] == "sweep" else [list(index.values())])
        ]

    return way(stations, sweep, False) + way(stations[::-1], sweep[::-1], True), index


def truth(sweep, name, k, n, index, H):
    """What the package has under this name for unit n of cell k, and the largest entry of its array."""
    if name in NEIGHBOURS:
        array, dj, dt = NEIGHBOURS[name]
        j, t = list(index)[k]
        other = index.get((j + dj, t + dt))
        return 0 if other is None else sweep[array][other, n], np.abs(sweep[array]).max()
    name, _, part = name.replace("to_", "d").partition(".")
    array = sweep[name]
    largest = np.abs(array).max()
    if name == "dr_of":
        return array[k, int(part)], largest
    if name in PER_GATE:
        return array[k, GATES.index(part) * H + n], largest
    if name == "b":
        return array[GATES.index(part) * H + n], largest
    return array if array.ndim == 0 else array[k] if array.ndim == 1 else array[k, n], largest


def outcomes(whole, kind, n, here, unit):
    """What the package has under each name in a station between the sweeps: name to (number, largest of its array)."""
    known = {}

    def add(name, value, array):
        known[name] = value, np.abs(array).max()

    if kind == "memory":
        add("IF", whole["memory"][n, unit], whole["memory"][n])
    if kind == "scores":
        for name in ("e", "r", "de", "dr"):
            add(name, whole["sweeps"][n][name][here], whole["sweeps"][n][name])
    if kind in ("classes", "loss"):
        for k, (logit, p) in enumerate(zip(whole["logits"], whole["probabilities"], strict=True)):
            add(f"logit.{k}", logit, whole["logits"])
            add(f"p.{k}", p, whole["probabilities"])
            add(f"dlogit.{k}", whole["gradients"]["classifier.b"][k], whole["gradients"]["classifier.b"])
        add("loss", whole["loss"], whole["loss"])
    return known


def same(value, number, largest):
    """Is a number of the page that of the package, rounded to float32?"""
    return abs(float(value) - number) <= CLOSE * largest + 2**-23 * abs(number) + 1e-45


def in_double(example):
    """The example's parameters and sequences in float64."""
    params = {name: np.asarray(value, np.float64) for name, value in example.params.items()}
    return params, np.asarray(example.x, np.float64)


def recorded(network, params, x, y, N):
    """The truth about one sequence with N attention iterations."""
    shorter = replace(network, iterations=N)
    return record(shorter, {name: params[name] for name in shorter.shapes()}, x, int(y))


def link_to(state):
    return "#" + urlencode(state)


@pytest.mark.parametrize("by", ["cell", "diagonal"])
def test_numbers_at_random_steps(browser, file, example, by):
    network, (params, x), y, names = example.network, in_double(example), example.y, example.joint_names
    J, T, H, most = network.joints, network.frames, network.hidden, network.iterations
    whole = {
        (n, N): recorded(network, params, x[n], y[n], N) for n in range(len(x)) for N in range(most + 1)
    }  # each is used many times
    (joint, frame), rng = cell_order(J, T), np.random.default_rng(1)
    states, places = [], []
    for _ in range(100):  # 100 by cells and 100 by diagonals
        N = int(rng.integers(most + 1))
        steps, index = steps_of(N, by, J, T)
        between = [n for n, step in enumerate(steps) if step[0] != "sweep"]
        step = int(rng.choice(between)) if rng.integers(3) == 0 else int(rng.integers(len(steps)))
        k = int(rng.choice(steps[step][3]))
        state = {"sequence": int(rng.integers(len(x))), "N": N, "by": by, "step": step + 1, "joint": joint[k]}
        state |= {"frame": frame[k], "unit": int(rng.integers(H)), "digits": int(rng.integers(2))}
        state |= {"open": rng.choice([*GATES, ""]), "weight": f"w,layer1.W,{rng.integers(3)},{rng.integers(5 * H)}"}
        state |= {"forward": rng.choice(["h", "c", *GATES]), "back": rng.choice(["dh", "dc", "dc_all"])}
        states.append(state)
        places.append((steps, step, k, index))
    with opened(browser, file) as page:
        pages = page.evaluate(VISIT, [link_to(state) for state in states])
    compared = 0
    for state, (steps, step, k, index), found in zip(states, places, pages, strict=True):
        kind, n, back, cells = steps[step]
        true, unit = whole[state["sequence"], state["N"]], state["unit"]
        assert found["title"].startswith("Back" if back else "Forward") and found["caption"].endswith(".")
        assert found["count"] == f"{'back' if back else 'forward'}, step {step + 1} of {len(steps)}"
        for N, side in enumerate(found["sides"]):
            side_true = whole[state["sequence"], N]
            numbers = [*(side_true["F"][-1] if N else []), *side_true["memory"][-1]]
            numbers += [*side_true["probabilities"], side_true["loss"]]
            assert all(same(value, number, 1) for (_, value), number in zip(side, numbers, strict=True))
        name, row, column = state["weight"].split(",")[1:]
        gradient = true["gradients"][name]
        assert same(found["gradient"][0][1], gradient[int(row), int(column)], np.abs(gradient).max())
        if kind != "sweep":
            known = outcomes(true, kind, n, k, unit)
            checked = [each for each in found["equations"] if each[0] in known]
            assert checked or kind in ("memory", "classes")
            assert all(same(value, *known[name]) for name, value in checked), (checked, state)
            compared += len(checked)
            continue
        sweep = true["sweeps"][n]
        assert found["title"] == f"{'Back' if back else 'Forward'}: {names[joint[k]]}, frame {frame[k]}"
        assert f"unit {unit}" in found["subtitle"] and found["now"] == sorted(cells)
        heard = []
        if not back:  # the inputs come first, all their units
            before = [truth(sweep, name, k, range(H), index, H)[0] for name in ("h_S", "h_T")]
            heard = [*sweep["x"][k], *(value for h in before if np.ndim(h) for value in h)]
        numbers = found["equations"]
        assert all(same(value, number, 10) for (_, value), number in zip(numbers, heard, strict=False))
        equations = numbers[len(heard) :]
        shown = {name for name, _ in equations}
        assert shown >= ({"dh", "dc", *("d" + gate for gate in GATES)} if back else {*GATES, "c", "h"})
        assert n == 0 or ({"dr", "de"} if back else {"r", "e"}) <= shown
        for name, value in equations:
            assert same(value, *truth(sweep, name, k, unit, index, H)), (name, value, state)
        for name, values in found["vectors"]:
            for m, value in enumerate(values):
                assert same(value, *truth(sweep, name, k, m, index, H)), (name, value, state)
        if state["open"] and not back:  # x W opened: its products sum to z
            products = [float(value) for name, value in found["products"] if name == "product"]
            z, largest = truth(sweep, f"z.{state['open']}", k, unit, index, H)
            assert len(products) == len(sweep["x"][k]) + 2 * H + 1 and abs(sum(products) - z) < 1e-5 * largest
        name = state["back" if back else "forward"]
        done = [cells for at in steps[: step + 1] if at[:3] == (kind, n, back) for cells in at[3]]
        assert sorted(int(cell) for _, cell, _ in found["grid"]) == sorted(done)
        for what, cell, value in found["grid"]:
            assert what == name and same(value, *truth(sweep, name, int(cell), unit, index, H))
        compared += len(found["vectors"]) * H + len(equations) + len(found["grid"])
    assert compared > 5_000


SIGNS = {"−": "-", "·": "*", "²": "**2", "σ": "sigmoid", "ln ": "log", "ln": "log"}
FUNCTIONS = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "exp": np.exp, "max": max}


def worked_out(text):
    """What an equation's right side in numbers comes to, and the largest number in it."""
    text = re.sub("|".join(SIGNS), lambda sign: SIGNS[sign[0]], text.removeprefix("= "))
    text = re.sub(r"log([\d.e-]+)", r"log(\1)", text)
    assert re.fullmatch(r"(?:[\d.e+*/(), -]|sigmoid|tanh|exp|max|log)+", text), text
    numbers = [abs(float(number)) for number in re.findall(r"\d[\d.]*(?:e-?\d+)?", text)]
    return eval(text, {"__builtins__": {}}, FUNCTIONS | {"log": np.log}), max(numbers)


def test_every_equation_holds(browser, file, example):
    """Each right side in numbers, worked out, is what stands at its end: at every station, forward and back."""
    steps, _ = steps_of(2, "cell", example.network.joints, example.network.frames)
    chosen = [n for n, step in enumerate(steps) if step[0] != "sweep"]
    chosen += [int(n) for n in np.random.default_rng(4).choice(len(steps), 25)]
    sides = """() => [...document.querySelectorAll("#equations .equation")].map((each) => [each.dataset.left,
      [...each.querySelectorAll("div > span:not(.sym)")].map((side) => side.textContent)])"""
    compared = 0
    with opened(browser, file) as page:
        for n in chosen:
            page.evaluate(VISIT, [link_to({"step": n + 1, "digits": 1, "unit": n % 4, "sequence": n % 3})])
            for left, right in page.evaluate(sides):
                if not right:
                    continue  # what a cell hears
                last, _ = worked_out(right[-1])
                for each in right[:-1]:
                    value, largest = worked_out(each)
                    assert abs(value - last) <= 1e-4 * abs(last) + 3e-6 * largest, (n, left, each, last)
                    compared += 1
    assert compared > 400


OTHERS = {
    "feed-forward": GCALSTM(4, 3, 2, 3, hidden=3, iterations=1, initial="feedforward", dropout=0.0),
    "one number, no attention": GCALSTM(3, 2, 1, 2, hidden=1, iterations=0, initial="average", dropout=0.0),
    "one cell": GCALSTM(1, 1, 3, 2, hidden=2, iterations=3, initial="average", dropout=0.0),
    "wide": GCALSTM(2, 2, 4, 12, hidden=12, iterations=1, initial="average", dropout=0.0),
}


@pytest.mark.parametrize("network", OTHERS.values(), ids=OTHERS)
def test_other_networks_are_walked_through(browser, network, tmp_path):
    rng, file = np.random.default_rng(6), tmp_path / "other.html"
    x = rng.standard_normal((2, network.frames, network.joints, network.channels)).astype(np.float32)
    params = network.init(rng)
    file.write_text(stepper_page(network, params, x, np.array([0, 1])), "utf-8")
    with opened(browser, file) as page:
        page.keyboard.press("Home")
        for N in range(network.iterations + 1):
            page.select_option("#N", str(N))
            steps, _ = steps_of(N, "cell", network.joints, network.frames)
            page.click("#first")
            for n in range(len(steps)):
                assert page.inner_text("#count").endswith(f"step {n + 1} of {len(steps)}")
                text = page.inner_text("body")
                assert not re.search("undefined|NaN|not a number|null|object", text), text
                page.click("#on")
        found = page.evaluate(READ)
        true = recorded(network, {name: np.float64(value) for name, value in params.items()}, np.float64(x[0]), 0, N)
        assert same(found["sides"][-1][-1][1], true["loss"], true["loss"])
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_numbers_after_changes(browser, file, example):
    """Joints dragged, weights turned, one upon another: loss and gradients are the package's for the same changes."""
    network, (params, x), y = example.network, in_double(example), example.y
    rng = np.random.default_rng(2)
    with opened(browser, file) as page:
        for _ in range(15):
            name = rng.choice(list(params))
            value = params[name].copy()
            place = int(rng.integers(value.size))
            row, column = divmod(place, value.shape[-1])
            value.flat[place] = np.round(value.flat[place] + rng.standard_normal(), 3)
            params = params | {name: value}
            page.select_option("#param", name)
            page.fill("#row", str(row))
            page.fill("#column", str(column))
            page.fill("#value", str(value.flat[place]))
            step = int(rng.integers(54))
            j, t, axis = step % network.joints, step // network.joints, int(rng.integers(x.shape[3]))
            page.locator("#slider").fill(str(step + 1))
            x[0, t, j, axis] = np.round(rng.standard_normal(), 3)
            page.fill(f"#place [data-axis='{axis}']", str(x[0, t, j, axis]))
            found = page.evaluate(READ)
            true = recorded(network, params, x[0], y[0], network.iterations)
            assert same(found["sides"][-1][-1][1], true["loss"], true["loss"])
            gradient = true["gradients"][name]
            assert same(found["gradient"][0][1], gradient.flat[place], np.abs(gradient).max())
        link = page.locator("#link").get_attribute("href")
        with opened(browser, file) as other:  # the link holds the changes
            (again,) = other.evaluate(VISIT, [link])
            assert again["sides"] == found["sides"] and again["equations"] == found["equations"]
        page.click("#undo")
        first = recorded(network, *(part[0] if n else part for n, part in enumerate(in_double(example))), y[0], 2)
        assert same(page.evaluate(READ)["sides"][-1][-1][1], first["loss"], first["loss"])


def test_gradients_add_up_cell_by_cell(browser, file, example):
    network, (params, x), y = example.network, in_double(example), example.y
    gradients = recorded(network, params, x[0], y[0], 2)["gradients"]["layer1.W"]
    last, _ = steps_of(2, "cell", network.joints, network.frames)
    first = next(n for n, step in enumerate(last) if step[:3] == ("sweep", 0, True)) + 1
    states = [{"step": step, "weight": "w,layer1.W,4,6"} for step in range(first, len(last) + 1)]
    with opened(browser, file) as page:
        pages = page.evaluate(VISIT, [link_to(state) for state in states])
    sums = [{name: float(value) for name, value in found["adding"]} for found in pages]
    for before, after in pairwise(sums):
        np.testing.assert_allclose(before["dW_sum"] + after["dW_now"], after["dW_sum"], rtol=1e-4, atol=1e-8)
    assert same(pages[-1]["adding"][0][1], gradients[4, 6], np.abs(gradients).max())


def test_a_joint_is_dragged(browser, file):
    with opened(browser, file, viewport={"width": 1400, "height": 1000}) as page:
        before = page.evaluate(READ)
        circle = page.locator("#body circle").nth(2)
        box = circle.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + 30, box["y"] + 25, steps=3)
        page.mouse.up()
        after = page.evaluate(READ)
        assert after["title"] == "Forward: head, frame 3"  # whose joint is dragged, its cell is looked at
        assert before["sides"][2][-1] != after["sides"][2][-1]
        page.mouse.move(box["x"] + 80, box["y"] + 85)  # let go, it stays
        assert page.evaluate(READ) == after
        page.focus("#body")
        page.keyboard.press("ArrowUp")
        assert page.evaluate(READ)["sides"] != after["sides"] and state_of(page)["step"] == "30"


def test_what_the_answer_depends_on(browser, file, example):
    """Beside the scores, with every N, and anew after a change; asked when nothing has been done for a while."""
    from playwright.sync_api import expect

    network, (params, x) = example.network, in_double(example)
    joint, frame = cell_order(network.joints, network.frames)

    def captions():
        expect(page.locator(".side .old")).to_have_count(0, timeout=PATIENCE)
        return [words for words in page.locator(".side figcaption").all_inner_texts() if "depends" in words]

    def true(x, N):
        most = int(joint_x_moment(network, params, x, N).argmax())
        return f"the answer depends most on {example.joint_names[joint[most]]}, frame {frame[most]}"

    with opened(browser, file) as page:
        assert captions() == [true(x[0], N) for N in range(network.iterations + 1)]
        page.select_option("#sequence", "1")
        assert captions() == [true(x[1], N) for N in range(network.iterations + 1)]
        page.locator("#slider").fill("1")
        x[1, 0, 0, 2] = 9
        page.fill("#place [data-axis='2']", "9")  # the first joint, far away in the first frame
        assert captions() == [true(x[1], N) for N in range(network.iterations + 1)]


def test_a_recording_of_ones_own(browser, file, example):
    network, (params, x) = example.network, in_double(example)
    own = np.round(np.repeat(x[1][::-1], 2, axis=0), 4)  # twelve frames, of which every other is taken
    rows = "\n".join(",".join(map(str, frame.reshape(-1))) for frame in own)
    header = ",".join(f"{joint} {axis}".replace(" ", "_") for joint in example.joint_names for axis in "xyz")
    with opened(browser, file) as page:
        for text in (json.dumps(own.tolist()), rows, header + "\n" + rows.replace(",", " ")):
            page.uncheck("#own-placed")
            page.fill("#own", text)
            page.select_option("#own-class", "2")
            page.click("#load")
            assert "is yours" in page.inner_text("#said")
            true = recorded(network, params, own[1::2], 2, network.iterations)
            assert same(page.evaluate(READ)["sides"][-1][-1][1], true["loss"], true["loss"])
        page.check("#own-placed")  # moved and enlarged, it is the same
        page.fill("#own", json.dumps((own * 3 + 7).tolist()))
        page.click("#load")
        moved = page.evaluate(READ)["sides"][-1]
        page.fill("#own", json.dumps(own.tolist()))
        page.click("#load")
        for (_, one), (_, other) in zip(moved, page.evaluate(READ)["sides"][-1], strict=True):
            np.testing.assert_allclose(float(one), float(other), rtol=1e-5, atol=1e-7)
        wrong = {"": "no frame", "[1": "no JSON", "[[1, 2]]": "frame 0 has 2 numbers; give 27", '{"a": 1}': "no list"}
        wrong["x " * 27 + "\n" + "1 " * 26 + "k"] = "number 26 of frame 0"
        for text, part in wrong.items():
            page.fill("#own", text)
            page.click("#load")
            assert part in page.inner_text("#said")
        page.click("#example")
        assert np.array(json.loads(page.input_value("#own"))).shape == x[0].shape


def test_what_is_pointed_at_lights_up(browser, file):
    from playwright.sync_api import expect

    with opened(browser, file, viewport={"width": 1400, "height": 1000}) as page:
        for name, cell, line in (
            ("h_S", "left elbow, frame 3", "def step_forward"), ("c_T", "left hand, frame 2", "def step_forward"),
            ("f_S", "left hand, frame 3", "i, f_S, f_T, o = "), ("c", "left hand, frame 3", "c = new + past"),
            ("from_x.u", "left hand, frame 3", "z = a + hh @ U"),
        ):  # fmt: skip
            page.locator(f"#equations .sym[data-q='{name}']").first.hover()
            assert cell in page.locator("#grid .lit").get_attribute("aria-label")
            assert line in page.inner_text("#code .lit") and "cell.py" in page.inner_text("#pointed")
            if "." not in name:
                assert page.locator(f"#vectors tr.lit[data-row='{name}']").count() == 1
        page.locator("#equations .sym[data-q='c']").first.hover()
        assert page.locator(".equation.lit").get_attribute("data-left") == "c"
        page.locator("#equations .sym[data-q='h_S']").first.click()
        assert page.inner_text("#title") == "Forward: left elbow, frame 3"
        page.locator(".jump").last.click()
        expect(page.locator("#title")).to_have_text("Forward: left elbow, frame 2")
        page.locator("#way button").nth(2).click()  # the scores, all at once
        assert page.locator("#grid data").count() == 54
        page.locator("#equations .sym[data-q='e']").first.hover()
        assert "attention.py" in page.inner_text("#pointed")


def test_every_sign_has_its_line_of_code(browser, file, example):
    steps, _ = steps_of(2, "cell", example.network.joints, example.network.frames)
    places = {step[:3]: n for n, step in enumerate(steps)}  # the last step of each station, either way
    pointing = """() => [...document.querySelectorAll("#equations .sym")].map((sign) => {
      sign.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
      return [sign.dataset.q, document.getElementById("pointed").textContent];
    })"""
    with opened(browser, file) as page:
        for step in [*places.values(), 31, 100, 200, 300]:
            page.evaluate(VISIT, [link_to({"step": step + 1, "open": "u"})])
            found = page.evaluate(pointing)
            assert found and not [name for name, said in found if ".py, line " not in said]


def test_every_control(browser, file):
    from playwright.sync_api import expect

    with opened(browser, file) as page:
        assert state_of(page)["step"] == "32" and page.inner_text("#title") == "Forward: left hand, frame 3"
        assert page.locator("#grid data").count() == 32  # it begins in the middle of a sweep
        for name, value in (("sequence", "2"), ("unit", "3")):
            page.select_option("#" + name, value)
            assert state_of(page)[name] == value
        page.click("#way button >> nth=6")
        assert page.get_attribute("#way [data-station='6']", "aria-pressed") == "true"
        assert "layer 2, attention iteration 2" in page.inner_text("#subtitle")
        page.select_option("#show", "r")
        assert state_of(page)["forward"] == "r"
        for button, step in (("first", 1), ("on", 2), ("on", 3), ("back", 2), ("last", 338), ("turn", 170)):
            page.click("#" + button)
            assert state_of(page)["step"] == str(step)
        page.locator("#slider").fill("180")
        assert state_of(page)["step"] == "180" and page.inner_text("#title").startswith("Back")
        page.select_option("#show", "dr")
        assert state_of(page)["back"] == "dr"
        page.click("#grid button >> nth=0")
        assert page.inner_text("#title") == "Back: spine base, frame 0"
        page.select_option("#by", "diagonal")
        assert page.inner_text("#title") == "Back: spine base, frame 0" and state_of(page)["by"] == "diagonal"
        page.click("#vectors thead button >> nth=1")
        assert state_of(page)["unit"] == "1"
        short = page.inner_text("#equations strong >> nth=0")
        page.check("#digits")
        assert len(page.inner_text("#equations strong >> nth=0")) > len(short)
        page.select_option("#N", "0")
        assert page.locator("#way button").count() == 4 and page.locator(".side.mine h4").inner_text() == "N = 0"
        page.click("#theme")
        assert state_of(page)["theme"] == "dark"
        page.click("#first")
        page.click(".open >> nth=0")
        assert state_of(page)["open"] == "i" and page.locator(".products tr").count() == 13
        page.click(".products [data-pick] >> nth=2")
        assert state_of(page)["weight"] == "w,layer1.W,2,1"
        page.locator("#heat rect[data-pick='w,layer1.b,0,7']").click(force=True)
        assert page.input_value("#param") == "layer1.b" and page.input_value("#column") == "7"
        page.locator("#dial").fill("0.5")
        assert page.input_value("#value") == "0.5" and "1 numbers changed" in page.inner_text("#given")
        page.click("#play")
        assert page.inner_text("#play") == "pause"
        expect(page.locator("#count")).not_to_have_text("forward, step 1 of 34", timeout=PATIENCE)
        page.click("#play")
        stopped = state_of(page)["step"]
        page.wait_for_timeout(1000)
        assert page.inner_text("#play") == "play" and state_of(page)["step"] == stopped != "1"
        page.mouse.move(0, 0)
        link, before = page.locator("#link").get_attribute("href"), page.evaluate(READ)
        expect(page).to_have_url(file.as_uri() + link, timeout=PATIENCE)  # the address follows
        with opened(browser, file) as other:
            assert other.evaluate(VISIT, [link]) == [before]
            assert other.evaluate("document.documentElement.dataset.theme") == "dark"
        page.click("#undo")
        assert page.is_disabled("#undo") and "changes" not in state_of(page)
        page.click("details summary")
        assert page.is_visible("details kbd >> nth=0")


def test_keyboard_alone(browser, file):
    with opened(browser, file) as page:

        def state(*keys):
            for key in keys:
                page.keyboard.press(key)
            return state_of(page)

        assert page.evaluate("document.activeElement.id") == "main"  # keys work at once
        assert state("ArrowRight", "ArrowRight", "ArrowLeft")["step"] == "33"
        assert state("End")["step"] == "338" and state("Home")["step"] == "1" and state("b")["step"] == "170"
        assert state("u")["unit"] == "1" and state("s")["sequence"] == "1" and state("n", "n", "n")["step"] == "173"
        assert state("p")["step"] == "172" and state("n", "g")["back"] == "dc" and state("d")["by"] == "diagonal"
        assert state("i")["N"] == "0" and state("i", "i")["N"] == "2"
        assert state("Home", "ArrowRight", "ArrowRight", "ArrowDown")["joint"] == "1"
        assert state("ArrowUp")["joint"] == "0"
        assert state("x")["open"] == "i" and page.locator(".products").count() == 1
        state(" ")
        assert page.inner_text("#play") == "pause"
        state("ArrowRight")  # a step by hand ends the play
        assert page.inner_text("#play") == "play"
        assert state("w") and page.evaluate("document.activeElement.id") == "dial"
        state("ArrowRight")
        assert "changed" in page.inner_text("#given")
        page.focus("#main")
        assert "changes" not in state("z")
        page.locator("#grid .here").focus()
        place = state_of(page)
        assert state("ArrowRight")["frame"] == str(int(place["frame"]) + 1)
        assert page.evaluate("document.activeElement.className").endswith("here ")
        page.focus("#equations")
        state("ArrowRight", "ArrowRight")
        while page.evaluate("document.activeElement.dataset.q") != "h_T":
            state("ArrowRight")
        assert page.inner_text("#pointed").startswith("hT")  # and what is pointed at lights up
        assert state("Enter")["frame"] == place["frame"]
        page.focus("#main")
        reached, outlined = [], []
        for _ in range(90):  # there and once around: no trap, and always to be seen where one is
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
            outlined.append(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
        controls = ["sequence", "N", "by", "unit", "show", "digits", "theme", "first", "back", "play", "on", "turn"]
        controls += ["last", "slider", "link", "body", "param", "row", "column", "dial", "value", "equations"]
        controls += ["own", "file-own", "example", "own-class", "own-placed", "load", "SUMMARY"]
        assert set(controls) <= set(reached) and reached.count("sequence") > 1
        assert {look for name, look in zip(reached, outlined, strict=True) if name not in ("BODY", "main")} == {"solid"}


def test_everything_has_a_name(browser, file):
    """Every control and every picture tells what it is, to those who do not see it."""
    nameless = """() => [...document.querySelectorAll("button, select, input, textarea, svg")].filter((each) => {
      if (each.closest("[hidden]") || each.closest("[aria-hidden]")) return false;
      return !each.ariaLabel && !each.labels?.length && !each.textContent.trim();
    }).map((each) => each.outerHTML.slice(0, 120))"""
    with opened(browser, file) as page:
        for step in (1, 55, 56, 110, 169, 170, 338):
            page.evaluate(VISIT, [f"#step={step}&open=i"])
            assert page.evaluate(nameless) == []


def test_still_where_no_motion_is_wanted(browser, file):
    with opened(browser, file, reduced_motion="reduce") as page:
        for _ in range(3):
            page.click("#on")
        assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize(
    "hash",
    [
        "#step=-3&unit=x&by=toString&N=99&weight=w,__proto__,1,1&open=zz",
        "#step=1e99&forward=%3Cb%3E&nothing=1&changes=w,nothing,0,0:3;x,0,99,0,0:1;w,layer1.W,0,0:abc;;:",
        "#%",
    ],
)
def test_any_link_is_read(browser, file, hash):
    with opened(browser, file) as page:
        (found,) = page.evaluate(VISIT, [hash])
        assert found["count"].endswith(" of 338") and found["equations"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 800, 1400])
def test_nothing_is_cut_off(browser, file, width, scheme):
    """At the width of a phone, of half a screen and of a screen: nothing wider than the page, or than what holds it."""
    states = ["#step=1", "#step=77&open=f_S", "#step=56", "#step=110", "#step=168&digits=1", "#step=180&digits=1"]
    states += ["#step=230&digits=0", "#by=diagonal&step=7&open=u", "#step=338"]
    wide = """() => [...document.querySelectorAll("body *")].filter((each) => !each.closest("svg, select, .scroll *"))
      .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((each) => each.outerHTML.slice(0, 90))"""
    hidden = """() => [...document.querySelectorAll(".scroll, pre, .equation, #pointed, .side, #grid button")]
      .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.outerHTML.slice(0, 90))"""
    with opened(browser, file, viewport={"width": width, "height": 740}, color_scheme=scheme) as page:
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
        for state in states:
            page.evaluate(VISIT, [state])
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(wide) == []
            if "digits=1" not in state:  # whole numbers may ask for more, and scroll
                assert page.evaluate(hidden) == []
        buttons = page.locator("#buttons button").all()
        assert min(button.bounding_box()["height"] for button in buttons) >= 40  # for thumbs
        grid, equations, caption = (page.locator(part).bounding_box() for part in ("#grid", "#equations", "#caption"))
        assert (grid["x"] + grid["width"] <= equations["x"]) == (width >= 800)  # two columns
        assert width >= 800 or caption["y"] < grid["y"] < equations["y"]


def test_inside_another_page(browser, file, tmp_path):
    from playwright.sync_api import expect

    outer = tmp_path / "outer.html"
    head = "<!doctype html><title>outer</title><style>body.night { background: #111 }</style>"
    outer.write_text(head + embedded(file.read_text("utf-8")), "utf-8")
    with opened(browser, outer) as page:
        inner = page.frame_locator("iframe")
        inner.locator("#on").click()
        page.keyboard.press("ArrowRight")
        assert inner.locator("#count").inner_text() == "forward, step 34 of 338"
        expect(inner.locator("#link")).to_be_hidden()
        page.evaluate("document.body.className = 'night'")  # the page around it turns dark
        expect(inner.locator("body")).to_have_css("background-color", "rgb(20, 23, 26)", timeout=PATIENCE)


def test_every_step_and_every_change_is_drawn_at_once(browser, file):
    """What it took is told; how fast a machine is, no test depends on."""
    times_of = """(act) => Array.from({ length: 60 }, (_, n) => {
      const began = performance.now();
      act(n);
      document.body.getBoundingClientRect();
      return performance.now() - began;
    })"""
    with opened(browser, file) as page:
        steps = page.evaluate(f"() => ({times_of})(() => document.getElementById('on').click())")
        turned = page.evaluate(f"""() => ({times_of})((n) => {{
          const dial = document.getElementById("dial");
          dial.value = n / 60;
          dial.dispatchEvent(new Event("input", {{ bubbles: true }}));
        }})""")
        assert state_of(page)["step"] == "92" and page.input_value("#value") == "0.98"
    for what, times in (("a step", steps), ("a turned weight", turned)):
        print(f"{what}: {np.median(times):.1f} ms (median), {min(times):.1f} to {max(times):.1f} ms")
    print(f"page {file.stat().st_size / 1e6:.2f} MB")
