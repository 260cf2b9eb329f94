// The state of the page, its steps, and everything that changes it: controls, keys, and links.

const PACE = 700; // milliseconds a step while it plays
const state = { sequence: 0, sweep: 0, by: "cell", step: 1, joint: 0, unit: 0, forward: "h", back: "dh", digits: 0 };
const LIMITS = { sequence: DATA.sequences.length, sweep: DATA.sequences[0].sweeps.length, joint: DATA.J, unit: DATA.H,
                 digits: 2 }; // prettier-ignore
let playing = null;

// The steps in order, each a list of cells: forward frame by frame and joint by joint, or by diagonals, then back.
const STEPS = { cell: [], diagonal: Array.from({ length: DATA.J + DATA.T - 1 }, () => []) };
for (let t = 0; t < DATA.T; t++) for (let j = 0; j < DATA.J; j++) STEPS.cell.push([cellAt(j, t)]);
DATA.joint.forEach((j, k) => STEPS.diagonal[j + DATA.frame[k]].push(k));
for (const by of ["cell", "diagonal"]) STEPS[by] = [...STEPS[by], ...STEPS[by].toReversed()];

const steps = () => STEPS[state.by];
const isBack = () => state.step > steps().length / 2;
const gated = () => state.sweep > 0;

// The cells that have had their turn in this direction, those of this step, and the one that is looked at.
function turn() {
  const back = isBack();
  const begin = back ? steps().length / 2 : 0;
  const now = steps()[state.step - 1];
  const distance = (k) => Math.abs(DATA.joint[k] - state.joint);
  const here = now.reduce((best, k) => (distance(k) < distance(best) ? k : best));
  return { back, now: new Set(now), done: new Set(steps().slice(begin, state.step).flat()), here };
}

// Change the state, within its limits, and draw it.
function change(changes) {
  Object.assign(state, changes);
  if (!Object.hasOwn(STEPS, state.by)) state.by = "cell";
  for (const [name, limit] of Object.entries(LIMITS)) state[name] = clamp(state[name], 0, limit - 1);
  state.step = clamp(state.step, 1, steps().length);
  if (!shown(false, gated()).includes(state.forward)) state.forward = "h";
  if (!shown(true, gated()).includes(state.back)) state.back = "dh";
  draw();
}

function clamp(value, least, most) {
  return Math.min(most, Math.max(least, Math.trunc(Number(value)) || 0));
}

function draw() {
  const sequence = DATA.sequences[state.sequence];
  const sweep = sequence.sweeps[state.sweep];
  const now = turn();
  const { back, here } = now;
  const q = quantities(sweep, here, state.unit);
  const allDigits = state.digits === 1;

  fillGrid(sweep, back ? state.back : state.forward, state.unit, now);
  drawBody(sequence, here);
  element("title").textContent = `${back ? "Back" : "Forward"}: ${cellName(here)}`;
  fill(element("subtitle"), subtitle(now));
  fill(element("story"), story(now, sequence));
  const groups = (back ? backwardEquations : forwardEquations)(state.sweep).map(([head, list]) => {
    return `<h3>${head}</h3>` + list.map((each) => equation(each, q, allDigits)).join("");
  });
  const heard = back ? "" : "<h3>Heard</h3>" + inputs(sweep, here, state.sweep, allDigits);
  fill(element("equations"), heard + groups.join(""));
  drawVectors(sweep, here, state.unit, back, allDigits);
  drawOutcome(sequence, allDigits);
  drawControls(back);
  remember();
}

function subtitle({ now, here }) {
  const [j, t] = [DATA.joint[here], DATA.frame[here]];
  const where = gated() ? `layer 2, attention iteration ${state.sweep}` : "layer 1";
  const others = now.size > 1 ? ` of ${now.size} cells; ↑, ↓ or a click for another` : "";
  const diagonal = state.by === "diagonal" ? `, diagonal ${j + t}${others}` : "";
  return `cell (<var>j</var>, <var>t</var>) = (${j}, ${t}), unit ${state.unit}, ${where}${diagonal}`;
}

// What the equations do not say: where the gradient from above comes from, and what follows the last cell.
function story({ back, here }, { sweeps }) {
  const last = here === DATA.joint.length - 1;
  const above = symbol("dh_above");
  const memory = `the memory <var>IF</var><sup>(${state.sweep})</sup>`;
  if (!back && !last) return "";
  if (!back && gated()) return `The last cell: of its <var>h</var>, called <var>F</var>, comes ${memory} (Eq. 8).`;
  if (!back) return `The last cell: of the <var>h</var> of all cells comes ${memory}.`;
  if (gated() && last) return `${above} comes through ${memory}: this cell's <var>h</var> is <var>F</var>.`;
  if (gated()) return `${above} is 0: of layer 2, the memory reads the last cell alone.`;
  const others = sweeps.length > 1 ? ", and through attention and layer 2 in every iteration" : "";
  return `${above} comes through ${memory}${others}.`;
}

