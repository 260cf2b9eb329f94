// The panels: weights and how their gradient adds up, N = 0, 1, 2 side by side, the code's lines, what is pointed at.

// The parameters of a station: a matrix W and its bias b, or none.
function weightsOf({ kind, n, run }) {
  if (kind === "sweep") return n ? ["layer2.W", "layer2.b"] : ["layer1.W", "layer1.b"];
  if (kind === "scores") return [`attention.${n}.We2`];
  if (kind === "memory" && n) return [`memory.${n}.WF`, `memory.${n}.b`];
  if (kind === "memory") return run.initial.z ? ["memory.0.W", "memory.0.b"] : [];
  return ["classifier.W", "classifier.b"];
}

// The gradient of these parameters as far as it has added up at this step, and what this step has added.
function addedUp(scene) {
  const { kind, n, back, run, done, now, backs } = scene;
  const names = weightsOf(scene);
  if (!back || !names.length) return null;
  const whole = names.flatMap((name) => rowsOf(run.back.g[name]));
  if (kind !== "sweep") return { sum: whole, now: whole };
  const part = (cell) => [...weightShare(cell), cell.dz];
  const later = n ? run.back.rounds.slice(n).map(({ dW, db }) => [...dW, db]) : []; // layer 2 serves all iterations
  const sum = [...later, ...[...done].map((k) => part(backs[k]))].reduce(plusMatrix, null);
  return { sum, now: now.map((k) => part(backs[k])).reduce(plusMatrix, null) };
}

const square = (x, y, kind, more) => `<rect x="${x}" y="${y}" width="1" height="1" class="${kind}" ${more}/>`;

function picture(kind, [K, R], label, inside, below, more = "") {
  const told = `role="img" viewBox="0 0 ${K} ${R}" aria-label="${label}" ${more}`;
  return `<figure><svg class="heat ${kind}" ${told}>${inside}</svg>${below}</figure>`;
}

// A matrix as coloured squares; `chosen` is [row, column].
function heat(rows, title, pick, chosen) {
  const largest = Math.max(...rows.flat().map(Math.abs)) || 1;
  const squares = rows.flatMap((row, r) =>
    row.map((value, c) => {
      const strength = Math.sqrt(Math.abs(value) / largest).toFixed(2);
      return square(c, r, value < 0 ? "minus" : "plus", `fill-opacity="${strength}" data-pick="${pick(r, c)}"`);
    }),
  );
  const [R, K] = [rows.length, rows[0].length];
  const sweeps = K === 5 * DATA.H; // then columns belong to gates, and rows to x, h_S, h_T and b
  const down = sweeps ? GATES.map((_, g) => `<line x1="${g * DATA.H}" x2="${g * DATA.H}" y1="0" y2="${R}"/>`) : [];
  const across = sweeps
    ? [1, DATA.H + 1, 2 * DATA.H + 1].map((up) => `<line x1="0" x2="${K}" y1="${R - up}" y2="${R - up}"/>`)
    : [];
  const signs = sweeps ? `<div class="gates">${GATES.map((gate) => `<span>${sign(gate)}</span>`).join("")}</div>` : "";
  const mark = chosen ? square(chosen[1], chosen[0], "chosen", "") : "";
  const inside = [`<rect class="ground" width="${K}" height="${R}"/>`, ...squares, ...down, ...across, mark].join("");
  const label = `${title}: ${R} rows, ${K} columns, at most ${rounded(largest)}`;
  const below = `${signs}<figcaption>${title}</figcaption>`;
  return picture("", [K, R], label, inside, below, 'preserveAspectRatio="none"');
}

// The matrix of this station, or on the way back its gradient: so far, and what this step adds.
function drawWeights(scene, allDigits) {
  const names = weightsOf(scene);
  const where = element("heat");
  const split = (r) => (names[1] && r === rowsOf(lab.params[names[0]]).length ? [names[1], 0] : [names[0], r]);
  const pick = (r, c) => `w,${split(r).join(",")},${c}`;
  const [, name, row, column] = state.weight.split(",");
  const at =
    names.indexOf(name) < 0
      ? null
      : [names.indexOf(name) ? rowsOf(lab.params[names[0]]).length : Number(row), Number(column)];
  if (!names.length) fill(where, "<p>No weights here: this station has none.</p>");
  else {
    const added = addedUp(scene);
    const title = names.join(" above ");
    const weights = names.flatMap((each) => rowsOf(lab.params[each]));
    const sum = added && heat(added.sum, `gradient of ${title}, as far as it has added up`, pick, at);
    const now = added && scene.kind === "sweep" ? heat(added.now, "what this step adds", pick, at) : "";
    fill(where, added ? sum + now : heat(weights, `${title}; a click chooses a weight`, pick, at));
    const chosen = at && added ? [added.sum[at[0]][at[1]], added.now[at[0]][at[1]]] : null;
    const parts =
      chosen &&
      `${number("dW_sum", chosen[0], allDigits)} so far, ` +
        `of which this step has added ${number("dW_now", chosen[1], allDigits)}`;
    fill(element("adding"), parts ? `d<var>W</var> at the weight chosen below: ${parts}.` : "");
  }
  if (!names.length || !addedUp(scene)) fill(element("adding"), "");
  drawTurn(scene, allDigits);
}

