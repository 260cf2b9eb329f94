// What happens in one unit of one cell: its quantities by name, and its equations, in symbols and filled with numbers.
// What happens between the sweeps, in the scores, the memories, the classes and the loss, is in stations.js.

const GATES = ["i", "f_S", "f_T", "o", "u"];

const NAMES = { i: "input gate", f_S: "forget gate of S", f_T: "forget gate of T", o: "output gate", u: "new content" };

// Signs that their names do not tell; # stands for the gate.
const SYMBOLS = {
  from_x: "<var>x</var> <var>W</var><sub>x,#</sub>",
  from_S: "<var>h</var><sub>S</sub> <var>U</var><sub>S,#</sub>",
  from_T: "<var>h</var><sub>T</sub> <var>U</var><sub>T,#</sub>",
  through_S: "d<var>z</var><sub>#</sub> <var>U</var><sub>S,#</sub><sup>⊤</sup>",
  through_T: "d<var>z</var><sub>#</sub> <var>U</var><sub>T,#</sub><sup>⊤</sup>",
  dh_above: "d<var>h</var><sub>above</sub>",
  dh_next_S: "d<var>h</var><sub>next joint</sub>",
  dh_next_T: "d<var>h</var><sub>next frame</sub>",
  dc_next_S: "d<var>c</var><sub>next joint</sub>",
  dc_next_T: "d<var>c</var><sub>next frame</sub>",
  dc_all: "d<var>c′</var>",
  tanh_c: "tanh(<var>c</var>)",
  sum: "Σ exp(<var>e</var>)",
  mean_dr: "Σ <var>r</var> d<var>r</var>",
  sum_h: "Σ <var>h</var>",
  cells: "<var>J</var> <var>T</var>",
  dh_share: "d<var>h</var><sub>share</sub>",
  dh_judged: "d<var>h</var><sub>judged</sub>",
  IF: "<var>IF</var>",
  IF_before: "<var>IF</var><sub>before</sub>",
  dIF: "d<var>IF</var>",
  dIF_before: "d<var>IF</var><sub>before</sub>",
  dIF_refined: "d<var>IF</var><sub>refined</sub>",
  dIF_judged: "d<var>IF</var><sub>judged</sub>",
  dIF_classes: "d<var>IF</var><sub>classes</sub>",
  slope: "[<var>z</var> > 0]",
  from_h: "<var>h</var> <var>W</var><sub>h</sub>",
  from_F: "<var>F</var> <var>W</var><sub>F,F</sub>",
  from_IF: "<var>IF</var> <var>W</var><sub>IF</sub>",
  logit: "logit<sub>#</sub>",
  dlogit: "d logit<sub>#</sub>",
  p: "<var>p</var><sub>#</sub>",
  true: "[# is true]",
  We1: "<var>W</var><sub>e1</sub>",
  powers: "Σ exp(logit)",
  loss: "loss",
  part: "a product",
  part_F: "a product",
  part_IF: "a product",
  part_h: "a product",
  s_We1: "a product",
};

// The sign of a quantity, which can be pointed at.
const symbol = (name) => `<span class="sym" tabindex="-1" data-q="${name}">${sign(name)}</span>`;

// d, a letter and what stands below it; "dz.f_S" has its gate below it.
function sign(name) {
  const [whole, gate] = name.split(".");
  const below = gate?.replace("_", "");
  if (SYMBOLS[whole]) return SYMBOLS[whole].replaceAll("#", below);
  if (gate) return `${sign(whole)}<sub>${below}</sub>`;
  const [, d, letter, index] = name.match(/^(?:to_)?(d?)(.)(?:_?(.+))?$/);
  return `${d || name.startsWith("to_") ? "d" : ""}<var>${letter}</var>${index ? `<sub>${index}</sub>` : ""}`;
}

const cellAt = GRID.at;

// The four neighbours of cell k, or -1: S and T, which it hears, and the next joint and frame, which hear it.
function neighbours(k) {
  const [j, t] = [DATA.joint[k], DATA.frame[k]];
  return { S: cellAt(j - 1, t), T: cellAt(j, t - 1), nextS: cellAt(j + 1, t), nextT: cellAt(j, t + 1) };
}

// The cell that a quantity of cell k belongs to; -1 outside the grid.
function ownerOf(name, k) {
  const { S, T, nextS, nextT } = neighbours(k);
  const [, next, way] = name.match(/^(?:to_[hc]|d?[hc]|d[hc]_(next))_(S|T)$/) ?? [];
  if (!way) return k;
  return next ? (way === "S" ? nextS : nextT) : way === "S" ? S : T;
}

