// What a reader can change: coordinates, weights, a recording of one's own; and all that is computed anew from it.

const GRID = gridOf(DATA.joint, DATA.frame);
const C = DATA.sequences[0].x[0][0].length;
const copy = (data) => JSON.parse(JSON.stringify(data));
const lab = { params: copy(DATA.params), sequences: copy(DATA.sequences), changes: new Map() };
const given = { params: DATA.params, sequences: copy(DATA.sequences) }; // as before any change
const runs = new Map(); // what is computed already: forward by sequence, the rest by sequence and N

function remembered(key, compute) {
  if (!runs.has(key)) runs.set(key, compute());
  return runs.get(key);
}

// The inputs of all cells of a sequence, in the order of the cells.
const cellsOf = (sequence) => DATA.joint.map((j, k) => lab.sequences[sequence].x[DATA.frame[k]][j]);

// One sequence forward, and its outcome after N attention iterations: the first N are the same whatever follows.
function outcomeOf(sequence, N) {
  const { label } = lab.sequences[sequence];
  const p = lab.params;
  const whole = remembered(`${sequence}`, () => forward(GRID, p, cellsOf(sequence), DATA.N));
  const IF = N ? whole.rounds[N - 1].IF : whole.initial.IF;
  const logits = plus(times(IF, p["classifier.W"]), p["classifier.b"]);
  return { ...whole, N, rounds: whole.rounds.slice(0, N), IF, logits, y: label, ...lossForward(logits, label) };
}

// Everything about one sequence with N attention iterations, forward and backward.
function runOf(sequence, N) {
  return remembered(`${sequence},${N}`, () => {
    const run = outcomeOf(sequence, N);
    return { ...run, back: backward(GRID, lab.params, run, lossBackward(run.probabilities, run.y)) };
  });
}

// What the answer about it depends on, cell by cell; this takes many passes.
const whereKey = (sequence, N) => `where ${sequence},${N}`;
function whereOf(sequence, N) {
  return remembered(whereKey(sequence, N), () => dependsOn(GRID, lab.params, cellsOf(sequence), N));
}

// A parameter as rows; a vector is one row.
const rowsOf = (param) => (Array.isArray(param[0]) ? param : [param]);

// The list and the place in it of a number, by its key: w,name,row,column or x,sequence,frame,joint,axis.
function placeOf(key, data = lab) {
  const [kind, name, ...index] = key.split(",");
  if (kind === "w") return [rowsOf(data.params[name])[index[0]], Number(index[1])];
  return [data.sequences[name].x[index[0]][index[1]], Number(index[2])];
}

function valueAt(key, data = lab) {
  const [list, place] = placeOf(key, data);
  return list[place];
}

// Change one number; what depends on it is computed when it is next shown.
function put(key, value) {
  if (!Number.isFinite(value)) return;
  const [list, place] = placeOf(key);
  list[place] = value;
  if (value === valueAt(key, given)) lab.changes.delete(key);
  else lab.changes.set(key, value);
  runs.clear();
}

function undoAll() {
  for (const key of [...lab.changes.keys()]) put(key, valueAt(key, given));
}

// The changes as text for a link, and back; what does not fit the network is passed over.
function changesAsText() {
  return [...lab.changes].map(([key, value]) => `${key}:${value}`).join(";");
}

function changeFromText(text) {
  undoAll();
  for (const change of text.split(";").filter(Boolean)) {
    const [key, value] = change.split(":");
    try {
      if (typeof valueAt(key) === "number") put(key, Number(value));
    } catch {
      continue; // a link of another network
    }
  }
}

// --- a recording of one's own ----------------------------------------------------------------------------------------

// Text as (frames, J, C): JSON, a list of frames; or one line for each frame, J C numbers between commas or spaces.
function parsedRecording(text) {
  const J = GRID.J;
  const wanted = `${J} joints of ${C} numbers in every frame`;
  let frames;
  if (/^\s*[[{]/.test(text)) {
    try {
      frames = JSON.parse(text);
    } catch (error) {
      throw new Error(`this is no JSON (${error.message}); give a list of frames, ${wanted}`);
    }
    frames = Array.isArray(frames) ? frames : (frames.x ?? frames.frames);
    if (!Array.isArray(frames)) throw new Error(`no list of frames is in it; give one, ${wanted}`);
    frames = frames.map((frame) => (Array.isArray(frame) ? frame.flat(2) : [frame]));
  } else {
    const lines = text.split(/\r?\n/).filter((line) => line.trim());
    const words = lines.map((line) =>
      line
        .trim()
        .split(/[\s,;]+/)
        .filter(Boolean),
    );
    if (words.length && words[0].every((word) => Number.isNaN(Number(word)))) words.shift(); // names of the columns
    frames = words.map((row) => row.map(Number));
  }
  if (!frames.length) throw new Error(`there is no frame in it; give at least one, ${wanted}`);
  frames.forEach((frame, t) => {
    if (frame.length !== J * C) throw new Error(`frame ${t} has ${frame.length} numbers; give ${J * C}: ${wanted}`);
    const wrong = frame.findIndex((value) => typeof value !== "number" || !Number.isFinite(value));
    if (wrong >= 0) throw new Error(`number ${wrong} of frame ${t} is none; give ${wanted}`);
  });
  return frames.map((frame) => grouped(frame, C));
}

// T of the frames, evenly.
function sampled(frames) {
  return Array.from({ length: GRID.T }, (_, t) => copy(frames[Math.floor(((t + 0.5) * frames.length) / GRID.T)]));
}

// The mean length of the bones over all frames of some sequences; 0 where no bones are known.
function boneLength(all) {
  const length = (frame, [a, b]) => Math.hypot(...each((p, q) => p - q, frame[a], frame[b]));
  const lengths = all.flat().flatMap((frame) => DATA.bones.map((bone) => length(frame, bone)));
  return lengths.length ? lengths.reduce((sum, length) => sum + length, 0) / lengths.length : 0;
}

// In coordinates like the others: the first joint of the first frame as origin, bones as long as here.
function likeTheOthers(frames) {
  const origin = frames[0][0];
  const [here, own] = [boneLength(given.sequences.map(({ x }) => x)), boneLength([frames])];
  const scale = here && own ? here / own : 1;
  return frames.map((frame) => frame.map((joint) => each((value, zero) => (value - zero) * scale, joint, origin)));
}

// Add it as a sequence and return its number.
function addRecording(text, label, placed) {
  const frames = parsedRecording(text);
  const x = sampled(placed ? likeTheOthers(frames) : frames);
  for (const data of [lab, given]) data.sequences.push({ label, x: copy(x), own: true });
  return lab.sequences.length - 1;
}
