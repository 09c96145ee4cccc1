// Draws charts from specifications made on the server, in the page's own colours: the learning curve,
// and the picture of the open tab. Their numbers stand in tables, so that a chart that cannot be drawn
// hides nothing.

const place = document.getElementById("curve");
const FAILED = "The chart could not be drawn; the table below holds the same numbers.";
let drawn = null;

function painted(value, style) {
  if (Array.isArray(value)) return value.map((item) => painted(item, style));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item, style)]));
  }
  if (typeof value === "string" && value.startsWith("var(")) {
    return style.getPropertyValue(value.slice(4, -1)).trim();
  }
  return value;
}

function say(text) {
  let note = document.getElementById("curve-note");
  if (!note) {
    note = document.createElement("p");
    note.id = "curve-note";
    note.className = "chart-note quiet-text";
    place.append(note);
  }
  note.textContent = text;
}

async function specification(address) {
  const response = await fetch(address, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

async function drawn_in(target, spec, label) {
  await import(target.dataset.library);
  // Drawn aside and put in at once, so that a redraw neither flashes nor changes the height.
  const canvas = document.createElement("div");
  canvas.className = "chart waiting";
  target.append(canvas);
  const result = await window.vegaEmbed(canvas, painted(spec, getComputedStyle(document.documentElement)), {
    mode: "vega-lite",
    renderer: "svg",
    ast: true, // expressions are interpreted: the content policy forbids eval
    actions: false,
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  });
  target.replaceChildren(canvas);
  canvas.classList.remove("waiting");
  canvas.querySelector("svg").setAttribute("aria-hidden", "true"); // one picture, one label
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return result;
}

async function draw(spec) {
  const result = await drawn_in(place, spec, `Learning curve. ${headline()} The table below holds the numbers.`);
  drawn?.finalize();
  drawn = result;
}

function headline() {
  return document.getElementById("live-headline")?.textContent.trim() ?? "";
}

async function refresh() {
  const version = place.dataset.version;
  if (version.startsWith("0.")) return; // no point yet: the empty frame stays
  if (!drawn && !place.querySelector(".empty-chart")) say("Drawing the curve…");
  try {
    await draw(await specification(place.dataset.spec));
    place.dataset.drawn = version;
  } catch (error) {
    say(FAILED);
    console.warn("chart:", error);
  }
}

// The picture of the open tab stands below its table and is shown once it is drawn.
let picture = null;

async function illustrate(again) {
  const target = document.querySelector("[data-chart]");
  if (!target || (target.dataset.drawn && !again)) return;
  target.dataset.drawn = "begun";
  target.parentElement.hidden = false; // a hidden frame has no width to draw in
  try {
    const spec = await specification(target.dataset.chart);
    const result = await drawn_in(target, spec, `${target.dataset.label} ${target.dataset.table ?? "The table above holds the numbers."}`);
    picture?.finalize();
    picture = result;
  } catch (error) {
    target.parentElement.hidden = true;
    console.warn("chart:", error);
  }
}

if (place) {
  refresh();
  illustrate();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    refresh();
    illustrate(true);
  });
  document.addEventListener("htmx:afterSettle", () => {
    illustrate();
    const version = document.getElementById("poller")?.dataset.curve;
    if (!version || version === place.dataset.version) return;
    place.dataset.version = version;
    refresh();
  });
  // A page that nobody looks at asks nothing; it asks as soon as it is looked at again.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id === "poller" && document.hidden) event.preventDefault();
  });
} else {
  illustrate();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => illustrate(true));
  document.addEventListener("htmx:afterSettle", () => illustrate());
}