// All quantities of unit n in cell k, by name; of those per gate by name.gate.
function quantities({ cells, backs, round, roundBack }, k, n) {
  const [cell, back] = [cells[k], backs[k]];
  const { nextS, nextT } = neighbours(k);
  const next = (name, at) => (at < 0 ? 0 : backs[at][name][n]);
  const q = {};
  for (const name of ["h_S", "c_S", "h_T", "c_T", ...GATES, "c", "tanh_c", "h"]) q[name] = cell[name][n];
  for (const name of ["dh_above", "dh", "dc", "dc_all", "di", "df_S", "df_T", "do", "du"]) q[name] = back[name][n];
  for (const name of ["h_S", "c_S", "h_T", "c_T"]) q["to_" + name] = back["d" + name][n];
  for (const name of ["dh", "dc"]) {
    q[name + "_next_S"] = next(name + "_S", nextS);
    q[name + "_next_T"] = next(name + "_T", nextT);
  }
  GATES.forEach((gate, g) => {
    const place = g * DATA.H + n;
    for (const name of ["from_x", "from_S", "from_T", "z", "b"]) q[`${name}.${gate}`] = cell[name][place];
    for (const name of ["dz", "through_S", "through_T"]) q[`${name}.${gate}`] = back[name][place];
  });
  if (round && cell.r !== null) {
    Object.assign(q, { e: round.attention.e[k], r: round.attention.r[k], sum: round.attention.sum });
    Object.assign(q, { de: roundBack.attention.de[k], dr: back.dr, mean_dr: roundBack.attention.mean_dr });
    back.dr_of.forEach((value, unit) => (q[`dr_of.${unit}`] = value));
  }
  return q;
}

// The equations of the way forward, in groups: [heading, equations], and each of these
// [what and where in the paper, left side, right side in symbols and numbers, in numbers alone ...].
// A right side that is a list has the symbols apart, and then the numbers, if any.  iteration: 0 in layer 1.
function forwardEquations(iteration) {
  const gates = GATES.map((g) => {
    const squash = g === "u" ? "tanh" : "σ";
    const sum = `${squash}({from_x.${g}} + {from_S.${g}} + {from_T.${g}} + {b.${g}})`;
    return [`${NAMES[g]}, Eq. 1`, g, sum, `${squash}({z.${g}})`];
  });
  const memory = `<var>IF</var><sup>(${iteration - 1})</sup>`;
  const judged = `tanh([<var>x</var>, ${memory}] <var>W</var><sub>e2</sub>) <var>W</var><sub>e1</sub>`;
  const scores = [
    ["judged with the memory, Eq. 5", "e", [judged]],
    ["informativeness, Eq. 6", "r", "exp({e}) / {sum}"],
  ];
  const gated = ["cell state, Eq. 7", "c", "{r} · {i} · {u} + (1 − {r}) · ({f_S} · {c_S} + {f_T} · {c_T})"];
  const plainly = ["cell state, Eq. 2", "c", "{i} · {u} + {f_S} · {c_S} + {f_T} · {c_T}"];
  const output = ["hidden state, Eq. 3", "h", "{o} · tanh({c})", "{o} · {tanh_c}"];
  return [
    ["The gates", gates],
    ...(iteration ? [["The score of this cell", scores]] : []),
    ["The state", [iteration ? gated : plainly, output]],
  ];
}

// The same of the way back, in the order of cell.step_backward.
function backwardEquations(iteration) {
  const [fresh, past, update] = iteration ? ["{r} · ", "(1 − {r}) · ", "Eq. 7"] : ["", "", "Eq. 2"];
  const units = Array.from({ length: DATA.H }, (_, unit) => `{dr_of.${unit}}`).join(" + ");
  const shares = "Σ {dc_all} · ({i} · {u} − {f_S} · {c_S} − {f_T} · {c_T}), over all units";
  const through = (g) => (g === "u" ? "{du} · (1 − {u}²)" : `{d${g}} · {${g}} · (1 − {${g}})`);
  const toBefore = (way) => {
    const gates = GATES.map((gate) => `{through_${way}.${gate}}`).join(" + ");
    return [`to ${way}, Eq. 1`, `to_h_${way}`, gates];
  };
  return [
    [
      "Collected",
      [
        ["every use of <var>h</var>", "dh", "{dh_above} + {dh_next_S} + {dh_next_T}"],
        ["the two successors", "dc", "{dc_next_S} + {dc_next_T}"],
      ],
    ],
    [
      "Through the state",
      [
        [`${NAMES.o}, Eq. 3`, "do", "{dh} · {tanh_c}"],
        ["every use of <var>c</var>, Eq. 3", "dc_all", "{dc} + {dh} · {o} · (1 − {tanh_c}²)"],
      ],
    ],
    ...(iteration
      ? [
          [
            "The score of this cell",
            [
              ["informativeness, Eq. 7", "dr", [shares, units]],
              ["softmax, Eq. 6", "de", "{r} · ({dr} − {mean_dr})"],
            ],
          ],
        ]
      : []),
    [
      "The gates",
      [
        [`${NAMES.i}, ${update}`, "di", `${fresh}{dc_all} · {u}`],
        [`${NAMES.f_S}, ${update}`, "df_S", `${past}{dc_all} · {c_S}`],
        [`${NAMES.f_T}, ${update}`, "df_T", `${past}{dc_all} · {c_T}`],
        [`${NAMES.u}, ${update}`, "du", `${fresh}{dc_all} · {i}`],
      ],
    ],
    ["Through σ and tanh of the gates", GATES.map((gate) => [`${NAMES[gate]}, Eq. 1`, `dz.${gate}`, through(gate)])],
    [
      "Passed on",
      [
        [`to S, ${update}`, "to_c_S", `${past}{dc_all} · {f_S}`],
        [`to T, ${update}`, "to_c_T", `${past}{dc_all} · {f_T}`],
        toBefore("S"),
        toBefore("T"),
      ],
    ],
  ];
}

