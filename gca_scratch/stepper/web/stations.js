// What happens between the sweeps: quantities and equations of the scores, the memories, the classes and the loss.
// Each station gives {q, groups}: numbers by name, and groups as forwardEquations has them; a string in place of an
// equation is HTML of its own.

const named = (name, list) => list.map((value, d) => [`${sign(name)}<sub class="unit">${d}</sub>`, value, name]);
const column = (name, m) => rowsOf(lab.params[name]).map((row) => row[m]);
const bias = (name, m) => valueAt(`w,${name},0,${m}`);

// A sum of products, as a right side: symbols, then numbers.  terms: [value, weight] under the names that q gets.
function sumOf(q, terms) {
  terms.forEach(([name, value]) => (q[name] = value));
  return terms.map(([name]) => `{${name}}`).join(" + ");
}

// Where the gradient of a memory comes from: the classes, or its two uses in the next iteration.
function usesOfMemory(q, { run, n, unit }) {
  if (n === run.N) {
    q.dIF = q.dIF_classes = run.back.dIF[unit];
    return ["from the classes, Eq. 9", "dIF", "{dIF_classes}"];
  }
  const next = run.back.rounds[n];
  [q.dIF_refined, q.dIF_judged] = [next.dIF_before[unit], next.attention.dIF[unit]];
  q.dIF = q.dIF_refined + q.dIF_judged;
  return ["both uses of the memory, Eqs. 5, 8", "dIF", "{dIF_refined} + {dIF_judged}"];
}

