// What people do: buttons, keys, fields, and pointing.

const move = (by) => change({ step: state.step + by });

function play(wanted) {
  clearInterval(playing);
  playing = null;
  if (wanted) {
    if (state.step === timeline().steps.length) state.step = 1;
    playing = setInterval(() => (state.step === timeline().steps.length ? play(false) : move(1)), PACE);
  }
  element("title").setAttribute("aria-live", playing ? "off" : "polite");
  draw();
}

// A step by hand ends the play.
function moveByHand(by) {
  if (playing) play(false);
  move(by);
}

// The step in which a cell has its turn, in the station and direction of now.
function goTo(k) {
  if (k >= 0) change({ joint: DATA.joint[k], frame: DATA.frame[k], step: stepOfCell(k) });
}

// From cells to diagonals and the other way, or to another N, at the same cell.
function rearrange(changes) {
  const [{ station, back }, k] = [stepNow(), cellNow()];
  Object.assign(state, changes);
  state.N = clamp(state.N, 0, DATA.N);
  const same = timeline().stations.findIndex(
    ({ kind, n }) => kind === station.kind && n === Math.min(station.n, state.N),
  );
  state.step = stepOfStation(Math.max(same, 0), back);
  goTo(k);
}

const next = (name, limit) => change({ [name]: (state[name] + 1) % limit });

function nextShown() {
  const scene = sceneNow();
  const names = shown(scene);
  change({ [scene.back ? "back" : "forward"]: names[(names.indexOf(shownNow(scene)) + 1) % names.length] });
}

// The station after this one, in the direction of the way.
function nextStation(by) {
  const { s, back } = stepNow();
  const { stations, half } = timeline();
  const to = s + (back ? -by : by);
  if (to >= 0 && to < stations.length) change({ step: stepOfStation(to) });
  else if (to >= stations.length) change({ step: back ? half : half + 1 });
}

const otherCell = (by) => change({ joint: state.joint + by });

const KEYS = {
  ArrowRight: () => moveByHand(1),
  ArrowLeft: () => moveByHand(-1),
  ArrowUp: () => otherCell(-1),
  ArrowDown: () => otherCell(1),
  " ": () => play(!playing),
  Home: () => change({ step: 1 }),
  End: () => change({ step: timeline().steps.length }),
  b: () => change({ step: timeline().half + 1 }),
  d: () => rearrange({ by: state.by === "cell" ? "diagonal" : "cell" }),
  u: () => next("unit", DATA.H),
  s: () => next("sequence", lab.sequences.length),
  n: () => nextStation(1),
  p: () => nextStation(-1),
  g: nextShown,
  i: () => rearrange({ N: (state.N + 1) % (DATA.N + 1) }),
  x: () => change({ open: GATES[GATES.indexOf(state.open) + 1] ?? "" }),
  w: () => element("dial").focus(),
  z: () => undo(),
};

function undo() {
  undoAll();
  draw();
}

// Keys within the grid go from cell to cell, within the equations from sign to sign; on the body they move the joint.
function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const { target, key } = event;
  if (target.id === "body" && onBodyKey(event)) return event.preventDefault();
  if (target.closest("#grid") && moveInGrid(key)) return event.preventDefault();
  if (target.closest("#equations") && moveAmongSigns(target, key)) return event.preventDefault();
  const theirs = target.closest("select, input, textarea");
  const pressed = key === " " && target.closest("button, summary, a");
  if (theirs || pressed || !Object.hasOwn(KEYS, key)) return;
  if (["ArrowUp", "ArrowDown"].includes(key) && state.by === "cell") return; // the page scrolls
  event.preventDefault();
  KEYS[key]();
}

function moveInGrid(key) {
  const ways = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  if (!Object.hasOwn(ways, key)) return false;
  const here = cellNow();
  const k = cellAt(DATA.joint[here] + ways[key][0], DATA.frame[here] + ways[key][1]);
  goTo(k);
  element("grid").querySelector(`[data-cell="${cellNow()}"]`).focus();
  return true;
}

function moveAmongSigns(target, key) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (!by && key !== "Enter") return false;
  if (key === "Enter") return target.matches(".sym") && jump(target.dataset.q);
  const signs = [...element("equations").querySelectorAll(".sym, button")];
  const to = signs[(signs.indexOf(target) + by + signs.length) % signs.length];
  to.focus();
  return true;
}

