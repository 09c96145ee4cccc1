// Small manners for every page: what htmx swaps keeps the focus where the hand is.
"use strict";

document.addEventListener("htmx:responseError", (event) => {
  const note = document.getElementById("request-note");
  if (note) note.textContent = `The server answered ${event.detail.xhr.status}. Reload the page; nothing that was saved is lost.`;
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form) form.requestSubmit();
});