// One equation as HTML, with the quantities q: in symbols, filled with numbers, and what it gives.
function equation([what, left, right, ...more], q, allDigits, button = "") {
  const [symbols, ...filled] = Array.isArray(right) ? right : [right, right];
  const sides = [...filled, ...more].map((side) => `<span>= ${inNumbers(side, q, allDigits)}</span>`);
  return card(
    what + button,
    left,
    `<b>${symbol(left)}</b> = ${inSymbols(symbols)}`,
    `${sides.join(" ")} <span>= <strong>${number(left, q[left], allDigits)}</strong></span>`,
  );
}

function card(what, left, ...lines) {
  const html = lines.map((line) => `<div>${line}</div>`).join("");
  return `<div class="equation" data-left="${left}"><small class="what">${what}</small>${html}</div>`;
}

// What a matrix multiplies in a cell: sign and value of each of x, h_S, h_T.
function heardBy(cell) {
  const named = (name, list) => list.map((value, d) => [`${sign(name)}<sub class="unit">${d}</sub>`, value, name]);
  return [...named("x", cell.x), ...named("h_S", cell.h_S), ...named("h_T", cell.h_T)];
}

// A product of a vector and a column of weights, opened.  factors: [sign, value, name] of each that meets a weight.
function products(factors, name, column, allDigits, bias = null) {
  const W = rowsOf(lab.params[name]);
  const weight = (row, of = name) => {
    const key = `w,${of},${row},${column}`;
    const value = valueAt(key);
    return `<button type="button" tabindex="-1" data-pick="${key}">${number("weight", value, allDigits)}</button>`;
  };
  const rows = factors.map(([html, value, q], d) => {
    const product = number("product", value * W[d][column], allDigits);
    const factor = number("factor", value, allDigits);
    return (
      `<tr><th scope="row"><span class="sym" tabindex="-1" data-q="${q}">${html}</span></th><td>${factor}</td>` +
      `<td>· ${weight(d)}</td><td>= ${product}</td></tr>`
    );
  });
  const last = bias ? valueAt(`w,${bias},0,${column}`) : 0;
  const alone = number("product", last, allDigits);
  if (bias)
    rows.push(`<tr><th scope="row"><var>b</var></th><td></td><td>${weight(0, bias)}</td><td>= ${alone}</td></tr>`);
  const sum = factors.reduce((total, [, value], d) => total + value * W[d][column], last);
  rows.push(
    `<tr class="total"><th scope="row">sum</th><td></td><td></td><td>= ${number("total", sum, allDigits)}</td></tr>`,
  );
  return `<div class="scroll"><table class="products">${rows.join("")}</table></div>`;
}

// The products behind one gate of a cell.
function gateProducts({ n, cells, here, unit }, gate, allDigits) {
  const name = n ? "layer2" : "layer1";
  const column = GATES.indexOf(gate) * DATA.H + unit;
  return products(heardBy(cells[here]), `${name}.W`, column, allDigits, `${name}.b`);
}

function inSymbols(side) {
  return side.replace(/\{([^}]+)\}/g, (_, name) => symbol(name));
}

// A negative number gets brackets, unless it is the first in its own.
function inNumbers(side, q, allDigits) {
  return side.replace(/\{([^}]+)\}/g, (_, name, position) => {
    const text = number(name, q[name], allDigits);
    const first = position === 0 || side[position - 1] === "(";
    return q[name] < 0 && !first ? `(${text})` : text;
  });
}
