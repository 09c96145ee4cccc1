// Small manners for every page: what htmx swaps keeps the focus where the hand is.
"use strict";

document.addEventListener("htmx:responseError", (event) => {
  const note = document.getElementById("request-note");
  if (note) note.textContent = `The server answered ${event.detail.xhr.status}. Reload the page; nothing that was saved is lost.`;
});

// What came anew is open where it was open before, and a focus whose place is gone stays in the part.
const opened = new Map();
document.addEventListener("toggle", ({ target }) => target.id && opened.set(target.id, target.open), true);
document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  for (const part of [elt, ...elt.querySelectorAll("details[id]")]) {
    if (opened.has(part.id)) part.open = opened.get(part.id);
  }
});

let partWithFocus = "";
document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  partWithFocus = target.contains(document.activeElement) ? target.id : "";
});
document.addEventListener("htmx:afterSettle", () => {
  const part = partWithFocus && document.getElementById(partWithFocus);
  partWithFocus = "";
  if (part && document.activeElement === document.body) part.focus({ preventScroll: true });
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form) form.requestSubmit();
});

// Once is enough, and the page says what it is doing.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-once]");
  if (!form) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  const note = form.querySelector("[data-once-note]");
  if (note && !["again", "as_table", "as_text"].includes(event.submitter?.value)) note.textContent = form.dataset.once;
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    const note = form.querySelector("[data-once-note]");
    if (note) note.textContent = "";
  }
});
