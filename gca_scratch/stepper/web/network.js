// GCA-LSTM on one page of JavaScript: what ../../plain.py is in NumPy, for one sequence, in double precision.
//
// It reads like plain.py, function by function, with two differences: there is no batch, so a vector is a list of H
// numbers, and nothing is thrown away: every function returns all that it has computed, by name, for the page to show.
// A matrix is a list of rows. Cells have one index, k, in the order of grid.py: x[k] is what cell k hears from below.
// S marks the neighbour in space, T the one in time. dq is the gradient of the loss with respect to q, in its shape.

const zeros = (n) => new Array(n).fill(0);
const plus = (...lists) => lists[0].map((_, n) => lists.reduce((sum, list) => sum + list[n], 0));
const each = (f, ...lists) => lists[0].map((_, n) => f(...lists.map((list) => list[n])));
const dot = (x, y) => x.reduce((sum, value, n) => sum + value * y[n], 0);
const times = (x, W) => W[0].map((_, n) => x.reduce((sum, value, d) => sum + value * W[d][n], 0)); // x W
const timesT = (y, W) => W.map((row) => dot(row, y)); // y W^T
const outer = (x, y) => x.map((a) => y.map((b) => a * b)); // x^T y
const plusMatrix = (A, B) => (A === null ? B : each((a, b) => plus(a, b), A, B));
const plusVector = (a, b) => (a === null ? b : plus(a, b));
const columns = (W, from, to) => W.map((row) => row.slice(from, to));
const parts = (list, H) => Array.from({ length: list.length / H }, (_, n) => list.slice(n * H, (n + 1) * H));
const sigmoid = (z) => 0.5 + 0.5 * Math.tanh(0.5 * z); // so written that it cannot overflow

// The cells of a grid: joint[k] and frame[k] of each, and at(j, t), the index of a cell; -1 outside.
function gridOf(joint, frame) {
  const index = new Map(joint.map((j, k) => [`${j},${frame[k]}`, k]));
  const at = (j, t) => index.get(`${j},${t}`) ?? -1;
  return { joint, frame, at, J: Math.max(...joint) + 1, T: Math.max(...frame) + 1 };
}

// --- one cell: Eqs. 1-3 and 7 ----------------------------------------------------------------------------------------

// x (D,) and the states (H,) of the joint before (S) and the frame before (T) give h, c; r, the gate, or null.
function cellForward(x, h_S, c_S, h_T, c_T, W, b, r = null) {
  const [D, H] = [x.length, h_S.length];
  const from_x = times(x, W.slice(0, D)); // (5H,) each
  const from_S = times(h_S, W.slice(D, D + H));
  const from_T = times(h_T, W.slice(D + H));
  const z = plus(from_x, from_S, from_T, b); // Eq. 1
  const [i, f_S, f_T, o] = parts(z.slice(0, 4 * H).map(sigmoid), H); // (H,) each
  const u = z.slice(4 * H).map(Math.tanh);
  const fresh = each((i, u) => i * u, i, u); // `new` in cell.py
  const past = each((f_S, c_S, f_T, c_T) => f_S * c_S + f_T * c_T, f_S, c_S, f_T, c_T);
  const c = each((fresh, past) => (r === null ? fresh + past : r * fresh + (1 - r) * past), fresh, past); // Eqs. 2, 7
  const tanh_c = c.map(Math.tanh);
  const h = each((o, tanh_c) => o * tanh_c, o, tanh_c); // Eq. 3
  const before = { x, h_S, c_S, h_T, c_T, W, b, r, from_x, from_S, from_T, z };
  return { ...before, i, f_S, f_T, o, u, fresh, past, c, tanh_c, h };
}

// dh from every use of h, dc from the next cells; gives what goes to the cells before, to the weights and to r.
function cellBackward(dh, dc, { x, h_S, c_S, h_T, c_T, W, r, i, f_S, f_T, o, u, fresh, past, tanh_c }) {
  const [D, H] = [x.length, dh.length];
  const dc_all = each((dc, dh, o, tanh_c) => dc + dh * o * (1 - tanh_c ** 2), dc, dh, o, tanh_c); // Eq. 3
  const dfresh = dc_all.map((dc) => (r === null ? dc : r * dc)); // Eqs. 2, 7
  const dpast = dc_all.map((dc) => (r === null ? dc : (1 - r) * dc));
  const dr_of = each((dc, fresh, past) => dc * (fresh - past), dc_all, fresh, past); // all units share r
  const product = (a, b) => each((a, b) => a * b, a, b);
  const [di, df_S, df_T] = [product(dfresh, u), product(dpast, c_S), product(dpast, c_T)];
  const [do_, du] = [product(dh, tanh_c), product(dfresh, i)];
  // Eq. 1: the slope of the sigmoid y is y (1 - y), that of tanh is 1 - y^2
  const slope = (dy, y) => each((dy, y) => dy * y * (1 - y), dy, y);
  const dz_u = each((du, u) => du * (1 - u ** 2), du, u);
  const dz = [...slope(di, i), ...slope(df_S, f_S), ...slope(df_T, f_T), ...slope(do_, o), ...dz_u]; // (5H,)
  // what each gate has in dz W^T: (5H,), of which the five parts sum to dh_S and to dh_T
  const through = (U) => parts(dz, H).flatMap((dz_g, g) => timesT(dz_g, columns(U, g * H, (g + 1) * H)));
  const [through_S, through_T] = [through(W.slice(D, D + H)), through(W.slice(D + H))];
  const [dh_S, dh_T] = [plus(...parts(through_S, H)), plus(...parts(through_T, H))];
  const passed = { dx: timesT(dz, W.slice(0, D)), through_S, through_T, dh_S, dh_T };
  const [dc_S, dc_T] = [product(dpast, f_S), product(dpast, f_T)];
  const dr = r === null ? null : dr_of.reduce((sum, share) => sum + share, 0);
  const heard = [...x, ...h_S, ...h_T]; // with dz it makes dW
  return { dh, dc, dc_all, di, df_S, df_T, do: do_, du, dz, ...passed, dc_S, dc_T, heard, dr_of, dr };
}