const STATIONS = {
  // Eq. 4, or the feed-forward layer in its place; and Eq. 8.
  memory(scene, allDigits) {
    const { run, n, unit, back, round, roundBack } = scene;
    const q = { cells: ALL.length };
    const collected = usesOfMemory(q, scene);
    if (n === 0 && !run.initial.z) {
      q.sum_h = run.h.reduce((sum, h) => sum + h[unit], 0);
      q.IF = run.initial.IF[unit];
      q.dh_share = q.dIF / q.cells;
      const share = ["every cell receives its share, Eq. 4", "dh_share", "{dIF} / {cells}"];
      const mean = ["the mean over all cells, Eq. 4", "IF", "{sum_h} / {cells}"];
      return {
        q,
        groups: back
          ? [
              ["Collected", [collected]],
              ["Passed on", [share]],
            ]
          : [["The first memory", [mean]]],
      };
    }
    const held = n ? round : run.initial;
    q.z = held.z[unit];
    q.IF = held.IF[unit];
    q.slope = q.z > 0 ? 1 : 0;
    q.dz = q.dIF * q.slope;
    const relu = ["ReLU, Eq. 8", "IF", ["max({z}, 0)", "max({z}, 0)"]];
    const through = ["through the ReLU, Eq. 8", "dz", "{dIF} · {slope}"];
    if (n === 0) return { q, groups: [["The first memory", back ? [collected, through] : [relu]]] };
    const [W, b] = [`memory.${n}.WF`, `memory.${n}.b`];
    const IF = n > 1 ? run.rounds[n - 2].IF : run.initial.IF;
    if (!back) {
      q.from_F = dot(round.F, column(W, unit).slice(0, DATA.H));
      q.from_IF = dot(IF, column(W, unit).slice(DATA.H));
      q.b = bias(b, unit);
      const factors = [...named("F", round.F), ...named("IF_before", IF)];
      const sum = ["what layer 2 saw, and the memory before, Eq. 8", "z", "{from_F} + {from_IF} + {b}"];
      return { q, groups: [["The memory refined", [sum, products(factors, W, unit, allDigits, b), relu]]] };
    }
    [q.dF, q.dIF_before] = [roundBack.dF[unit], roundBack.dIF_before[unit]];
    const passed = (name, row) => {
      const terms = roundBack.dz.map((dz, m) => [`${name}.${m}`, dz * lab.params[W][row][m]]);
      return sumOf(q, terms);
    };
    const to = [
      [
        "to F, the last cell of layer 2",
        "dF",
        ["d<var>z</var> <var>W</var><sub>F,F</sub><sup>⊤</sup>", passed("part_F", unit)],
      ],
      [
        "to the memory before",
        "dIF_before",
        ["d<var>z</var> <var>W</var><sub>F,IF</sub><sup>⊤</sup>", passed("part_IF", DATA.H + unit)],
      ],
    ];
    return {
      q,
      groups: [
        ["Collected", [collected, through]],
        ["Passed on", to],
      ],
    };
  },

  // Eqs. 5 and 6: the cell that is looked at; the grid shows all.
  scores({ n, here, unit, back, run, round, roundBack }, allDigits) {
    const [We1, We2] = [`attention.${n}.We1`, `attention.${n}.We2`];
    const { attention } = round;
    const q = { s: attention.s[here][unit], e: attention.e[here], r: attention.r[here], sum: attention.sum };
    q.We1 = lab.params[We1][unit];
    const weights = column(We2, unit);
    if (!back) {
      [q.from_h, q.from_IF] = [dot(run.h[here], weights.slice(0, DATA.H)), dot(attention.IF, weights.slice(DATA.H))];
      const terms = attention.s[here].map((s, m) => [`s_We1.${m}`, s * lab.params[We1][m]]);
      const factors = [...named("h", run.h[here]), ...named("IF", attention.IF)];
      return {
        q,
        groups: [
          [
            "This cell is judged with the memory",
            [
              ["output and memory compared, Eq. 5", "s", "tanh({from_h} + {from_IF})"],
              products(factors, We2, unit, allDigits),
              ["Eq. 5", "e", ["<var>s</var> <var>W</var><sub>e1</sub>", sumOf(q, terms)]],
            ],
          ],
          ["All cells compete", [["informativeness, Eq. 6", "r", "exp({e}) / {sum}"]]],
        ],
      };
    }
    const { attention: to } = roundBack;
    Object.assign(q, {
      dr: to.dr[here],
      mean_dr: to.mean_dr,
      de: to.de[here],
      da: to.da[here][unit],
      dh_judged: to.dh[here][unit],
    });
    const passed = sumOf(
      q,
      to.da[here].map((da, m) => [`part_h.${m}`, da * lab.params[We2][unit][m]]),
    );
    return {
      q,
      groups: [
        ["Through the softmax", [["every score is in every denominator, Eq. 6", "de", "{r} · ({dr} − {mean_dr})"]]],
        [
          "Through Eq. 5",
          [
            ["through the tanh", "da", "{de} · {We1} · (1 − {s}²)"],
            ["to h of layer 1", "dh_judged", ["d<var>a</var> <var>W</var><sub>e2</sub><sup>⊤</sup>", passed]],
          ],
        ],
      ],
    };
  },

  // Eq. 9, before the softmax.
  classes({ run, unit, back }) {
    const q = {};
    if (back) {
      const terms = run.back.dlogits.map((d, k) => [`part.${k}`, d * lab.params["classifier.W"][unit][k]]);
      q.dIF = run.back.dIF[unit];
      const to = ["to the memory", "dIF", ["d logit <var>W</var><sup>⊤</sup>", sumOf(q, terms)]];
      return { q, groups: [["Passed on", [to]]] };
    }
    const logits = run.logits.map((logit, k) => {
      q[`logit.${k}`] = logit;
      const terms = run.IF.map((value, m) => [`part.${k}_${m}`, value * lab.params["classifier.W"][m][k]]);
      const sum = sumOf(q, [...terms, [`b.${k}`, bias("classifier.b", k)]]);
      return [
        plain(DATA.classes[k]),
        `logit.${k}`,
        [`<var>IF</var> <var>W</var><sub>${k}</sub> + <var>b</var><sub>${k}</sub>`, sum],
      ];
    });
    return { q, groups: [["How much speaks for each class, Eq. 9", logits]] };
  },

  // The softmax of Eq. 9, and the negative log-likelihood.
  loss({ run, back }) {
    const q = { powers: run.logits.reduce((sum, logit) => sum + Math.exp(logit), 0), loss: run.loss };
    run.logits.forEach((logit, k) => {
      q[`logit.${k}`] = logit;
      q[`p.${k}`] = run.probabilities[k];
      q[`true.${k}`] = k === run.y ? 1 : 0;
      q[`dlogit.${k}`] = run.back.dlogits[k];
    });
    const eachClass = (make) => run.logits.map((_, k) => [plain(DATA.classes[k]), ...make(k)]);
    const apart = eachClass((k) => [`dlogit.${k}`, `{p.${k}} − {true.${k}}`]);
    if (back) return { q, groups: [["Through softmax and loss", apart]] };
    const shares = eachClass((k) => [`p.${k}`, `exp({logit.${k}}) / {powers}`]);
    return {
      q,
      groups: [
        ["The classes, Eq. 9", shares],
        ["The loss", [["of the true class", "loss", `− ln {p.${run.y}}`]]],
      ],
    };
  },
};