// The one weight that can be turned.
function drawTurn({ run }, allDigits) {
  const [, name, row, column] = state.weight.split(",");
  const rows = rowsOf(lab.params[name]);
  const [param, r, c] = [element("param"), element("row"), element("column")];
  if (param.value !== name) param.value = name;
  [r.max, c.max] = [rows.length - 1, rows[0].length - 1];
  for (const [field, value] of [
    [r, row],
    [c, column],
  ])
    if (document.activeElement !== field) field.value = value;
  const value = valueAt(state.weight);
  const dial = element("dial");
  const reach = Math.max(3, Math.ceil(Math.abs(value)));
  [dial.min, dial.max, dial.value] = [-reach, reach, value];
  dial.setAttribute("aria-valuetext", rounded(value));
  const field = element("value");
  if (document.activeElement !== field) field.value = Number(value.toPrecision(5));
  const g = run.back.g[name];
  const gradient = g ? number("gradient", rowsOf(g)[row][column], allDigits) : "none with so few iterations";
  fill(element("gradient"), `gradient of the loss: ${gradient}`);
  const before = rounded(valueAt(state.weight, given));
  fill(
    element("given"),
    lab.changes.size ? `${lab.changes.size} numbers changed; this one was ${before}` : "nothing is changed",
  );
  element("undo").disabled = lab.changes.size === 0;
}

// What an answer depends on is asked when nothing has been done for a while, one N after the other.
const CALM = 150; // milliseconds
let asking = 0;
const askedLast = []; // for each N, shown faintly until the next is there

function askWhere(missing) {
  clearTimeout(asking);
  if (missing < 0) return;
  asking = setTimeout(() => {
    whereOf(state.sequence, missing);
    drawSides(state.digits === 1);
  }, CALM);
}

// What becomes of the sequence, for every number of iterations.
function drawSides(allDigits) {
  const line = (name, values) => {
    const cells = values.map((value) => `<td>${number(name, value, allDigits)}</td>`);
    return `<tr><th scope="row">${sign(name)}</th>${cells.join("")}</tr>`;
  };
  const sides = Array.from({ length: DATA.N + 1 }, (_, N) => {
    const run = outcomeOf(state.sequence, N);
    const round = run.rounds.at(-1);
    const scores = round
      ? scoreMap(round.attention.r, `scores ${N}`)
      : `<p class="none">no scores: the memory is the ${run.initial.z ? "first layer's answer" : "mean"}</p>`;
    const maps = `<div class="maps">${scores}${answerMap(N)}</div>`;
    const classes = run.probabilities.map((p, k) => {
      const name = plain(DATA.classes[k]) + (k === run.y ? " (true)" : "");
      return (
        `<tr><th scope="row">${name}</th><td><progress max="1" value="${p}" aria-label="probability"></progress></td>` +
        `<td>${number("p", p, allDigits)}</td></tr>`
      );
    });
    const seen = round ? line("F", round.F) : "";
    return (
      `<section class="side${N === state.N ? " mine" : ""}"><h4>N = ${N}</h4>${maps}` +
      `<div class="scroll"><table>${seen}${line("IF", run.IF)}</table></div>` +
      `<table>${classes.join("")}</table><p>loss ${number("loss", run.loss, allDigits)}</p></section>`
    );
  });
  fill(element("sides"), sides.join(""));
  askWhere(sides.findIndex((_, N) => !runs.has(whereKey(state.sequence, N))));
}

function scoreMap(r, title) {
  const most = largestOf(r);
  return cellMap(r, `${title}: most at ${plain(cellName(most))}, ${percent(r[most])}`);
}

function answerMap(N) {
  const known = runs.has(whereKey(state.sequence, N));
  if (known) askedLast[N] = whereOf(state.sequence, N);
  const values = askedLast[N] ?? zeros(ALL.length);
  const most = largestOf(values);
  const label = values[most] > 0 ? `the answer depends most on ${plain(cellName(most))}` : "the answer: nobody moves";
  return cellMap(values, known ? label : "the answer: being asked", known ? "" : " old");
}

// A number for each cell, none below 0, as squares: joints down, frames across.
function cellMap(values, label, more = "") {
  const largest = Math.max(...values) || 1;
  const squares = values.map((value, k) => {
    return square(DATA.frame[k], DATA.joint[k], "plus", `fill-opacity="${Math.sqrt(value / largest).toFixed(2)}"`);
  });
  return picture("map" + more, [GRID.T, GRID.J], label, squares.join(""), `<figcaption>${label}</figcaption>`);
}