// To the cell of a quantity, if it is another.
function jump(name) {
  const { kind, here } = sceneNow();
  const owner = kind === "sweep" ? ownerOf(name, here) : here;
  if (owner < 0 || owner === here) return false;
  goTo(owner);
  return true;
}

function onClick(event) {
  const of = (name) => event.target.closest(`[data-${name}]`)?.dataset[name];
  if (of("cell")) goTo(Number(of("cell")));
  else if (of("jump")) goTo(Number(of("jump")));
  else if (of("frame")) goTo(cellAt(state.joint, Number(of("frame"))));
  else if (of("station")) change({ step: stepOfStation(Number(of("station"))) });
  else if (of("unit")) change({ unit: of("unit") });
  else if (of("pick")) change({ weight: of("pick") });
  else if (of("open")) openProducts(of("open"));
  else if (event.target.closest("#equations .sym")) jump(of("q"));
}

// The quantity that a sign or a number stands for.
function pointedAt(target) {
  const shown = target.closest?.(".equation data, #vectors data");
  return target.closest?.("[data-q]")?.dataset.q ?? shown?.dataset.name;
}

function openProducts(gate) {
  change({ open: state.open === gate ? "" : gate });
  element("equations").querySelector(`[data-open="${gate}"]`).focus();
}

function turn(value) {
  put(state.weight, value);
  draw();
}

function ownRecording() {
  const said = element("said");
  try {
    const n = addRecording(element("own").value, Number(element("own-class").value), element("own-placed").checked);
    said.textContent = `Sequence ${n} is yours.`;
    change({ sequence: n });
  } catch (error) {
    said.textContent = `Not loaded: ${error.message}.`;
  }
}

const option = (names) => names.map((name, n) => `<option value="${n}">${plain(name)}</option>`).join("");

function start() {
  element("unit").innerHTML = option(Array.from({ length: DATA.H }, (_, n) => String(n)));
  element("N").innerHTML = option(Array.from({ length: DATA.N + 1 }, (_, n) => String(n)));
  element("param").innerHTML = Object.keys(DATA.params)
    .map((name) => `<option>${name}</option>`)
    .join("");
  element("own-class").innerHTML = option(DATA.classes);
  drawGrid();
  startBody();
  const on = (id, kind, act) => element(id).addEventListener(kind, (event) => act(event.target));
  const clicks = { first: "Home", back: "ArrowLeft", on: "ArrowRight", turn: "b", last: "End", play: " " };
  for (const [id, key] of Object.entries(clicks)) on(id, "click", () => KEYS[key]());
  for (const id of ["sequence", "unit"]) on(id, "change", ({ value }) => change({ [id]: value }));
  for (const id of ["by", "N"]) on(id, "change", ({ value }) => rearrange({ [id]: value }));
  on("show", "change", ({ value }) => change({ [stepNow().back ? "back" : "forward"]: value }));
  on("digits", "change", ({ checked }) => change({ digits: Number(checked) }));
  on("slider", "input", ({ value }) => change({ step: value }));
  for (const id of ["dial", "value"]) on(id, "input", ({ valueAsNumber }) => turn(valueAsNumber));
  const pick = () =>
    change({ weight: `w,${element("param").value},${element("row").value},${element("column").value}` });
  for (const id of ["param", "row", "column"]) on(id, "input", pick);
  on("undo", "click", undo);
  on("load", "click", ownRecording);
  on("example", "click", () => {
    element("own").value = JSON.stringify(lab.sequences[state.sequence].x);
    element("own-placed").checked = false; // it is in these coordinates already
  });
  on("file-own", "change", async ({ files }) => files[0] && (element("own").value = await files[0].text()));
  on("theme", "click", () => {
    chooseTheme(isDark() ? "light" : "dark");
    draw();
  });
  document.addEventListener("click", onClick);
  for (const kind of ["pointerover", "focusin"])
    document.addEventListener(kind, ({ target }) => light(pointedAt(target)));
  element("link").hidden = location.protocol === "about:"; // inside a notebook there is no address to link to
  if (parent !== window) element("link").target = "_blank";
  addEventListener("keydown", onKey);
  addEventListener("hashchange", fromHash);
  followTheme();
  light(null);
  fromHash();
  if (location.protocol !== "about:") element("main").focus({ preventScroll: true }); // keys work at once
}

start();