function drawControls(back) {
  for (const name of ["sequence", "by", "unit"]) element(name).value = state[name];
  for (const button of element("sweep").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", Number(button.dataset.sweep) === state.sweep);
  }
  element("sweep").className = back ? "back" : "";
  element("digits").checked = state.digits === 1;
  const names = shown(back, gated());
  const show = element("show");
  if (show.dataset.names !== names.join()) {
    const text = (name) => (name === "dc_all" ? "dc′" : name);
    show.innerHTML = names.map((name) => `<option value="${name}">${text(name)}</option>`).join("");
    show.dataset.names = names.join();
  }
  show.value = back ? state.back : state.forward;
  const slider = element("slider");
  slider.max = steps().length;
  slider.value = state.step;
  slider.setAttribute("aria-valuetext", element("title").textContent);
  element("count").textContent = `${back ? "back" : "forward"}, step ${state.step} of ${steps().length}`;
  element("play").textContent = playing ? "pause" : "play";
  element("link").href = hash();
}

// --- links ----------------------------------------------------------------------------------------------------------

function hash() {
  const theme = themeChosen ? { theme: document.documentElement.dataset.theme } : {};
  return "#" + new URLSearchParams({ ...state, joint: DATA.joint[turn().here], ...theme });
}

// The address follows, a moment later: browsers refuse too many changes of it, and all of them inside a notebook.
let waiting = 0;
function remember() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    try {
      history.replaceState(null, "", hash());
    } catch {
      element("link").hidden = true;
    }
  }, 200);
}

function fromHash() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (["dark", "light"].includes(given.theme)) chooseTheme(given.theme);
  change(Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(state, name))));
}

// --- what people do -------------------------------------------------------------------------------------------------

function move(by) {
  change({ step: state.step + by, joint: DATA.joint[turn().here] });
}

function play(wanted) {
  clearInterval(playing);
  playing = null;
  if (wanted) {
    if (state.step === steps().length) state.step = 1;
    playing = setInterval(() => (state.step === steps().length ? play(false) : move(1)), PACE);
  }
  element("title").setAttribute("aria-live", playing ? "off" : "polite");
  draw();
}

// A step by hand ends the play.
function moveByHand(by) {
  if (playing) play(false);
  move(by);
}

// The step in which a cell has its turn, in the direction of now.
function goTo(k) {
  const half = steps().length / 2;
  const begin = isBack() ? half : 0;
  const within = steps().slice(begin, begin + half).findIndex((cells) => cells.includes(k));
  change({ step: begin + within + 1, joint: DATA.joint[k] });
}

// From cells to diagonals and the other way, at the same cell.
function setBy(by) {
  const { here } = turn();
  const back = isBack();
  state.by = by;
  state.step = back ? steps().length : 1;
  goTo(here);
}

function next(name) {
  change({ [name]: (state[name] + 1) % LIMITS[name] });
}

function nextShown() {
  const names = shown(isBack(), gated());
  const name = isBack() ? "back" : "forward";
  change({ [name]: names[(names.indexOf(state[name]) + 1) % names.length] });
}

const otherCell = (by) => change({ joint: DATA.joint[turn().here] + by });

const KEYS = {
  ArrowRight: () => moveByHand(1),
  ArrowLeft: () => moveByHand(-1),
  ArrowUp: () => otherCell(-1),
  ArrowDown: () => otherCell(1),
  " ": () => play(!playing),
  Home: () => change({ step: 1 }),
  End: () => change({ step: steps().length }),
  b: () => change({ step: steps().length / 2 + 1 }),
  d: () => setBy(state.by === "cell" ? "diagonal" : "cell"),
  u: () => next("unit"),
  s: () => next("sequence"),
  n: () => next("sweep"),
  g: nextShown,
};

function onKey(event) {
  const theirs = event.target.closest("select, input[type=range]");
  const pressed = event.key === " " && event.target.closest("button, input, summary, a");
  if (theirs || pressed || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(KEYS, event.key)) return;
  if (["ArrowUp", "ArrowDown"].includes(event.key) && state.by === "cell") return; // the page scrolls
  event.preventDefault();
  KEYS[event.key]();
}

function options(id, names) {
  element(id).innerHTML = names.map((name, n) => `<option value="${n}">${plain(name)}</option>`).join("");
}

function start() {
  options("sequence", DATA.sequences.map(({ label }, n) => `${n}: ${DATA.classes[label]}`));
  options("unit", Array.from({ length: DATA.H }, (_, n) => String(n)));
  drawGrid(goTo);
  drawWay(DATA.sequences[0]);
  const clicks = { first: "Home", back: "ArrowLeft", on: "ArrowRight", turn: "b", last: "End", play: " " };
  for (const [id, key] of Object.entries(clicks)) element(id).addEventListener("click", KEYS[key]);
  for (const id of ["sequence", "unit"]) {
    element(id).addEventListener("change", (event) => change({ [id]: event.target.value }));
  }
  for (const [id, name] of [["sweep", "sweep"], ["vectors", "unit"]]) {
    element(id).addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) change({ [name]: button.dataset[name] });
    });
  }
  element("by").addEventListener("change", (event) => setBy(event.target.value));
  element("show").addEventListener("change", (event) => {
    change({ [isBack() ? "back" : "forward"]: event.target.value });
  });
  element("digits").addEventListener("change", (event) => change({ digits: Number(event.target.checked) }));
  element("slider").addEventListener("input", (event) => change({ step: event.target.value }));
  element("theme").addEventListener("click", () => {
    chooseTheme(isDark() ? "light" : "dark");
    draw();
  });
  element("link").hidden = location.protocol === "about:"; // inside a notebook there is no address to link to
  if (parent !== window) element("link").target = "_blank";
  addEventListener("keydown", onKey);
  addEventListener("hashchange", fromHash);
  followTheme();
  fromHash();
}

start();
