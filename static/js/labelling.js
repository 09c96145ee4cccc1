// The label page: keys, answers through the outbox, panels beside the text, one tab one text.
"use strict";

(() => {
  const work = document.getElementById("work");
  const side = document.getElementById("side-body");
  const { user, project, tab, address } = work.dataset;
  const outbox = new Outbox({ user, project, address });
  const choice = new Choice(work);
  let busy = false;
  let delivering = false;
  let retryTimer = 0;
  let failures = 0;

  // ---- answers ----

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-outbox]")) return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    if (event.submitter?.name) fields[event.submitter.name] = event.submitter.value;
    if (event.submitter === choice.save) {
      const chosen = choice.fields();
      if (!chosen) return choice.tellEmpty();
      Object.assign(fields, chosen);
    }
    answer(fields, event.submitter);
  });

  function answer(fields, pressed) {
    if (busy) return;
    busy = true;
    pressed?.classList.add("pressed");
    outbox.keep({ ...fields, duration_ms: String(Math.round(visibleTime())) });
    deliver();
  }

  async function deliver() {
    if (delivering) return;
    clearTimeout(retryTimer);
    delivering = busy = true;
    const results = [];
    for (const entry of outbox.entries()) {
      const result = { ...(await outbox.send(entry, tab)), entry };
      results.push(result);
      if (result.outcome === "kept") break;
      if (result.outcome === "saved") outbox.drop(entry);
    }
    delivering = false;
    delivered(results);
  }

  // All tabs of a project share the outbox: another one may have sent what this one waits for.
  function delivered(results) {
    const last = results.at(-1);
    const sentElsewhere = !last ? waiting() : last.outcome === "kept" && !outbox.entries().length;
    if (sentElsewhere) return location.reload();
    if (last?.outcome === "kept") return wait(last);
    failures = 0;
    busy = false;
    if (!last) return;
    const refused = results.filter((result) => result.outcome === "refused");
    refused.forEach(({ entry }) => outbox.drop(entry)); // not before: now it is told
    show(last, refused.filter((result) => result !== last));
  }

  function show({ html, outcome }, refusedBefore) {
    const focused = document.activeElement;
    const inPanel = side.contains(focused);
    work.classList.remove("waiting");
    htmx.swap(work, html, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0 });
    if (outcome === "saved" && panelOpen() && ["comment", "why"].includes(panelOpen())) side.replaceChildren();
    if (refusedBefore.length) tellRefused(refusedBefore);
    keepFocus(focused, inPanel);
    startClock();
    readyPicker();
    choice.ready();
    announce();
  }

  // The note of the page that is shown speaks of the last act alone, and has room for one thing.
  function tellRefused(results) {
    const why = (result) => new DOMParser().parseFromString(result.html, "text/html").querySelector(".refusal")?.textContent ?? "";
    const n = results.length;
    const what = n === 1 ? "A kept answer was not saved" : `${n} kept answers were not saved`;
    const told = element("span", `${what}: ${[...new Set(results.map(why))].join(" ")}`);
    told.className = "refusal";
    told.role = "alert";
    document.getElementById("note").replaceChildren(told);
  }

  // htmx gives the focus back to the element of the same id; this is for when there is none.
  function keepFocus(focused, inPanel) {
    if (document.activeElement !== document.body || focused === document.body) return;
    document.getElementById(inPanel ? "act-comment" : "text")?.focus({ preventScroll: true });
  }

  function announce() {
    const said = ["note", "batch-end"].map((id) => document.getElementById(id)?.innerText ?? "").join(" ").trim();
    const text = document.getElementById("text")?.innerText ?? "";
    document.getElementById("announce").textContent = `${said}. ${text.slice(0, 400)}`;
  }

  // ---- no network, no server, signed out: the answer is kept and the page waits ----

  const REASONS = {
    network: "there is no connection",
    server: "the server is in trouble",
    "signed-out": "you are signed out, or signed in as somebody else",
    gone: "the project is gone or not yours any more",
  };

  function wait({ why, retry }) {
    work.classList.add("waiting");
    const seconds = Math.min(30, 2 ** failures++);
    const where = outbox.survivesReload ? "kept in this browser" : "kept in this page only (do not close it)";
    const note = document.getElementById("note");
    note.replaceChildren(element("strong", `${where}, not yet saved`), ` ${REASONS[why]}. `, action(why));
    document.getElementById("announce").textContent = `Your answer is ${where}, not yet saved: ${REASONS[why]}.`;
    busy = true;
    if (retry) retryTimer = setTimeout(deliver, seconds * 1000);
  }

  function action(why) {
    if (why === "signed-out") {
      const link = element("a", "Sign in, then it is sent");
      link.href = `${location.pathname}${location.search}`;
      return link;
    }
    const button = element("button", "try now");
    button.type = "button";
    button.className = "link";
    button.addEventListener("click", deliver);
    return button;
  }

  function element(name, words) {
    const made = document.createElement(name);
    made.textContent = words;
    return made;
  }

  const waiting = () => work.classList.contains("waiting");
  window.addEventListener("online", () => waiting() && deliver());
  window.addEventListener("storage", (event) => {
    if (event.key?.startsWith(outbox.prefix) && event.newValue === null && waiting()) deliver();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && waiting()) deliver();
  });
  document.addEventListener("htmx:sendError", () => {
    if (!waiting()) document.getElementById("note").replaceChildren("There is no connection, so this could not be opened. Answers are kept.");
  });

  // ---- time: from shown to answered, while the page is visible ----

  const exampleShown = () => work.querySelector("[name=example]")?.value;
  let clockOf = exampleShown();
  let shownFor = 0;
  let visibleSince = document.hidden ? null : performance.now();
  const visibleTime = () => shownFor + (visibleSince === null ? 0 : performance.now() - visibleSince);

  // A flag, a comment or "show all" leaves the text, and its clock, as they are.
  function startClock() {
    const shown = exampleShown();
    if (shown === clockOf) return;
    clockOf = shown;
    shownFor = 0;
    visibleSince = document.hidden ? null : performance.now();
  }

  document.addEventListener("visibilitychange", () => {
    shownFor = visibleTime();
    visibleSince = document.hidden ? null : performance.now();
  });

  // ---- keys: each stands on the element it presses ----

  const inField = (target) => target.closest("input, textarea, select, [contenteditable=true]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Escape") return leave(event);
    if (inField(event.target)) return;
    if (scroll(event) || event.repeat) return;
    if (choice.saves(event)) {
      event.preventDefault();
      return choice.save.click();
    }
    const pressed = withKey(event.key) ?? withKey(placeOf(event));
    if (!pressed) return;
    event.preventDefault();
    press(pressed);
  });

  function withKey(key) {
    const holders = [...document.querySelectorAll("[data-key]")];
    return holders.find((holder) => holder.dataset.key.toLowerCase() === key.toLowerCase());
  }

  // On a keyboard of another script the key's place counts ("KeyS" is s).
  function placeOf(event) {
    const latin = /^[\x20-\x7e]$/.test(event.key);
    return !latin && event.code.startsWith("Key") ? event.code.slice(3) : "";
  }

  function press(target) {
    if (target.matches("input")) return target.focus();
    if (target.matches("[role=option]")) return choose(target);
    target.click();
  }

  function leave(event) {
    if (inField(event.target) && !side.contains(event.target)) return event.target.blur();
    if (panelOpen()) closePanel();
  }

  function scroll(event) {
    const text = document.getElementById("text");
    const page = text ? text.clientHeight * 0.85 : 0;
    const steps = { ArrowDown: 48, ArrowUp: -48, PageDown: page, PageUp: -page, " ": event.shiftKey ? -page : page };
    const onControl = event.target.closest("button, a, summary, [role=region]");
    if (!text || !(event.key in steps) || onControl) return false;
    text.scrollBy({ top: steps[event.key] });
    event.preventDefault();
    return true;
  }

  // ---- panels beside the text ----

  const panelOpen = () => side.querySelector("[data-panel-open]")?.dataset.panelOpen;

  function closePanel() {
    const name = panelOpen();
    const had = side.contains(document.activeElement);
    side.replaceChildren();
    if (had) document.querySelector(`[data-panel="${name}"]`)?.focus();
  }

  document.addEventListener(
    "click",
    (event) => {
      const closes = event.target.closest("[data-close]");
      const opens = event.target.closest("[data-panel]");
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (!closes && !(opens && opens.dataset.panel === panelOpen())) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      closePanel();
    },
    true,
  );

  // ---- many classes: a field that filters as one types ----

  const options = () => [...document.querySelectorAll("#class-list [role=option]")];
  const shownOptions = () => options().filter((option) => !option.hidden);

  function readyPicker() {
    const field = document.getElementById("class-filter");
    if (!field) return;
    field.value = "";
    filter(field);
  }

  function filter(field) {
    const words = field.value.trim().toLowerCase();
    for (const option of options()) option.hidden = !option.innerText.toLowerCase().includes(words) && words !== "";
    const starts = (option) => option.querySelector(".option-name").textContent.toLowerCase().startsWith(words);
    const found = shownOptions();
    document.getElementById("class-none").hidden = found.length > 0;
    activate(field, words ? (found.find(starts) ?? found[0]) : undefined);
  }

  function activate(field, option) {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function move(field, by) {
    const found = shownOptions();
    const at = found.findIndex((option) => option.ariaSelected === "true");
    activate(field, found[(at + by + found.length) % found.length] ?? found[0]);
  }

  function choose(option) {
    const fields = Object.fromEntries(new FormData(document.getElementById("answer")));
    answer({ ...fields, label: option.dataset.label }, option);
  }

  work.addEventListener("input", (event) => event.target.id === "class-filter" && filter(event.target));
  work.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
  work.addEventListener("keydown", (event) => {
    if (event.target.id !== "class-filter" || event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) move(event.target, steps[event.key]);
    else if (event.key === "Enter") options().find((option) => option.ariaSelected === "true")?.click();
    else return;
    event.preventDefault();
  });

  // ---- one tab, one text: a duplicated tab gets a name of its own ----

  function ownThisTab() {
    if (!navigator.locks) return; // plain http on another machine: the server still counts once
    const forEver = () => new Promise(() => {});
    navigator.locks
      .request(`labeler-tab-${tab}`, { signal: AbortSignal.timeout(1500) }, forEver)
      .catch(() => location.replace(address));
  }

  ownThisTab();
  readyPicker();
  choice.ready();
  if (matchMedia("(pointer: fine)").matches) document.querySelector("#class-filter, #toggle-filter")?.focus({ preventScroll: true });
  work.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "text-whole") return document.getElementById("text").focus({ preventScroll: true });
    startClock();
    readyPicker();
    choice.ready();
    announce();
  });
  if (outbox.entries().length) deliver();
})();
