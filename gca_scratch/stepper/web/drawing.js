// How a step is drawn: the stations, the grid, what a cell hears, all units of it.

const element = (id) => document.getElementById(id);

// Put HTML into an element, if it is not there already: what does not change need not be laid out again.
function fill(where, html) {
  if (where.filled !== html) where.innerHTML = where.filled = html;
}

// What the grid can show at a step, the first where nothing else is chosen.
function shown({ kind, n, back, run }) {
  if (kind === "scores") return back ? ["de", "dr"] : ["r", "e"];
  if (kind === "memory") return back ? (n ? ["dh_above"] : ["dh_share"]) : ["h"];
  if (kind !== "sweep") return run.N ? ["r", "h"] : ["h"];
  const gated = n > 0;
  return back
    ? ["dh", "dc", "dc_all", ...GATES.map((gate) => "d" + gate), ...(gated ? ["dr"] : [])]
    : ["h", "c", ...GATES, ...(gated ? ["r"] : [])];
}

function shownNow(scene) {
  const names = shown(scene);
  const wanted = scene.back ? state.back : state.forward;
  return names.includes(wanted) ? wanted : names[0];
}

// Which layer the grid shows, where the station does not say it.
function layerOf({ kind, n, run }) {
  if (kind === "memory") return n ? " in layer 2" : " in layer 1";
  return kind === "classes" || kind === "loss" ? ` in ${run.N ? `iteration ${run.N}` : "layer 1"}` : "";
}

// Its number in every cell.
function gridValues({ cells, backs, run, round, roundBack, unit }, name) {
  const rounds = { r: round ?? run.rounds.at(-1), e: round };
  if (name in rounds) return rounds[name].attention[name];
  if (name === "de") return roundBack.attention.de;
  if (name === "dh_share") return ALL.map(() => run.back.dIF_0[unit] / ALL.length);
  const held = name[0] === "d" ? backs : cells;
  return held.map((cell) => (name === "dr" ? cell.dr : cell[name][unit]));
}

// A cell in words.
function cellName(k) {
  return `${DATA.joints[DATA.joint[k]]}, frame ${DATA.frame[k]}`;
}

// The empty grid: joints down, frames across, the body of each frame above its column.
function drawGrid() {
  const frames = Array.from({ length: GRID.T }, (_, t) => {
    const body = C > 1 && DATA.bones.length ? `<svg class="small" data-frame="${t}" aria-hidden="true"></svg>` : "";
    return `<th scope="col">${body}${t}</th>`;
  });
  const rows = DATA.joints.map((name, j) => {
    const cells = Array.from({ length: GRID.T }, (_, t) => {
      return `<td><button type="button" tabindex="-1" data-cell="${cellAt(j, t)}"></button></td>`;
    });
    return `<tr><th scope="row"><i>${j}</i> ${plain(name)}</th>${cells.join("")}</tr>`;
  });
  const head = `<tr><th>joint <var>j</var> \\ frame <var>t</var></th>${frames.join("")}</tr>`;
  element("grid").innerHTML = `<thead>${head}</thead><tbody>${rows.join("")}</tbody>`;
}

// Colours and numbers of the cells that have had their turn; frames around those whose turn it is.
function fillGrid(scene, name) {
  const { now, done, here, back, kind, unit } = scene;
  const all = gridValues(scene, name);
  const wide = !["r", "e", "dr", "de"].includes(name);
  const largest = Math.max(...all.map(Math.abs));
  const one = kind === "sweep";
  const { S, T, nextS, nextT } = neighbours(here);
  const around = back
    ? [
        [nextS, "S ↑"],
        [nextT, "T ←"],
      ]
    : [
        [S, "S ↓"],
        [T, "T →"],
      ];
  const marks = new Map(one ? around : []);
  for (const cell of element("grid").querySelectorAll("button")) {
    const k = Number(cell.dataset.cell);
    const value = all[k];
    const told = done.has(k);
    cell.className = [
      told ? (value < 0 ? "minus" : "plus") : "empty",
      one && now.includes(k) ? "now" : "",
      k === here ? "here" : "",
      marks.has(k) ? "neighbour" : "",
    ].join(" ");
    cell.tabIndex = k === here ? 0 : -1;
    cell.style.setProperty("--part", told && largest ? `${60 * Math.sqrt(Math.abs(value) / largest)}%` : "0%");
    cell.ariaLabel = `${cellName(k)}: ${told ? rounded(value) : "to come"}`;
    fill(cell, told ? `<data data-name="${name}" value="${exact(value)}">${rounded(value, 2)}</data>` : "");
    if (marks.has(k)) cell.dataset.mark = marks.get(k);
    else delete cell.dataset.mark;
    if (k === here) cell.setAttribute("aria-current", "step");
    else cell.removeAttribute("aria-current");
  }
  const minus = all.some((value) => value < 0) ? `<span class="key minus">−${rounded(largest, 2)}</span> ` : "";
  fill(
    element("legend"),
    `${sign(name)}${wide ? ` of unit ${unit}` : ""}${layerOf(scene)}: ${minus}<span class="key">0</span> ` +
      `<span class="key plus">${rounded(largest, 2)}</span> <span class="key here">this cell</span> ` +
      (one && now.length > 1 ? `<span class="key now">this step</span> ` : "") +
      (one ? `<span class="key neighbour">${back ? "gives it gradients" : "heard by it"}</span>` : ""),
  );
}

