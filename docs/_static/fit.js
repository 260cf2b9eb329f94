// What is wider than its room becomes smaller, and a table that would be too small to read a list of its rows:
// nothing is cut off, on a phone or beside a narrow window.
const READABLE = 0.8;

function fit() {
  for (const formula of document.querySelectorAll("article mjx-container")) {
    formula.style.zoom = "";
    const room = formula.closest("td, li, p, dd, .math-wrapper, div");
    const width = room.clientWidth - parseFloat(getComputedStyle(room).paddingLeft) - parseFloat(getComputedStyle(room).paddingRight);
    const needed = Math.max(formula.scrollWidth, ...Array.from(formula.children, (part) => part.getBoundingClientRect().width));
    if (width > 0 && needed > width) formula.style.zoom = (width - 2) / needed;
  }
  for (const wrapper of document.querySelectorAll("article .table-wrapper")) {
    const table = wrapper.querySelector("table");
    table.style.zoom = "";
    table.classList.remove("stacked");
    const share = wrapper.clientWidth / Math.max(table.offsetWidth, wrapper.scrollWidth);
    if (share >= 1 || !wrapper.clientWidth) continue;
    if (share >= READABLE) {
      let zoom = share;
      for (let k = 0; k < 8 && wrapper.scrollWidth > wrapper.clientWidth; k++) {
        table.style.zoom = zoom *= 0.98; // words break elsewhere now
      }
      continue;
    }
    const names = Array.from(table.querySelectorAll("thead th"), (head) => head.textContent);
    for (const row of table.querySelectorAll("tbody tr")) {
      Array.from(row.cells).forEach((cell, k) => (cell.dataset.name = names[k] ?? ""));
    }
    table.classList.add("stacked");
  }
}

let waiting = null;
function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(fit, 30);
}

addEventListener("DOMContentLoaded", () => {
  fit();
  const ready = () => (window.MathJax?.startup?.promise ? MathJax.startup.promise.then(fit) : null);
  addEventListener("load", ready);
  addEventListener("resize", soon);
  addEventListener("beforeprint", fit);
  document.addEventListener("toggle", soon, true); // what was folded away has its width now
});
