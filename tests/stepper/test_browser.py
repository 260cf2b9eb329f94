"""The stepper's page in a browser without a screen: every control, the numbers it shows, how wide, how fast.

With `pytest -rP` the last test tells the times that it has measured.
"""

import contextlib
import shutil
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest

from gca_scratch.network.grid import cell_order
from gca_scratch.stepper.example import example as trained_example
from gca_scratch.stepper.page import embedded
from gca_scratch.stepper.page import page as stepper_page
from .recorded import record

PATIENCE = 120_000  # milliseconds, for machines that have much else to do
GATES = ("i", "f_S", "f_T", "o", "u")
PER_GATE = ("from_x", "from_S", "from_T", "z", "dz", "through_S", "through_T")
NEIGHBOURS = {  # quantities that belong to another cell: their array, and how many joints and frames away it is
    "h_S": ("h", -1, 0), "c_S": ("c", -1, 0), "h_T": ("h", 0, -1), "c_T": ("c", 0, -1),
    "dh_next_S": ("dh_S", 1, 0), "dc_next_S": ("dc_S", 1, 0), "dh_next_T": ("dh_T", 0, 1), "dc_next_T": ("dc_T", 0, 1),
}  # fmt: skip
READ = """() => {
  const all = (where) => Array.from(document.querySelectorAll(where));
  const numbers = (where) => all(where).map((data) => [data.dataset.name, data.value]);
  return {
    title: document.getElementById("title").textContent,
    subtitle: document.getElementById("subtitle").textContent,
    count: document.getElementById("count").textContent,
    link: document.getElementById("link").getAttribute("href"),
    equations: numbers("#equations data"),
    vectors: numbers("#vectors data"),
    outcome: numbers("#more section:last-child data"),
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
def browser():
    """A Chromium that Playwright drives (without its sandbox, as root needs it): the system's, or Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need: pip install playwright")
    with playwright.sync_playwright() as driver:
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        try:
            browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"the browser tests need a Chromium: apt install chromium ({str(error).splitlines()[0]})")
        yield browser
        browser.close()


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


def order_of_steps(by, J, T):
    """The cells of every step, forward and back, and the index of each place (joint, frame)."""
    index = {place: k for k, place in enumerate(zip(*(array.tolist() for array in cell_order(J, T)), strict=True))}
    if by == "cell":
        forward = [[index[j, t]] for t in range(T) for j in range(J)]
    else:
        forward = [[k for place, k in index.items() if sum(place) == d] for d in range(J + T - 1)]
    return forward + forward[::-1], index


def truth(sweep, name, k, n, index, H):
    """What the package has under this name for unit n of cell k."""
    if name in NEIGHBOURS:
        array, dj, dt = NEIGHBOURS[name]
        j, t = list(index)[k]
        other = index.get((j + dj, t + dt))
        return 0 if other is None else sweep[array][other, n]
    name, _, part = name.replace("to_", "d").partition(".")
    if name == "dr_of":
        return sweep[name][k, int(part)]
    if name in PER_GATE:
        return sweep[name][k, GATES.index(part) * H + n]
    if name == "b":
        return sweep[name][GATES.index(part) * H + n]
    array = sweep[name]
    return array if array.ndim == 0 else array[k] if array.ndim == 1 else array[k, n]


