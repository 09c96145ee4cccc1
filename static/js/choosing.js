// Where a text has any number of classes: keys and clicks toggle them, Enter saves them all.
// What is chosen lives here until the text changes: a flag or a comment swaps the page's fragment.
"use strict";

class Choice {
  constructor(work) {
    this.work = work;
    this.example = undefined;
    this.chosen = new Set(); // class ids, as the toggles name them; "none" alone for none of these
    work.addEventListener("click", (event) => {
      const toggle = event.target.closest("[data-toggle]");
      if (toggle) this.toggle(toggle.dataset.toggle);
    });
    work.addEventListener("input", (event) => event.target.id === "toggle-filter" && this.filter());
    work.addEventListener("keydown", (event) => this.inFilter(event));
  }

  get toggles() {
    return [...this.work.querySelectorAll("[data-toggle]")];
  }

  get save() {
    return document.getElementById("act-save");
  }

  // After every swap: another text starts with what the server says (after an undo, the answer
  // that was taken back), the same text keeps what was chosen.
  ready() {
    const example = this.work.querySelector("[name=example]")?.value;
    if (example !== this.example) {
      this.example = example;
      this.chosen = new Set(this.toggles.filter((t) => t.ariaPressed === "true").map((t) => t.dataset.toggle));
    }
    const offered = new Set(this.toggles.map((t) => t.dataset.toggle));
    for (const gone of [...this.chosen].filter((name) => !offered.has(name))) this.chosen.delete(gone);
    const field = document.getElementById("toggle-filter");
    if (field) field.value = "";
    this.filter();
    this.draw();
  }

  toggle(name) {
    if (this.chosen.has(name)) this.chosen.delete(name);
    else if (name === "none") this.chosen = new Set(["none"]);
    else this.chosen.add(name).delete("none");
    this.draw();
  }

  draw() {
    for (const toggle of this.toggles) toggle.ariaPressed = String(this.chosen.has(toggle.dataset.toggle));
    const said = document.getElementById("chosen");
    const names = this.toggles.filter((t) => t.ariaPressed === "true").map((t) => t.dataset.name);
    if (said) said.textContent = names.length ? `Chosen: ${names.join(" + ")}` : said.dataset.empty;
  }

  // -> what the answer's form does not hold itself; null while nothing is chosen.
  fields() {
    if (this.chosen.has("none")) return { none: "1" };
    return this.chosen.size ? { label: [...this.chosen] } : null;
  }

  tellEmpty() {
    const said = document.getElementById("chosen");
    said.textContent = "";
    requestAnimationFrame(() => (said.textContent = said.dataset.refusal));
  }

  // Enter saves, except where it does something else by itself: on another button, a link, a field.
  saves(event) {
    if (event.key !== "Enter" || !this.save) return false;
    const control = event.target.closest("a, button, summary");
    return !control || control.matches("[data-toggle]");
  }

  // ---- many classes: a field that filters the toggles as one types ----

  get best() {
    const found = this.toggles.filter((t) => !t.hidden && t.dataset.toggle !== "none");
    return found.find((t) => t.dataset.name.toLowerCase().startsWith(this.words)) ?? found[0];
  }

  get words() {
    return document.getElementById("toggle-filter")?.value.trim().toLowerCase() ?? "";
  }

  filter() {
    const field = document.getElementById("toggle-filter");
    if (!field) return;
    const words = this.words;
    for (const toggle of this.toggles) {
      const fits = toggle.innerText.toLowerCase().includes(words) || toggle.dataset.toggle === "none";
      toggle.hidden = words !== "" && !fits;
    }
    for (const toggle of this.toggles) toggle.classList.toggle("first-found", words !== "" && toggle === this.best);
    const said = document.getElementById("toggle-found");
    if (words) said.textContent = this.best ? `Enter: ${this.best.dataset.name}` : "No class is called that.";
    else said.textContent = said.dataset.empty;
    if (words) this.best?.scrollIntoView({ block: "nearest" });
  }

  inFilter(event) {
    if (event.target.id !== "toggle-filter" || event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (!this.words) return this.save.click();
    if (!this.best) return;
    this.toggle(this.best.dataset.toggle);
    event.target.value = "";
    this.filter();
  }
}

window.Choice = Choice;