// What a cell adds to dW, [x, h_S, h_T]^T dz; to db it adds dz.
const weightShare = ({ heard, dz }) => outer(heard, dz);

// --- the cell over joints and frames ---------------------------------------------------------------------------------

// x, a list of K inputs, gives the K cells; r, their K gates, or null.
function layerForward(grid, x, W, b, r = null) {
  const H = b.length / 5;
  const border = { h: zeros(H), c: zeros(H) };
  const cells = new Array(x.length);
  for (let t = 0; t < grid.T; t++) {
    for (let j = 0; j < grid.J; j++) {
      const k = grid.at(j, t);
      const [S, T] = [cells[grid.at(j - 1, t)] ?? border, cells[grid.at(j, t - 1)] ?? border];
      cells[k] = cellForward(x[k], S.h, S.c, T.h, T.c, W, b, r === null ? null : r[k]);
    }
  }
  return cells;
}

// dh_above, a list of K gradients from above, gives those of the K cells, dW and db: each cell after its successors.
function layerBackward(grid, dh_above, cells) {
  const H = dh_above[0].length;
  const nothing = { dh_S: zeros(H), dc_S: zeros(H), dh_T: zeros(H), dc_T: zeros(H) };
  const back = new Array(cells.length);
  let [dW, db] = [null, null];
  for (let t = grid.T - 1; t >= 0; t--) {
    for (let j = grid.J - 1; j >= 0; j--) {
      const k = grid.at(j, t);
      const [S, T] = [back[grid.at(j + 1, t)] ?? nothing, back[grid.at(j, t + 1)] ?? nothing];
      const dh = plus(dh_above[k], S.dh_S, T.dh_T);
      back[k] = { dh_above: dh_above[k], ...cellBackward(dh, plus(S.dc_S, T.dc_T), cells[k]) };
      [dW, db] = [plusMatrix(dW, weightShare(back[k])), plusVector(db, back[k].dz)]; // the same weights in every cell
    }
  }
  return { back, dW, db };
}

// --- how much each cell matters: Eqs. 5-6, and how far a gate opens, attention.opening_forward -----------------------

// h, K vectors, judged with the memory IF: scores r that sum to 1 over all cells.
function attentionForward(h, IF, We1, We2) {
  const both = h.map((h_k) => [...h_k, ...IF]);
  const s = both.map((row) => times(row, We2).map(Math.tanh));
  const e = s.map((s_k) => dot(s_k, We1)); // Eq. 5
  const most = Math.max(...e);
  const powers = e.map((e_k) => Math.exp(e_k - most)); // the shift cancels
  const total = powers.reduce((sum, power) => sum + power, 0);
  const r = powers.map((power) => power / total); // Eq. 6
  return { IF, H: h[0].length, both, s, e, r, sum: total * Math.exp(most), We1, We2 };
}

function attentionBackward(dr, { H, both, s, r, We1, We2 }) {
  const mean_dr = dot(r, dr);
  const de = each((r, dr) => r * (dr - mean_dr), r, dr); // every e is in every denominator
  const da = each((s_k, de_k) => each((s, w) => de_k * w * (1 - s ** 2), s_k, We1), s, de); // before the tanh
  const dboth = da.map((da_k) => timesT(da_k, We2));
  const dWe1 = each((s_k, de_k) => s_k.map((s) => s * de_k), s, de).reduce(plusVector, null);
  const dWe2 = each(outer, both, da).reduce(plusMatrix, null);
  const dh = dboth.map((row) => row.slice(0, H)); // what follows is the memory's
  return { dr, mean_dr, de, da, dh, dIF: plus(...dboth.map((row) => row.slice(H))), dWe1, dWe2 };
}

// As the paper has it, the gate of Eq. 7 is the score itself.
const openingForward = (r) => r;
const openingBackward = (dg) => dg;

// --- the memory: Eqs. 4 and 8 ----------------------------------------------------------------------------------------

