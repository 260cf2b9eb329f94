// The state of the page, and everything that changes it: controls, keys, and links.

const PACE = 700; // milliseconds a step while it plays
const MIDDLE = Math.floor(GRID.T / 2) * GRID.J + Math.floor(GRID.J / 2); // of layer 1's sweep, where the page begins
const state = {
  sequence: 0,
  N: DATA.N,
  by: "cell",
  step: MIDDLE + 1,
  joint: 0,
  frame: 0,
  unit: 0,
  forward: "h",
  back: "dh",
  digits: 0,
  open: "",
  weight: `w,layer1.W,0,0`,
};
let playing = null;

// Change the state, within its limits, and draw it.
function change(changes) {
  Object.assign(state, changes);
  if (!["cell", "diagonal"].includes(state.by)) state.by = "cell";
  const limits = {
    sequence: lab.sequences.length,
    N: DATA.N + 1,
    joint: GRID.J,
    frame: GRID.T,
    unit: DATA.H,
    digits: 2,
  };
  for (const [name, limit] of Object.entries(limits)) state[name] = clamp(state[name], 0, limit - 1);
  state.step = clamp(state.step, 1, timeline().steps.length);
  if (state.open && !GATES.includes(state.open)) state.open = "";
  state.weight = nearestWeight(state.weight);
  draw();
}

function clamp(value, least, most) {
  return Math.min(most, Math.max(least, Math.trunc(Number(value)) || 0));
}

// The key of a weight that there is.
function nearestWeight(key) {
  const [, name, row, column] = String(key).split(",");
  const known = Object.hasOwn(lab.params, name) ? name : "layer1.W";
  const rows = rowsOf(lab.params[known]);
  return `w,${known},${clamp(row, 0, rows.length - 1)},${clamp(column, 0, rows[0].length - 1)}`;
}

function draw() {
  const scene = sceneNow();
  const { here, back, kind, station } = scene;
  const allDigits = state.digits === 1;
  if (kind === "sweep") [state.joint, state.frame] = [DATA.joint[here], DATA.frame[here]];

  fillGrid(scene, shownNow(scene));
  drawBodies(scene);
  const place = kind === "sweep" || kind === "scores" ? `: ${cellName(here)}` : "";
  const what = kind === "sweep" ? "" : `, ${station.name.replace(/<[^>]+>/g, "")}`;
  element("title").textContent = `${back ? "Back" : "Forward"}${what}${place}`;
  fill(element("subtitle"), subtitle(scene));
  fill(element("caption"), caption(scene));
  fill(element("story"), story(scene));
  fill(element("equations"), equationsHtml(scene, allDigits));
  drawVectors(scene, allDigits);
  drawWeights(scene, allDigits);
  drawSides(allDigits);
  drawCode(scene);
  drawWay(scene);
  drawControls(scene);
  remember();
}

// The equations of the step, with the products behind one gate where they are opened.
function equationsHtml(scene, allDigits) {
  const html = (groups, q, open = () => ["", ""]) =>
    groups
      .map(([head, list]) => {
        const cards = list.map((each) => {
          if (typeof each === "string") return each;
          const [button, opened] = open(each[1]);
          return equation(each, q, allDigits, button) + opened;
        });
        return `<h3>${head}</h3>${cards.join("")}`;
      })
      .join("");
  if (scene.kind !== "sweep") {
    const { q, groups } = STATIONS[scene.kind](scene, allDigits);
    return html(groups, q);
  }
  const q = quantities(scene, scene.here, scene.unit);
  if (scene.back) return html(backwardEquations(scene.n), q);
  return "<h3>Heard</h3>" + inputs(scene, allDigits) + html(forwardEquations(scene.n), q, opener(scene, allDigits));
}

// What opens the products behind a gate, and these where it is open.
function opener(scene, allDigits) {
  return (gate) => {
    if (!GATES.includes(gate)) return ["", ""];
    const open = state.open === gate;
    const told = `aria-expanded="${open}" aria-label="products of ${gate}" title="open the products (x)"`;
    const text = `<var>x W</var> ${open ? "▴" : "▾"}`;
    const button = ` <button type="button" class="open" data-open="${gate}" ${told}>${text}</button>`;
    return [button, open ? gateProducts(scene, gate, allDigits) : ""];
  };
}

function subtitle({ kind, n, here, now, unit }) {
  if (kind !== "sweep") return `unit ${unit}`;
  const [j, t] = [DATA.joint[here], DATA.frame[here]];
  const where = n ? `layer 2, attention iteration ${n}` : "layer 1";
  const others = now.length > 1 ? ` of ${now.length} cells; ↑, ↓ or a click for another` : "";
  const diagonal = state.by === "diagonal" ? `, diagonal ${j + t}${others}` : "";
  return `cell (<var>j</var>, <var>t</var>) = (${j}, ${t}), unit ${unit}, ${where}${diagonal}`;
}

// What the equations do not say: where the gradient from above comes from, and what follows the last cell.
function story({ kind, back, here, n, run }) {
  if (kind !== "sweep") return "";
  const last = here === ALL.length - 1;
  const above = sign("dh_above");
  const memory = `the memory <var>IF</var><sup>(${n})</sup>`;
  if (!back && !last) return "";
  if (!back && n) return `The last cell: of its <var>h</var>, called <var>F</var>, comes ${memory} (Eq. 8).`;
  if (!back) return `The last cell: of the <var>h</var> of all cells comes ${memory}.`;
  if (n && last) return `${above} comes through ${memory}: this cell's <var>h</var> is <var>F</var>.`;
  if (n) return `${above} is 0: of layer 2, the memory reads the last cell alone.`;
  const others = run.N ? ", and through attention and layer 2 in every iteration" : "";
  return `${above} comes through ${memory}${others}.`;
}

function drawControls(scene) {
  const sequences = lab.sequences.map(
    ({ label, own }, n) => `${n}: ${own ? "yours, as " : ""}${plain(DATA.classes[label])}`,
  );
  fill(element("sequence"), sequences.map((name, n) => `<option value="${n}">${name}</option>`).join(""));
  for (const name of ["sequence", "by", "unit", "N"]) element(name).value = state[name];
  element("digits").checked = state.digits === 1;
  const text = (name) => (name === "dc_all" ? "dc′" : name);
  fill(
    element("show"),
    shown(scene)
      .map((name) => `<option value="${name}">${text(name)}</option>`)
      .join(""),
  );
  element("show").value = shownNow(scene);
  const slider = element("slider");
  slider.max = timeline().steps.length;
  slider.value = state.step;
  slider.setAttribute("aria-valuetext", element("title").textContent);
  element("count").textContent = `${scene.back ? "back" : "forward"}, step ${state.step} of ${timeline().steps.length}`;
  element("play").textContent = playing ? "pause" : "play";
  element("link").href = hash();
}

// --- links ----------------------------------------------------------------------------------------------------------

function hash() {
  const theme = themeChosen ? { theme: document.documentElement.dataset.theme } : {};
  const changes = lab.changes.size && lab.changes.size < 50 ? { changes: changesAsText() } : {};
  return "#" + new URLSearchParams({ ...state, ...theme, ...changes });
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
  const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (["dark", "light"].includes(asked.theme)) chooseTheme(asked.theme);
  changeFromText(asked.changes ?? "");
  change(Object.fromEntries(Object.entries(asked).filter(([name]) => Object.hasOwn(state, name))));
}
