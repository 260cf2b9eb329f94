// The lines of the package's code beside the equations, and what lights up where a reader points.

// The function of the package that a station runs.
function codeOf({ kind, n, back, run }) {
  const ways = back ? "backward" : "forward";
  const first = run.initial.z ? `feedforward_${ways}` : `average_${ways}`;
  const names = { sweep: `step_${ways}`, scores: `informativeness_${ways}`, memory: n ? `refine_${ways}` : first };
  const name = names[kind] ?? (kind === "classes" ? `affine_${ways}` : `nll_${ways}`);
  return DATA.code.find((each) => each.name === name);
}

// How the line begins that makes each quantity, or where it only comes in, that takes it; by function.
const BEGINNINGS = {
  step_forward: {
    "def step_forward": "x h_S c_S h_T c_T",
    "z =": "from_x from_S from_T b z",
    "i, f_S, f_T, o =": "i f_S f_T o",
    "u, _ =": "u",
    "c =": "c r",
    "tanh_c, _ =": "tanh_c",
    "h =": "h",
  },
  step_backward: {
    "def step_backward": "dh dh_above dh_next_S dh_next_T dc dc_next_S dc_next_T",
    "i, f_S, f_T, o, u, hh": "i f_S f_T o u c_S c_T tanh_c r",
    "do =": "do",
    "dc = dc +": "dc_all",
    "dr =": "dr dr_of",
    "di, du =": "di du",
    "df_S, df_T =": "df_S df_T",
    "dc_S, dc_T =": "to_c_S to_c_T",
    "sigmoid_backward(di": "dz.i",
    "sigmoid_backward(df_S": "dz.f_S",
    "sigmoid_backward(df_T": "dz.f_T",
    "sigmoid_backward(do": "dz.o",
    "tanh_backward(du": "dz.u",
    "dhh =": "to_h_S to_h_T through_S through_T",
  },
  informativeness_forward: {
    "def informativeness": "h IF",
    "matmul(h": "from_h",
    "s += IF": "from_IF",
    "xp.tanh(s": "s",
    "e =": "e s_We1",
    "r, _ =": "r sum",
  },
  informativeness_backward: {
    "def informativeness": "dr",
    "h, IF, We1, We2, s, r": "r We1 s",
    "de =": "de mean_dr",
    "da *= de": "da",
    "dh =": "dh_judged part_h",
  },
  average_forward: { return: "IF sum_h cells" },
  average_backward: { "def average": "dIF dIF_classes dIF_refined dIF_judged", return: "dh_share cells" },
  feedforward_forward: { "z, _ =": "z", "IF, _ =": "IF" },
  feedforward_backward: { "def feedforward": "dIF dIF_classes dIF_refined dIF_judged", "dz =": "dz slope" },
  refine_forward: { "def refine": "F IF_before", "z, affine =": "z from_F from_IF b", "refined, _ =": "IF" },
  refine_backward: {
    "def refine": "dIF dIF_classes dIF_refined dIF_judged",
    "dboth, dW": "dz slope part_F part_IF",
    "return dboth": "dF dIF_before",
  },
  affine_forward: { return: "logit part b IF" },
  affine_backward: { return: "dIF part" },
  nll_forward: { "shifted =": "logit", "log_p =": "p powers", return: "loss" },
  nll_backward: { "p, rows, y =": "p", "dlogits[": "true", return: "dlogit" },
};

// The function and the line in it that make a quantity; in a cell the score comes from another function.
function lineOf(scene, name) {
  const [whole] = name.split(".");
  const way = scene.back ? "backward" : "forward";
  const fromScores = scene.kind === "sweep" && (scene.back ? ["de", "mean_dr"] : ["e", "sum"]).includes(whole);
  const code = fromScores ? DATA.code.find((each) => each.name === `informativeness_${way}`) : codeOf(scene);
  const known = Object.entries(BEGINNINGS[code.name]).filter(([, names]) => {
    return names.split(" ").some((each) => each === name || each === whole);
  });
  const line = code.lines.find(([, text]) => known.some(([begin]) => text.trim().startsWith(begin)));
  return { code, line };
}

function drawCode(scene) {
  const { file, lines, name } = codeOf(scene);
  const html = lines.map(([n, text]) => `<div class="line" data-line="${n}"><i>${n}</i>${plain(text) || " "}</div>`);
  fill(element("code"), html.join(""));
  fill(element("file"), `${file}: <code>${name}</code>`);
}

// Light up what belongs to a quantity: its cell, its equation, its row of units, its line of code.
function light(name) {
  for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
  if (!name) {
    fill(
      element("pointed"),
      "Point at a sign or a number: its cell, its equation, its units and its line of code light up.",
    );
    return;
  }
  const scene = sceneNow();
  const { code, line } = lineOf(scene, name);
  const owner = scene.kind === "sweep" ? ownerOf(name, scene.here) : scene.here;
  const row = `#vectors [data-row="${name.split(".")[0]}"]`;
  const places = [`#grid [data-cell="${owner}"]`, `.equation[data-left="${name}"]`, row];
  if (line && code === codeOf(scene)) places.push(`#code [data-line="${line[0]}"]`);
  for (const lit of document.querySelectorAll(places.join())) lit.classList.add("lit");
  const text = line ? ` · ${code.file}, line ${line[0]}: <code>${plain(line[1].trim())}</code>` : "";
  const where = owner < 0 ? "outside the grid" : scene.kind === "sweep" ? plain(cellName(owner)) : scene.station.name;
  fill(element("pointed"), `${sign(name)} · ${where}${text}`);
}