const relu = (z) => z.map((value) => Math.max(value, 0));
const reluBackward = (dy, z) => each((dy, z) => (z > 0 ? dy : 0), dy, z);

// IF(0): the mean of all h, or where the network has weights for it, of all h side by side.
function initialForward(p, h) {
  if (!("memory.0.W" in p)) return { h, IF: plus(...h).map((sum) => sum / h.length) }; // Eq. 4
  const z = plus(times(h.flat(), p["memory.0.W"]), p["memory.0.b"]);
  return { h, z, IF: relu(z) };
}

function initialBackward(p, dIF, { h, z }, g) {
  if (!z) return h.map(() => dIF.map((value) => value / h.length)); // every cell receives 1/K of it
  const dz = reluBackward(dIF, z);
  [g["memory.0.W"], g["memory.0.b"]] = [outer(h.flat(), dz), dz];
  return parts(timesT(dz, p["memory.0.W"]), h[0].length);
}

// --- the network: Eqs. 4-9 -------------------------------------------------------------------------------------------

// x, K vectors of coordinates, gives logits after N attention iterations.
function forward(grid, p, x, N) {
  const cells = layerForward(grid, x, p["layer1.W"], p["layer1.b"]);
  const h = cells.map((cell) => cell.h);
  const initial = initialForward(p, h);
  let IF = initial.IF;
  const rounds = [];
  for (let n = 1; n <= N; n++) {
    const attention = attentionForward(h, IF, p[`attention.${n}.We1`], p[`attention.${n}.We2`]);
    const layer2 = layerForward(grid, h, p["layer2.W"], p["layer2.b"], openingForward(attention.r));
    const F = layer2.at(-1).h; // of the last cell
    const both = [...F, ...IF];
    const z = plus(times(both, p[`memory.${n}.WF`]), p[`memory.${n}.b`]);
    IF = relu(z); // Eq. 8
    rounds.push({ attention, cells: layer2, F, both, z, IF });
  }
  const logits = plus(times(IF, p["classifier.W"]), p["classifier.b"]);
  return { N, cells, h, initial, rounds, IF, logits };
}

// Negative log-likelihood of the true class y, Eq. 9, and the probabilities of all.
function lossForward(logits, y) {
  const most = Math.max(...logits);
  const shifted = logits.map((logit) => logit - most);
  const total = shifted.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return { loss: Math.log(total) - shifted[y], probabilities: shifted.map((logit) => Math.exp(logit) / total) };
}

const lossBackward = (probabilities, y) => probabilities.map((p, k) => p - (k === y ? 1 : 0));

// The gradient of every parameter, g, by the same names, and everything that it came through.
function backward(grid, p, { N, cells, h, initial, rounds, IF }, dlogits) {
  const g = { "classifier.W": outer(IF, dlogits), "classifier.b": dlogits };
  const reached = new Array(N);
  let dIF = timesT(dlogits, p["classifier.W"]);
  const dIF_N = dIF;
  let dh = h.map((h_k) => zeros(h_k.length));
  let [dW2, db2] = [null, null];
  for (let n = N; n >= 1; n--) {
    const round = rounds[n - 1];
    const dz = reluBackward(dIF, round.z); // Eq. 8
    [g[`memory.${n}.WF`], g[`memory.${n}.b`]] = [outer(round.both, dz), dz];
    const dboth = timesT(dz, p[`memory.${n}.WF`]);
    const [dF, dIF_before] = [dboth.slice(0, round.F.length), dboth.slice(round.F.length)];
    const dh_above = h.map((_, k) => (k === h.length - 1 ? dF : zeros(dF.length))); // only the last cell was read
    const layer2 = layerBackward(grid, dh_above, round.cells);
    const attention = attentionBackward(openingBackward(layer2.back.map((cell) => cell.dr)), round.attention);
    [g[`attention.${n}.We1`], g[`attention.${n}.We2`]] = [attention.dWe1, attention.dWe2];
    [dW2, db2] = [plusMatrix(dW2, layer2.dW), plusVector(db2, layer2.db)]; // one layer 2 served all iterations
    const dx = layer2.back.map((cell) => cell.dx);
    dh = each(plus, dh, dx, attention.dh); // each iteration reads h and IF twice
    reached[n - 1] = { ...layer2, attention, dIF, dz, dF, dIF_before };
    dIF = plus(dIF_before, attention.dIF);
  }
  if (N) [g["layer2.W"], g["layer2.b"]] = [dW2, db2];
  const dIF_0 = dIF;
  dh = each(plus, dh, initialBackward(p, dIF, initial, g));
  const layer1 = layerBackward(grid, dh, cells);
  [g["layer1.W"], g["layer1.b"]] = [layer1.dW, layer1.db];
  return { g, dlogits, dIF: dIF_N, rounds: reached, dIF_0, layer1 };
}

// One sequence x of the class y, forward and backward: all of it.
function lossAndGradients(grid, p, x, y, N) {
  const run = forward(grid, p, x, N);
  const outcome = lossForward(run.logits, y);
  return { ...run, ...outcome, y, back: backward(grid, p, run, lossBackward(outcome.probabilities, y)) };
}
