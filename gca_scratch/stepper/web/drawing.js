// How a step is drawn: the grid, the body, the way through the network, the inputs and all units of a cell.

const element = (id) => document.getElementById(id);

// Put HTML into an element, if it is not there already: what does not change need not be laid out again.
function fill(where, html) {
  if (where.filled !== html) where.innerHTML = where.filled = html;
}

// What the grid can show on the way forward and on the way back.
function shown(back, gated) {
  return back
    ? ["dh", "dc", "dc_all", ...GATES.map((gate) => "d" + gate), ...(gated ? ["dr"] : [])]
    : ["h", "c", ...GATES, ...(gated ? ["r"] : [])];
}

// A cell in words.
function cellName(k) {
  return `${DATA.joints[DATA.joint[k]]}, frame ${DATA.frame[k]}`;
}

// The empty grid: joints down, frames across.
function drawGrid(goTo) {
  const frames = Array.from({ length: DATA.T }, (_, t) => `<th scope="col">${t}</th>`).join("");
  const rows = DATA.joints.map((name, j) => {
    const cells = Array.from({ length: DATA.T }, (_, t) => {
      return `<td><button type="button" tabindex="-1" data-cell="${cellAt(j, t)}"></button></td>`;
    });
    return `<tr><th scope="row"><i>${j}</i> ${plain(name)}</th>${cells.join("")}</tr>`;
  });
  element("grid").innerHTML =
    `<thead><tr><th>joint <var>j</var> \\ frame <var>t</var></th>${frames}</tr></thead><tbody>${rows.join("")}</tbody>`;
  element("grid").addEventListener("click", (event) => {
    const cell = event.target.closest("button");
    if (cell) goTo(Number(cell.dataset.cell));
  });
}

// Colours and numbers of the cells that have had their turn; frames around those whose turn it is.
// name: the quantity.  done: the cells so far.  now: those of this step.  here: the chosen one.  back: on the way back?
function fillGrid(sweep, name, unit, { done, now, here, back }) {
  const values = sweep[name].values;
  const wide = sweep[name].shape.length > 1;
  const all = DATA.joint.map((_, k) => values[wide ? k * DATA.H + unit : k]);
  const largest = Math.max(...all.map(Math.abs));
  const { S, T, nextS, nextT } = neighbours(here);
  const marks = new Map(back ? [[nextS, "S ↑"], [nextT, "T ←"]] : [[S, "S ↓"], [T, "T →"]]); // prettier-ignore
  for (const cell of element("grid").querySelectorAll("button")) {
    const k = Number(cell.dataset.cell);
    const value = all[k];
    const told = done.has(k);
    cell.className = [
      told ? (value < 0 ? "minus" : "plus") : "empty",
      now.has(k) ? "now" : "",
      k === here ? "here" : "",
      marks.has(k) ? "neighbour" : "",
    ].join(" ");
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
    `${symbol(name)}${wide ? ` of unit ${unit}` : ""}: ${minus}<span class="key">0</span> ` +
      `<span class="key plus">${rounded(largest, 2)}</span> <span class="key here">this cell</span> ` +
      (now.size > 1 ? `<span class="key now">this step</span> ` : "") +
      `<span class="key neighbour">${back ? "gives it gradients" : "heard by it"}</span>`,
  );
}

// The body in the frame of the cell, its joint marked; what the network sees.
function drawBody(sequence, here) {
  const input = sequence.sweeps[0].x;
  const svg = element("body");
  const unknown = !DATA.bones.length || input.shape[1] < 2;
  svg.toggleAttribute("hidden", unknown);
  if (unknown) return;
  const t = DATA.frame[here];
  const place = (j, frame = t) => row(input, cellAt(j, frame)).slice(0, 2);
  const all = DATA.joint.map((j, k) => place(j, DATA.frame[k]));
  const [xs, ys] = [all.map((p) => p[0]), all.map((p) => -p[1])];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left || 1, Math.max(...ys) - top || 1];
  const edge = 0.08 * Math.max(width, height);
  svg.setAttribute("viewBox", [left - edge, top - edge, width + 2 * edge, height + 2 * edge].join(" "));
  svg.setAttribute("aria-label", `the body in frame ${t}, with ${DATA.joints[DATA.joint[here]]} marked`);
  const bones = DATA.bones.map(([a, b]) => {
    const [[x1, y1], [x2, y2]] = [place(a), place(b)];
    return `<line x1="${x1}" y1="${-y1}" x2="${x2}" y2="${-y2}" stroke-width="${0.3 * edge}"/>`;
  });
  const joints = DATA.joints.map((_, j) => {
    const [x, y] = place(j);
    const marked = j === DATA.joint[here];
    return `<circle cx="${x}" cy="${-y}" r="${(marked ? 0.7 : 0.35) * edge}" class="${marked ? "marked" : ""}"/>`;
  });
  fill(svg, bones.join("") + joints.join(""));
}

