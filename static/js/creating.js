// New projects and settings: drop a file, the browser's time zone, colours, more rows of classes.
// Everything here has a plain form behind it.
"use strict";

(() => {
  // ---- drop a file anywhere on the dashed box ----

  function readyDrop(box) {
    const input = box.querySelector("input[type=file]");
    const name = box.querySelector("[data-drop-name]");
    const show = () => {
      const file = input.files[0];
      if (file) name.textContent = `${file.name}, ${(file.size / 1e6).toFixed(file.size < 1e5 ? 3 : 1)} MB`;
    };
    const over = (event) => {
      event.preventDefault();
      box.classList.add("over");
    };
    box.addEventListener("dragenter", over);
    box.addEventListener("dragover", over);
    box.addEventListener("dragleave", (event) => {
      if (!box.contains(event.relatedTarget)) box.classList.remove("over");
    });
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      box.classList.remove("over");
      if (event.dataTransfer.files.length === 0) return;
      input.files = event.dataTransfer.files;
      show();
    });
    input.addEventListener("change", show);
    // A file dropped beside the box must not replace the page.
    for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
  }

  // ---- the browser's own time zone, where nobody chose one ----

  function readyZone(holder) {
    const select = holder.querySelector("select");
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const known = [...select.options].some((option) => option.value === zone);
    if (known && select.value === "UTC" && document.querySelector("form.wizard .error") === null) select.value = zone;
  }

  // ---- colours follow their select ----

  document.addEventListener("change", (event) => {
    if (!event.target.matches("select[data-colour]")) return;
    const row = event.target.closest(".spec-row");
    if (row) row.className = row.className.replace(/\bc\d+\b/, `c${event.target.value}`);
  });

  // ---- one more row of classes ----

  function readyRows() {
    for (const button of document.querySelectorAll("[data-add-class]")) button.hidden = false;
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-add-class]")) return;
    const rows = document.querySelector("[data-spec-rows]");
    const count = document.querySelector("input[name=n_classes]");
    const number = Number(count.value);
    const copy = document.querySelector("template[data-class-template]").content.cloneNode(true);
    for (const element of copy.querySelectorAll("[id], [for], [name]")) {
      for (const attribute of ["id", "for", "name"]) {
        const value = element.getAttribute(attribute);
        if (value) element.setAttribute(attribute, value.replace("class-new", `class-${number}`));
      }
    }
    const row = copy.querySelector(".spec-row");
    const colour = (number % 12) + 1;
    row.classList.replace("c1", `c${colour}`);
    row.querySelector("select[data-colour]").value = String(colour);
    rows.append(copy);
    count.value = String(number + 1);
    row.querySelector("input:not([type=hidden])").focus();
  });

  document.addEventListener("DOMContentLoaded", () => {
    for (const box of document.querySelectorAll("[data-drop]")) readyDrop(box);
    for (const holder of document.querySelectorAll("[data-browser-zone]")) readyZone(holder);
    readyRows();
    document.body.addEventListener("htmx:afterSwap", readyRows);
  });
})();
