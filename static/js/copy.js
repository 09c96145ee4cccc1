// A "Copy" button beside a field: shown only where this browser can copy, since without it the field is enough.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const note = button.parentElement.querySelector("[data-copied]");
  field.select();
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      note.textContent = "Copied";
    } catch {
      note.textContent = "Copy it by hand: the link is marked";
    }
  });
}
