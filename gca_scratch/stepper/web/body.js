// The body: above each column of the grid, and once large, where its joints can be dragged.

const SVG = (html) => html.join("");
const coordinateKey = (t, j, axis) => `x,${state.sequence},${t},${j},${axis}`;

// How large the sequence is as it was given: a frame that stays while a joint is dragged.
function extent() {
  const all = given.sequences[state.sequence].x.flat();
  const [xs, ys] = [all.map((p) => p[0]), all.map((p) => -p[1])];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left || 1, Math.max(...ys) - top || 1];
  const edge = 0.12 * Math.max(width, height);
  return { box: [left - edge, top - edge, width + 2 * edge, height + 2 * edge], edge };
}

function skeleton(t, marked, edge, wide) {
  const x = lab.sequences[state.sequence].x[t];
  const bones = DATA.bones.map(([a, b]) => {
    return `<line x1="${x[a][0]}" y1="${-x[a][1]}" x2="${x[b][0]}" y2="${-x[b][1]}" stroke-width="${wide * edge}"/>`;
  });
  const joints = x.map(([across, up], j) => {
    const radius = (j === marked ? 2.2 : 1.2) * wide * edge;
    const kind = j === marked ? "marked" : "";
    return `<circle cx="${across}" cy="${-up}" r="${radius}" data-joint="${j}" class="${kind}"/>`;
  });
  return SVG([...bones, ...joints]);
}

function drawBodies({ here, kind }) {
  const unknown = !DATA.bones.length || C < 2;
  element("body").toggleAttribute("hidden", unknown);
  const [j, t] = [DATA.joint[here], DATA.frame[here]];
  fill(element("place"), coordinateInputs(j, t));
  coordinateValues(j, t);
  if (unknown) return;
  const { box, edge } = extent();
  for (const small of element("grid").querySelectorAll("svg")) {
    const frame = Number(small.dataset.frame);
    small.setAttribute("viewBox", box.join(" "));
    small.classList.toggle("present", frame === t && kind === "sweep");
    fill(small, skeleton(frame, frame === t ? j : -1, edge, 0.45));
  }
  const svg = element("body");
  svg.setAttribute("viewBox", box.join(" "));
  svg.setAttribute("aria-label", `the body in frame ${t}, with ${DATA.joints[j]} marked; arrow keys move this joint`);
  fill(svg, skeleton(t, j, edge, 0.25));
}

// The coordinates of the joint that is looked at, to be typed.
function coordinateInputs(j, t) {
  const fields = Array.from({ length: C }, (_, axis) => {
    const name = "xyz"[axis] && C <= 3 ? "xyz"[axis] : String(axis);
    return `<label>${name} <input type="number" step="0.05" data-axis="${axis}"></label>`;
  });
  return `<span>${plain(DATA.joints[j])}, frame ${t}:</span> ${fields.join(" ")}`;
}

function coordinateValues(j, t) {
  for (const field of element("place").querySelectorAll("input")) {
    const value = lab.sequences[state.sequence].x[t][j][field.dataset.axis];
    if (document.activeElement !== field || Number(field.value) !== value) field.value = Number(value.toPrecision(4));
  }
}

// Move a joint: to a place on the drawing, or by keys.
function moveJoint(t, j, across, up) {
  put(coordinateKey(t, j, 0), across);
  put(coordinateKey(t, j, 1), up);
  draw();
}

function onBodyKey(event) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  if (!Object.hasOwn(ways, event.key)) return false;
  const here = cellNow();
  const [j, t] = [DATA.joint[here], DATA.frame[here]];
  const [across, up] = lab.sequences[state.sequence].x[t][j];
  const far = extent().edge * (event.shiftKey ? 1 : 0.25);
  const [right, higher] = ways[event.key];
  moveJoint(t, j, across + right * far, up + higher * far);
  return true;
}

function startBody() {
  const svg = element("body");
  let dragged = null;
  svg.addEventListener("pointerdown", (event) => {
    const joint = event.target.closest("circle")?.dataset.joint;
    if (joint === undefined) return;
    dragged = { j: Number(joint), t: DATA.frame[cellNow()] };
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    svg.focus();
    if (stepNow().station.kind === "sweep")
      change({ step: stepOfCell(cellAt(dragged.j, dragged.t)), joint: dragged.j });
    else change({ joint: dragged.j });
  });
  svg.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    moveJoint(dragged.t, dragged.j, place.x, -place.y);
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (dragged = null));
  element("place").addEventListener("input", (event) => {
    const here = cellNow();
    put(coordinateKey(DATA.frame[here], DATA.joint[here], event.target.dataset.axis), event.target.valueAsNumber);
    draw();
  });
}