@pytest.mark.parametrize("by", ["cell", "diagonal"])
def test_numbers_at_random_steps(browser, file, example, by):
    network, params, x, y, joint_names, *_ = example
    J, T, H = network.joints, network.frames, network.hidden
    recorded = [record(network, params, one, int(label)) for one, label in zip(x, y, strict=True)]
    steps, index = order_of_steps(by, J, T)
    half, (joint, frame), rng = len(steps) // 2, cell_order(J, T), np.random.default_rng(1)
    states = []
    for back in [False, True] * 50:  # either way 50 by cells and 50 by diagonals
        step = int(rng.integers(half)) + half * back
        n, layer, unit = (int(rng.integers(most)) for most in (len(x), network.iterations + 1, H))
        state = {"sequence": n, "sweep": layer, "by": by, "step": step + 1, "joint": joint[rng.choice(steps[step])]}
        state |= {"unit": unit, "digits": int(rng.integers(2))}
        states.append(state | {"forward": rng.choice(["h", "c", *GATES]), "back": rng.choice(["dh", "dc", "dc_all"])})
    with opened(browser, file) as page:
        pages = page.evaluate(VISIT, ["#" + urlencode(state) for state in states])
    compared = 0
    for state, found in zip(states, pages, strict=True):
        n, layer, unit, step = state["sequence"], state["sweep"], state["unit"], state["step"] - 1
        back = step >= half
        k = next(k for k in steps[step] if joint[k] == state["joint"])
        sweep = recorded[n]["sweeps"][layer]
        assert found["title"] == f"{'Back' if back else 'Forward'}: {joint_names[joint[k]]}, frame {frame[k]}"
        assert f"unit {unit}" in found["subtitle"] and found["now"] == sorted(steps[step])
        heard = []
        if not back:  # the inputs come first, all their units
            before = [truth(sweep, name, k, range(H), index, H) for name in ("h_S", "h_T")]
            heard = [*sweep["x"][k], *(value for h in before if np.ndim(h) for value in h)]
        assert [np.float32(value) for _, value in found["equations"][: len(heard)]] == heard
        equations = found["equations"][len(heard) :]
        names = {name for name, _ in equations}
        assert names >= ({"dh", "dc", *("d" + gate for gate in GATES)} if back else {*GATES, "c", "h"})
        assert layer == 0 or ({"dr", "de"} if back else {"r", "e"}) <= names
        for name, value in equations:
            assert np.float32(value) == truth(sweep, name, k, unit, index, H), (name, state)
        for place, (name, value) in enumerate(found["vectors"]):
            assert np.float32(value) == truth(sweep, name, k, place % H, index, H), (name, state)
        shown = state["back" if back else "forward"]
        visited = sorted(cell for cells in steps[half * back : step + 1] for cell in cells)
        assert sorted(int(cell) for _, cell, _ in found["grid"]) == visited
        for name, cell, value in found["grid"]:
            assert name == shown and np.float32(value) == sweep[shown][int(cell), unit]
        whole = recorded[n]
        rounds = [
            number for pair in zip(whole["F"], whole["memory"][1:], strict=True) for row in pair for number in row
        ]
        outcome = [*whole["memory"][0], *rounds, *whole["probabilities"], np.float32(whole["loss"])]
        assert [np.float32(value) for _, value in found["outcome"]] == outcome
        compared += len(found["vectors"]) + len(equations) + len(found["grid"])
    assert compared > 10_000


def test_every_control(browser, file):
    from playwright.sync_api import expect

    with opened(browser, file) as page:
        assert state_of(page)["step"] == "1" and "spine base" in page.inner_text("#title")
        for name, value in (("sequence", "2"), ("unit", "3")):
            page.select_option("#" + name, value)
            assert state_of(page)[name] == value
        page.click("#sweep button >> nth=2")
        assert (
            state_of(page)["sweep"] == "2" and page.get_attribute("#sweep [data-sweep='2']", "aria-pressed") == "true"
        )
        page.select_option("#show", "r")
        assert state_of(page)["forward"] == "r"
        for button, step in (("on", 2), ("on", 3), ("back", 2), ("last", 108), ("turn", 55), ("first", 1)):
            page.click("#" + button)
            assert state_of(page)["step"] == str(step)
        page.locator("#slider").fill("70")
        assert state_of(page)["step"] == "70" and page.inner_text("#title").startswith("Back")
        page.select_option("#show", "dr")
        assert state_of(page)["back"] == "dr"
        page.click("#grid button >> nth=0")
        assert state_of(page)["step"] == "108"
        page.select_option("#by", "diagonal")
        assert state_of(page) | {"by": "diagonal", "step": "28"} == state_of(page)
        page.click("#vectors thead button >> nth=1")
        assert state_of(page)["unit"] == "1"
        short = page.inner_text("#equations strong >> nth=0")
        page.check("#digits")
        assert len(page.inner_text("#equations strong >> nth=0")) > len(short)
        page.click("#theme")
        assert state_of(page)["theme"] == "dark"
        page.click("#first")
        page.click("#play")
        assert page.inner_text("#play") == "pause"
        expect(page.locator("#count")).not_to_have_text("forward, step 1 of 28", timeout=PATIENCE)
        page.click("#play")
        stopped = state_of(page)["step"]
        page.wait_for_timeout(1000)
        assert page.inner_text("#play") == "play" and state_of(page)["step"] == stopped != "1"
        link, before = page.locator("#link").get_attribute("href"), page.evaluate(READ)
        expect(page).to_have_url(file.as_uri() + link, timeout=PATIENCE)  # the address follows
        with opened(browser, file) as other:
            assert other.evaluate(VISIT, [link]) == [before]
            assert other.evaluate("document.documentElement.dataset.theme") == "dark"
        page.click("details summary")
        assert page.is_visible("kbd >> nth=0")


