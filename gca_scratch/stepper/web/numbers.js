// The page's data as arrays, and numbers as text.

const DATA = unpacked(JSON.parse(document.getElementById("data").textContent));

// The same data, where every array of float32 in base 64 has become {shape, values}.
function unpacked(part) {
  if (part === null || typeof part !== "object") return part;
  if ("float32" in part) {
    const bytes = Uint8Array.from(atob(part.float32), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const values = Float32Array.from({ length: bytes.length / 4 }, (_, n) => view.getFloat32(4 * n, true));
    return { shape: part.shape, values };
  }
  if (Array.isArray(part)) return part.map(unpacked);
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, unpacked(value)]));
}

// Row k of an array as a list; of a one-dimensional array its one number.
function row(array, k) {
  const width = array.shape.slice(1).reduce((product, n) => product * n, 1);
  return Array.from(array.values.subarray(k * width, (k + 1) * width));
}

// The shortest decimal number that rounds to this float32, found once; nine digits are always enough.
const EXACT = new Map([[0, "0"]]);
function exact(value) {
  if (!EXACT.has(value)) {
    let digits = 1;
    while (digits < 9 && Math.fround(value.toPrecision(digits)) !== value) digits++;
    const text = value.toPrecision(digits);
    EXACT.set(value, Math.abs(value) < 1e-3 ? value.toExponential(digits - 1) : String(Number(text)));
  }
  return EXACT.get(value);
}

// A number for the eye, with so many digits that count.
function rounded(value, digits = 3) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return String(Number(value.toPrecision(digits))).replace("-", "−");
  return String(Number(value.toPrecision(digits - 1)).toExponential()).replaceAll("-", "−").replace("e+", "e");
}

// A number as an element that says which one it is and has all its digits.
function number(name, value, allDigits = false) {
  const all = exact(value);
  const text = allDigits ? all.replaceAll("-", "−") : rounded(value);
  return `<data data-name="${name}" value="${all}" title="${all}">${text}</data>`;
}

// Text that others wrote, safe between tags.
function plain(text) {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
