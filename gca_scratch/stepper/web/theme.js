// Dark or light: as chosen here, else as the page around this one, else as the system.

let themeChosen = false;

function chooseTheme(name) {
  themeChosen = true;
  document.documentElement.dataset.theme = name;
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

// Inside a notebook or the documentation: the ground on which the frame stands says what it is, now and later.
function followTheme() {
  let frame = null;
  try {
    frame = window.frameElement;
  } catch {
    return; // a page of another origin does not tell
  }
  if (!frame || document.documentElement.dataset.theme) return;
  const follow = () => {
    const dark = groundIsDark(frame);
    if (!themeChosen && dark !== null) document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  const { documentElement, body } = frame.ownerDocument;
  const observer = new MutationObserver(() => setTimeout(follow, 50)); // its style sheets may come a little later
  for (const each of [documentElement, body]) observer.observe(each, { attributes: true });
  follow();
}

// Whether an element stands on a dark ground; null where none has a colour.
function groundIsDark(element) {
  for (let each = element; each; each = each.parentElement) {
    const [red, green, blue, opaque = 1] = getComputedStyle(each)
      .backgroundColor.match(/[\d.]+/g)
      .map(Number);
    if (opaque > 0.5) return 0.3 * red + 0.6 * green + 0.1 * blue < 128;
  }
  return null;
}