def test_keyboard_alone(browser, file):
    with opened(browser, file) as page:

        def state(*keys):
            for key in keys:
                page.keyboard.press(key)
            return state_of(page)

        assert state("ArrowRight", "ArrowRight", "ArrowLeft")["step"] == "2"
        assert state("End")["step"] == "108" and state("Home")["step"] == "1" and state("b")["step"] == "55"
        assert state("u")["unit"] == "1" and state("s")["sequence"] == "1" and state("n")["sweep"] == "1"
        assert state("g")["back"] == "dc" and state("d")["by"] == "diagonal"
        assert state("Home", "ArrowRight", "ArrowRight", "ArrowDown")["joint"] == "1"
        assert state("ArrowUp")["joint"] == "0"
        state(" ")
        assert page.inner_text("#play") == "pause"
        state("ArrowRight")  # a step by hand ends the play
        assert page.inner_text("#play") == "play"
        reached, outlined = [], []
        for _ in range(30):  # there and once around: no trap, and always to be seen where one is
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
            outlined.append(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
        controls = ["sequence", "by", "unit", "show", "digits", "theme", "first", "back", "play", "on", "turn", "last"]
        assert {*controls, "slider", "link", "SUMMARY"} <= set(reached) and reached.count("sequence") > 1
        assert {look for name, look in zip(reached, outlined, strict=True) if name != "BODY"} == {"solid"}


@pytest.mark.parametrize("hash", ["#step=-3&unit=x&by=toString&sweep=99", "#step=1e99&forward=%3Cb%3E&nothing=1", "#%"])
def test_any_link_is_read(browser, file, hash):
    with opened(browser, file) as page:
        (found,) = page.evaluate(VISIT, [hash])
        assert found["count"].endswith(" of 108") and found["equations"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser, file, scheme):
    states = ["#step=1", "#sweep=1&step=20", "#sweep=2&step=80&digits=1", "#by=diagonal&step=7&digits=1"]
    with opened(browser, file, viewport={"width": 360, "height": 740}, color_scheme=scheme) as page:
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
        for state in states:
            page.evaluate(VISIT, [state])
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
        buttons = page.locator("#buttons button").all()
        assert min(button.bounding_box()["height"] for button in buttons) >= 40  # for thumbs


def test_inside_another_page(browser, file, tmp_path):
    from playwright.sync_api import expect

    outer = tmp_path / "outer.html"
    head = "<!doctype html><title>outer</title><style>body.night { background: #111 }</style>"
    outer.write_text(head + embedded(file.read_text("utf-8")), "utf-8")
    with opened(browser, outer) as page:
        inner = page.frame_locator("iframe")
        inner.locator("#on").click()
        page.keyboard.press("ArrowRight")
        assert inner.locator("#count").inner_text() == "forward, step 3 of 108"
        expect(inner.locator("#link")).to_be_hidden()
        page.evaluate("document.body.className = 'night'")  # the page around it turns dark
        expect(inner.locator("body")).to_have_css("background-color", "rgb(20, 23, 26)", timeout=PATIENCE)


def test_every_step_is_drawn_at_once(browser, file):
    with opened(browser, file) as page:
        first = page.evaluate("""() => {
          document.getElementById("on").click();
          document.body.getBoundingClientRect();
          return performance.now();
        }""")
        times = page.evaluate("""() => Array.from({ length: 106 }, () => {
          const began = performance.now();
          document.getElementById("on").click();
          document.body.getBoundingClientRect();
          return performance.now() - began;
        })""")
        assert page.inner_text("#count") == "back, step 108 of 108"
    print(f"page {file.stat().st_size / 1e6:.2f} MB; first step {first:.0f} ms after opening; further steps "
          f"{np.median(times):.1f} ms (median), {max(times):.1f} ms (longest)")  # fmt: skip
