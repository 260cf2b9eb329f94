// The page's data as arrays, and numbers as text.

const DATA = unpacked(JSON.parse(document.getElementById("data").textContent));

// The same data, where every array of float32 in base 64 has become a list of numbers, of lists where it has more axes.
function unpacked(part) {
  if (part === null || typeof part !== "object") return part;
  if ("float32" in part) {
    const bytes = Uint8Array.from(atob(part.float32), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const values = Array.from({ length: bytes.length / 4 }, (_, n) => view.getFloat32(4 * n, true));
    return part.shape.slice(1).reduceRight(grouped, values);
  }
  if (Array.isArray(part)) return part.map(unpacked);
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, unpacked(value)]));
}

// A list as a list of lists of `size` entries each.
function grouped(list, size) {
  return Array.from({ length: list.length / size }, (_, n) => list.slice(n * size, (n + 1) * size));
}

// The shortest decimal number that rounds to this float32, found once; nine digits are always enough.
const EXACT = new Map();
function exact(double) {
  const value = Math.fround(double);
  if (!Number.isFinite(value)) return String(value);
  if (EXACT.size > 100_000) EXACT.clear();
  if (value === 0) return "0";
  if (!EXACT.has(value)) {
    let digits = 1;
    while (digits < 9 && Math.fround(value.toPrecision(digits)) !== value) digits++;
    const text = value.toPrecision(digits);
    EXACT.set(value, Math.abs(value) < 1e-3 ? value.toExponential(digits - 1) : String(Number(text)));
  }
  return EXACT.get(value);
}

// A number for the eye, with so many digits that count.
function rounded(double, digits = 3) {
  const value = Math.fround(double);
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "not a number";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return String(Number(value.toPrecision(digits))).replace("-", "−");
  return String(Number(value.toPrecision(digits - 1)).toExponential())
    .replaceAll("-", "−")
    .replace("e+", "e");
}

// A share as people say it.
const percent = (share) => `${rounded(100 * share, 2)} %`;

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
