// What the answer depends on, cell by cell: of the answers of ../../runs/where.py the best, for one sequence.
//
// The answer is one number: how far the logit of the class that is answered stands above the mean of all. It is
// compared with that for a sequence in which nobody moves: each joint stays at its mean over the frames.

const WAY = 8; // steps from the mean posture to the sequence

// For each cell the mean of its joint's inputs over all frames.
function meanPosture({ joint, T }, x) {
  const sums = new Map();
  x.forEach((x_k, k) => sums.set(joint[k], plusVector(sums.get(joint[k]) ?? null, x_k)));
  return x.map((_, k) => sums.get(joint[k]).map((sum) => sum / T));
}

// The gradient of the answer with respect to all logits.
const standsOutBackward = (logits, label) => logits.map((_, k) => (k === label ? 1 : 0) - 1 / logits.length);

// What each cell adds to the answer on the straight way from start to end: the mean gradient there, times the way.
function onTheWay(gradient, start, end) {
  let sum = null;
  for (let step = 0; step < WAY; step++) {
    const share = (step + 0.5) / WAY;
    const there = each((a, b) => each((a, b) => a + share * (b - a), a, b), start, end);
    sum = plusMatrix(sum, gradient(there));
  }
  return each((g, a, b) => g.reduce((added, g_c, c) => added + (g_c / WAY) * (b[c] - a[c]), 0), sum, start, end);
}

// Joint x moment: what all frames of the cell's joint add, times what all joints of its frame add, times how far away
// the joint is from its mean posture; in every cell 0 or more.
function jointMoment({ joint, frame, J, T }, added, far) {
  const [ofJoint, ofMoment] = [zeros(J), zeros(T)];
  added.forEach((value, k) => {
    ofJoint[joint[k]] += Math.abs(value);
    ofMoment[frame[k]] += Math.abs(value);
  });
  return far.map((distance, k) => ofJoint[joint[k]] * ofMoment[frame[k]] * distance);
}

// Where the answer about one sequence x lies, after N attention iterations: a number for each cell.
function dependsOn(grid, p, x, N) {
  const { logits } = forward(grid, p, x, N);
  const dlogits = standsOutBackward(logits, logits.indexOf(Math.max(...logits)));
  const gradient = (at) => backward(grid, p, forward(grid, p, at, N), dlogits).layer1.back.map((cell) => cell.dx);
  const rest = meanPosture(grid, x);
  const far = each((x_k, rest_k) => Math.hypot(...each((a, b) => a - b, x_k, rest_k)), x, rest);
  return jointMoment(grid, onTheWay(gradient, rest, x), far);
}
