// What happens in one unit of one cell: its quantities by name, and its equations, in symbols and filled with numbers.

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
};

// The sign of a quantity: d, a letter and what stands below it; "dz.f_S" has its gate below it.
function symbol(name) {
  const [whole, gate] = name.split(".");
  const below = gate?.replace("_", "");
  if (SYMBOLS[whole]) return SYMBOLS[whole].replaceAll("#", below);
  if (gate) return `${symbol(whole)}<sub>${below}</sub>`;
  const [, d, letter, index] = name.match(/^(?:to_)?(d?)(.)(?:_(.+))?$/);
  return `${d || name.startsWith("to_") ? "d" : ""}<var>${letter}</var>${index ? `<sub>${index}</sub>` : ""}`;
}

// The index of cell (j, t) on axis 0 of all arrays, or -1 outside the grid.
const INDEX = new Map(DATA.joint.map((j, k) => [`${j},${DATA.frame[k]}`, k]));
function cellAt(j, t) {
  return INDEX.get(`${j},${t}`) ?? -1;
}

// The four neighbours of cell k, or -1: S and T, which it hears, and the next joint and frame, which hear it.
function neighbours(k) {
  const [j, t] = [DATA.joint[k], DATA.frame[k]];
  return { S: cellAt(j - 1, t), T: cellAt(j, t - 1), nextS: cellAt(j + 1, t), nextT: cellAt(j, t + 1) };
}

// All quantities of unit n in cell k of a sweep, by name; of those per gate by name.gate.
function quantities(sweep, k, n) {
  const H = DATA.H;
  const { S, T, nextS, nextT } = neighbours(k);
  const at = (name, cell = k) => (cell < 0 ? 0 : sweep[name].values[cell * H + n]);
  const q = { h_S: at("h", S), c_S: at("c", S), h_T: at("h", T), c_T: at("c", T) };
  for (const name of GATES) q[name] = at(name);
  for (const name of ["c", "tanh_c", "h", "dh_above", "dh", "dc", "dc_all"]) q[name] = at(name);
  for (const name of ["di", "df_S", "df_T", "do", "du"]) q[name] = at(name);
  for (const name of ["h_S", "c_S", "h_T", "c_T"]) q["to_" + name] = at("d" + name);
  q.dh_next_S = at("dh_S", nextS);
  q.dc_next_S = at("dc_S", nextS);
  q.dh_next_T = at("dh_T", nextT);
  q.dc_next_T = at("dc_T", nextT);
  GATES.forEach((gate, g) => {
    for (const name of ["from_x", "from_S", "from_T", "z", "dz", "through_S", "through_T"]) {
      q[`${name}.${gate}`] = sweep[name].values[k * 5 * H + g * H + n];
    }
    q[`b.${gate}`] = sweep.b.values[g * H + n];
  });
  if (sweep.r) {
    for (const name of ["e", "r", "de", "dr"]) q[name] = sweep[name].values[k];
    row(sweep.dr_of, k).forEach((value, unit) => (q[`dr_of.${unit}`] = value));
    for (const name of ["sum", "mean_dr"]) q[name] = sweep[name].values[0];
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
    ["Collected", [
      ["every use of <var>h</var>", "dh", "{dh_above} + {dh_next_S} + {dh_next_T}"],
      ["the two successors", "dc", "{dc_next_S} + {dc_next_T}"],
    ]],
    ["Through the state", [
      [`${NAMES.o}, Eq. 3`, "do", "{dh} · {tanh_c}"],
      ["every use of <var>c</var>, Eq. 3", "dc_all", "{dc} + {dh} · {o} · (1 − {tanh_c}²)"],
    ]],
    ...(iteration ? [["The score of this cell", [
      ["informativeness, Eq. 7", "dr", [shares, units]],
      ["softmax, Eq. 6", "de", "{r} · ({dr} − {mean_dr})"],
    ]]] : []),
    ["The gates", [
      [`${NAMES.i}, ${update}`, "di", `${fresh}{dc_all} · {u}`],
      [`${NAMES.f_S}, ${update}`, "df_S", `${past}{dc_all} · {c_S}`],
      [`${NAMES.f_T}, ${update}`, "df_T", `${past}{dc_all} · {c_T}`],
      [`${NAMES.u}, ${update}`, "du", `${fresh}{dc_all} · {i}`],
    ]],
    ["Through σ and tanh of the gates", GATES.map((gate) => [`${NAMES[gate]}, Eq. 1`, `dz.${gate}`, through(gate)])],
    ["Passed on", [
      [`to S, ${update}`, "to_c_S", `${past}{dc_all} · {f_S}`],
      [`to T, ${update}`, "to_c_T", `${past}{dc_all} · {f_T}`],
      toBefore("S"),
      toBefore("T"),
    ]],
  ]; // prettier-ignore
}

// One equation as HTML, with the quantities q: in symbols, filled with numbers, and what it gives.
function equation([what, left, right, ...more], q, allDigits) {
  const [symbols, ...filled] = Array.isArray(right) ? right : [right, right];
  const sides = [...filled, ...more].map((side) => `<span>= ${inNumbers(side, q, allDigits)}</span>`);
  return card(
    what,
    `<b>${symbol(left)}</b> = ${inSymbols(symbols)}`,
    `${sides.join(" ")} <span>= <strong>${number(left, q[left], allDigits)}</strong></span>`,
  );
}

function card(what, ...lines) {
  const html = lines.map((line) => `<div>${line}</div>`).join("");
  return `<div class="equation"><small class="what">${what}</small>${html}</div>`;
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
