// One sentence for each step, made from its numbers.

const theJoint = (k) => `the ${plain(DATA.joints[DATA.joint[k]])}`;
const risesOrFalls = (from, to) => (to > from ? "rises" : to < from ? "falls" : "stays");
const num = (value) => rounded(value, 2);

function caption(scene) {
  const { kind, back } = scene;
  if (kind === "sweep") return (back ? cellBackCaption : cellCaption)(scene);
  return STATION_CAPTIONS[kind](scene);
}

function cellCaption({ cells, here, unit, n }) {
  const { S, T } = neighbours(here);
  const cell = cells[here];
  const kept = [];
  if (S >= 0) kept.push(`${percent(cell.f_S[unit])} of what ${theJoint(S)} remembered`);
  if (T >= 0) kept.push(`${percent(cell.f_T[unit])} of what it remembered itself a frame before`);
  const keeps = kept.length ? `keeps ${kept.join(" and ")}` : "has nothing to remember yet";
  const takes = `takes in ${percent(cell.i[unit])} of the new ${num(cell.u[unit])}`;
  const before = T >= 0 ? cell.c_T[unit] : cell.c_S[unit];
  const [way, c] = [risesOrFalls(before, cell.c[unit]), num(cell.c[unit])];
  const gate = n
    ? `, where the gate weighs the new with ${percent(cell.r)} and the kept with ${percent(1 - cell.r)}`
    : "";
  return `Unit ${unit} ${keeps} and ${takes}${gate}; <var>c</var> ${way} to ${c}.`;
}

function cellBackCaption({ backs, here, unit }) {
  const { S, T, nextS, nextT } = neighbours(here);
  const back = backs[here];
  const dh = back.dh[unit];
  if (dh === 0 && back.dc[unit] === 0) return `Nothing of the loss reaches unit ${unit} here: its gradients are 0.`;
  const sources = [["what stands above", back.dh_above[unit]]];
  if (nextS >= 0) sources.push([theJoint(nextS), backs[nextS].dh_S[unit]]);
  if (nextT >= 0) sources.push(["the frame after", backs[nextT].dh_T[unit]]);
  const [most] = sources.reduce((best, each) => (Math.abs(each[1]) > Math.abs(best[1]) ? each : best));
  const to = [];
  if (S >= 0) to.push(`${num(back.dh_S[unit])} on to ${theJoint(S)}`);
  if (T >= 0) to.push(`${num(back.dh_T[unit])} to the frame before`);
  const passes = to.length ? `; as gradient of <var>h</var> it passes ${to.join(" and ")}` : "; here the way back ends";
  const way = dh > 0 ? "rise" : dh < 0 ? "fall" : "stay";
  const wish = `The loss would ${way} if <var>h</var> of unit ${unit} rose (d<var>h</var> = ${num(dh)})`;
  return `${wish}, mostly through ${most}${passes}.`;
}

// Of numbers, the place of the largest.
const largestOf = (values) => values.reduce((best, value, k) => (value > values[best] ? k : best), 0);

const STATION_CAPTIONS = {
  memory({ run, n, unit, back, round, roundBack }) {
    const of = (m) => `<var>IF</var><sup>(${m})</sup>`;
    const first = num((back ? run.back.dIF_0 : run.initial.IF)[unit]);
    if (n === 0 && back)
      return `Every cell of layer 1 gets its share of the gradient ${first} of ${of(0)}, unit ${unit}.`;
    if (n === 0)
      return `The memory begins with the outputs of all ${ALL.length} cells: unit ${unit} stands at ${first}.`;
    const shut = round.z[unit] <= 0;
    if (back && shut) return `The ReLU was shut, so nothing of the gradient of ${of(n)} passes by unit ${unit}.`;
    if (back) {
      const [dIF, dF, before] = ["dIF", "dF", "dIF_before"].map((name) => num(roundBack[name][unit]));
      const parts = `${dF} goes to what layer 2 saw and ${before} to the memory before`;
      return `The ReLU was open: of d${of(n)} = ${dIF}, ${parts}.`;
    }
    if (shut) return `The ReLU cuts ${num(round.z[unit])} to 0: unit ${unit} of the memory goes silent.`;
    const [before, after] = [(n > 1 ? run.rounds[n - 2] : run.initial).IF[unit], round.IF[unit]];
    const way = `${risesOrFalls(before, after)} from ${num(before)} to ${num(after)}`;
    return `With what layer 2 has seen, unit ${unit} of the memory ${way}.`;
  },
  scores({ back, round, roundBack }) {
    const { r } = round.attention;
    const cell = (k) => `${theJoint(k)} in frame ${DATA.frame[k]}`;
    const most = largestOf(r);
    const equal = `where equal shares were ${percent(1 / r.length)}`;
    if (!back) return `All ${r.length} scores at once: most matters ${cell(most)} with ${percent(r[most])}, ${equal}.`;
    const { de } = roundBack.attention;
    const least = largestOf(de.map((value) => -value));
    if (de[least] >= 0) return "Nothing of the loss reaches the scores: all their gradients are 0.";
    return `The loss asks most of all for more attention to ${cell(least)}, whose d<var>e</var> is ${num(de[least])}.`;
  },
  classes({ run, unit, back }) {
    const most = largestOf(run.logits);
    if (!back) return `Most speaks for ${plain(DATA.classes[most])}, whose logit is ${num(run.logits[most])}.`;
    const dIF = run.back.dIF[unit];
    const way = dIF > 0 ? "rise" : dIF < 0 ? "fall" : "stay";
    return `The loss would ${way} if unit ${unit} of the last memory rose (d<var>IF</var> = ${num(dIF)}).`;
  },
  loss({ run, back }) {
    const p = run.probabilities[run.y];
    const name = plain(DATA.classes[run.y]);
    const short = num(1 - p);
    if (back)
      return `The way back begins: the logit of ${name} should rise, for its probability is short of 1 by ${short}.`;
    return `The network believes in ${name}, which is true, with ${percent(p)}: the loss is ${num(run.loss)}.`;
  },
};