// The stations of the network, in the order of the way forward; the sweeps over the grid are the ones to choose.
function drawWay(sequence) {
  const memory = (n) => `<span><var>IF</var><sup>(${n})</sup></span>`;
  const stations = sequence.sweeps.map((_, n) => {
    const name = n ? `layer 2, attention ${n}` : "layer 1";
    return `<button type="button" data-sweep="${n}">${name}</button> <i></i> ${memory(n)}`;
  });
  element("sweep").innerHTML = [...stations, "<span>classes</span>", "<span>loss</span>"].join(" <i></i> ");
}

// What a cell hears: from below, and from S and T.
function inputs(sweep, k, iteration, allDigits) {
  const list = (name, array, cell) => `(${row(array, cell).map((value) => number(name, value, allDigits)).join(", ")})`;
  const heard = (name, letter, cell) => {
    const values = cell < 0 ? "0" : list(name, sweep[letter], cell);
    return card(cell < 0 ? "outside the grid" : cellName(cell), `<b>${symbol(name)}</b> = ${values}`);
  };
  const { S, T } = neighbours(k);
  const below = iteration ? "<var>h</var> of layer 1 in this cell" : "coordinates of the joint";
  return card(below, `<b><var>x</var></b> = ${list("x", sweep.x, k)}`) + heard("h_S", "h", S) + heard("h_T", "h", T);
}

// All units of a cell side by side: one row for each quantity, one column for each unit.
function drawVectors(sweep, k, unit, back, allDigits) {
  const names = back
    ? ["dh", "dc", "dc_all", "di", "df_S", "df_T", "do", "du", "to_h_S", "to_c_S", "to_h_T", "to_c_T"]
    : ["h_S", "c_S", "h_T", "c_T", ...GATES, "c", "h"];
  const units = Array.from({ length: DATA.H }, (_, n) => quantities(sweep, k, n));
  const mine = (n) => (n === unit ? ' class="mine"' : "");
  const head = units.map((_, n) => {
    return `<th scope="col"${mine(n)}><button type="button" tabindex="-1" data-unit="${n}">${n}</button></th>`;
  });
  const rows = names.map((name) => {
    const cells = units.map((q, n) => `<td${mine(n)}>${number(name, q[name], allDigits)}</td>`);
    return `<tr><th scope="row">${symbol(name)}</th>${cells.join("")}</tr>`;
  });
  fill(element("vectors"), `<thead><tr><th>unit</th>${head.join("")}</tr></thead><tbody>${rows.join("")}</tbody>`);
}

// What the network makes of the sequence: memory, classes and loss.
function drawOutcome(sequence, allDigits) {
  const line = (name, n, values) => {
    const cells = values.map((value) => `<td>${number(name, value, allDigits)}</td>`);
    return `<tr><th scope="row"><var>${name}</var><sup>(${n})</sup></th>${cells.join("")}</tr>`;
  };
  const memories = Array.from({ length: sequence.memory.shape[0] }, (_, n) => {
    const seen = n ? line("F", n, row(sequence.F, n - 1)) : "";
    return seen + line("IF", n, row(sequence.memory, n));
  });
  const classes = Array.from(sequence.probabilities.values, (p, k) => {
    const name = plain(DATA.classes[k]) + (k === sequence.label ? " (true)" : "");
    const bar = `<progress max="1" value="${p}" aria-label="probability"></progress>`;
    return `<tr><th scope="row">${name}</th><td>${bar}</td><td>${number("p", p, allDigits)}</td></tr>`;
  });
  fill(element("memory"), memories.join(""));
  fill(element("classes"), classes.join(""));
  fill(element("loss"), `loss = −ln <var>p</var>(true class) = ${number("loss", sequence.loss, allDigits)}`);
}