// The stations of the network, in the order of the way forward.
function drawWay({ s, back }) {
  const { stations } = timeline();
  const buttons = stations.map(({ name }, at) => {
    return `<button type="button" data-station="${at}" aria-pressed="${at === s}">${name}</button>`;
  });
  fill(element("way"), buttons.join(" <i></i> "));
  element("way").className = back ? "back" : "";
}

// What a cell hears: from below, and from S and T.
function inputs({ cells, here, n }, allDigits) {
  const list = (name, values) => `(${values.map((value) => number(name, value, allDigits)).join(", ")})`;
  const heard = (name, from) => {
    const values = from < 0 ? "0" : list(name, cells[here][name]);
    const place = from < 0 ? "outside the grid" : plain(cellName(from));
    const button = `<button type="button" class="jump" data-jump="${from}" aria-label="go to ${place}">↗</button>`;
    return card(from < 0 ? place : `${place} ${button}`, name, `<b>${symbol(name)}</b> = ${values}`);
  };
  const { S, T } = neighbours(here);
  const below = n ? "<var>h</var> of layer 1 in this cell" : "coordinates of the joint";
  return card(below, "x", `<b>${symbol("x")}</b> = ${list("x", cells[here].x)}`) + heard("h_S", S) + heard("h_T", T);
}

// The rows of the table of all units: name and one number for each unit.
function unitRows(scene) {
  const { kind, n, back, cells, backs, here, run, round, roundBack } = scene;
  const [cell, gradient] = [cells[here], backs[here]];
  const before = n > 1 ? run.rounds[n - 2].IF : run.initial.IF;
  const of = (held, names) => names.map((name) => [name, held[name]]);
  if (kind === "sweep" && !back) return of(cell, ["h_S", "c_S", "h_T", "c_T", ...GATES, "c", "h"]);
  if (kind === "sweep") {
    const passed = ["h_S", "c_S", "h_T", "c_T"].map((name) => ["to_" + name, gradient["d" + name]]);
    return [...of(gradient, ["dh", "dc", "dc_all", "di", "df_S", "df_T", "do", "du"]), ...passed];
  }
  if (kind === "scores" && !back)
    return [
      ["h", run.h[here]],
      ["IF", before],
      ["s", round.attention.s[here]],
    ];
  if (kind === "scores")
    return [
      ["da", roundBack.attention.da[here]],
      ["dh_judged", roundBack.attention.dh[here]],
    ];
  if (kind === "memory" && n === 0) return back ? [["dIF", run.back.dIF_0]] : [["IF", run.initial.IF]];
  if (kind === "memory" && !back)
    return [
      ["F", round.F],
      ["IF_before", before],
      ["z", round.z],
      ["IF", round.IF],
    ];
  if (kind === "memory") return of(roundBack, ["dIF", "dz", "dF", "dIF_before"]);
  return back ? [["dIF", run.back.dIF]] : [["IF", run.IF]];
}

// All units side by side: one row for each quantity, one column for each unit.
function drawVectors(scene, allDigits) {
  const mine = (n) => (n === scene.unit ? ' class="mine"' : "");
  const head = Array.from({ length: DATA.H }, (_, n) => {
    return `<th scope="col"${mine(n)}><button type="button" tabindex="-1" data-unit="${n}">${n}</button></th>`;
  });
  const rows = unitRows(scene).map(([name, values]) => {
    const cells = values.map((value, n) => `<td${mine(n)}>${number(name, value, allDigits)}</td>`);
    return `<tr data-row="${name}"><th scope="row">${symbol(name)}</th>${cells.join("")}</tr>`;
  });
  fill(element("vectors"), `<thead><tr><th>unit</th>${head.join("")}</tr></thead><tbody>${rows.join("")}</tbody>`);
}
