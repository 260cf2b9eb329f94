// The way through the network, step by step: forward from layer 1 to the loss, and back again.

// A station of the network: a sweep over the grid, the scores of an iteration, a memory, the classes, the loss.
function stationsOf(N) {
  const stations = [
    { kind: "sweep", n: 0, name: "layer 1" },
    { kind: "memory", n: 0, name: "<var>IF</var><sup>(0)</sup>" },
  ];
  for (let n = 1; n <= N; n++) {
    stations.push({ kind: "scores", n, name: `scores ${n}` }, { kind: "sweep", n, name: `layer 2, attention ${n}` });
    stations.push({ kind: "memory", n, name: `<var>IF</var><sup>(${n})</sup>` });
  }
  return [...stations, { kind: "classes", n: N, name: "classes" }, { kind: "loss", n: N, name: "loss" }];
}

// The cells of a sweep's steps: frame by frame and joint by joint, or a diagonal at a time.
function sweepSteps(by) {
  if (by === "diagonal") {
    const diagonals = Array.from({ length: GRID.J + GRID.T - 1 }, () => []);
    DATA.joint.forEach((j, k) => diagonals[j + DATA.frame[k]].push(k));
    return diagonals;
  }
  const cells = [];
  for (let t = 0; t < GRID.T; t++) for (let j = 0; j < GRID.J; j++) cells.push([GRID.at(j, t)]);
  return cells;
}

const ALL = DATA.joint.map((_, k) => k);

// All steps: {station, s, back, cells, done}; cells of this step, and those that have had their turn in this sweep.
function timelineOf(N, by) {
  const stations = stationsOf(N);
  const way = (back) => (station, s) => {
    if (station.kind !== "sweep") return [{ station, s, back, cells: ALL, done: new Set(ALL) }];
    const groups = back ? sweepSteps(by).reverse() : sweepSteps(by);
    return groups.map((cells, n) => ({ station, s, back, cells, done: new Set(groups.slice(0, n + 1).flat()) }));
  };
  const forward = stations.flatMap(way(false));
  const back = stations
    .map((station, s) => way(true)(station, s))
    .reverse()
    .flat();
  return { stations, steps: [...forward, ...back], half: forward.length };
}

const TIMELINES = new Map();
function timeline() {
  const key = `${state.N},${state.by}`;
  if (!TIMELINES.has(key)) TIMELINES.set(key, timelineOf(state.N, state.by));
  return TIMELINES.get(key);
}

const stepNow = () => timeline().steps[state.step - 1];

// The cell that is looked at: of this step, the one nearest to the joint and frame chosen before.
function cellNow() {
  const { cells, station, back } = stepNow();
  if (station.kind === "memory" && station.n > 0) return ALL.length - 1; // it reads the last cell alone
  const far = (k) =>
    Math.abs(DATA.joint[k] - state.joint) + (station.kind === "sweep" ? 0 : Math.abs(DATA.frame[k] - state.frame));
  return cells.reduce((best, k) => (far(k) < far(best) ? k : best));
}

// What a step shows: its run, its place, and the numbers of its cells forward and backward.
function sceneNow() {
  const step = stepNow();
  const run = runOf(state.sequence, state.N);
  const { kind, n } = step.station;
  const [round, roundBack] = n ? [run.rounds[n - 1], run.back.rounds[n - 1]] : [null, null];
  const swept = kind === "sweep" || kind === "memory" ? n : run.N;
  const cells = swept ? run.rounds[swept - 1].cells : run.cells;
  const backs = swept ? run.back.rounds[swept - 1].back : run.back.layer1.back;
  return { ...step, now: step.cells, kind, n, here: cellNow(), unit: state.unit, run, round, roundBack, cells, backs };
}

// The step, counted from 1, in which cell k has its turn, in the station and direction of now.
function stepOfCell(k) {
  const { s, back } = stepNow();
  const found = timeline().steps.findIndex((step) => step.s === s && step.back === back && step.cells.includes(k));
  return found < 0 ? state.step : found + 1;
}

// The first step of a station in the direction of now.
function stepOfStation(s, back = stepNow().back) {
  return timeline().steps.findIndex((step) => step.s === s && step.back === back) + 1;
}
