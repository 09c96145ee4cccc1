// Classifies texts in the browser, with the model that stands in this page. Nothing is fetched or sent.
// From the console: predictProba(["a text"]) gives probabilities in the order of model.labels.
"use strict";

const model = JSON.parse(document.getElementById("model").textContent);

// ---- numbers ----------------------------------------------------------------------------------

function bytesOf(base64) {
  const raw = atob(base64);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
  return bytes.buffer;
}

function halfs(buffer) {
  const known = new Float32Array(65536); // every number that 16 bits can hold
  for (let bits = 0; bits < 65536; bits += 1) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const rest = bits & 1023;
    known[bits] = exponent
      ? sign * 2 ** (exponent - 15) * (1 + rest / 1024)
      : sign * 2 ** -14 * (rest / 1024);
  }
  return Float32Array.from(new Uint16Array(buffer), (bits) => known[bits]);
}

const READERS = {
  float16: halfs,
  float32: (buffer) => new Float32Array(buffer),
  int8: (buffer) => new Int8Array(buffer),
  int32: (buffer) => new Int32Array(buffer),
};

function numbers(name) {
  const stored = model.numbers[name];
  return stored ? READERS[stored.type](bytesOf(stored.base64)) : null;
}

const rows = numbers("rows"); // token id -> row of the table, -1 for none
const table = numbers("table");
const scale = numbers("scale");
const coef = numbers("coef"); // labels x dimensions
const intercept = numbers("intercept");
const nDimensions = model.n_dimensions;
const isDiagonal = model.is_diagonal;

// ---- texts to tokens --------------------------------------------------------------------------

const tokenIds = new Map(model.tokenizer.vocabulary.map((token, id) => [token, id]));
const become = new Map(model.tokenizer.become);
const order = new Map(model.tokenizer.order);
const seen = new Map(); // code point -> what it becomes

function within(ranges, point) {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (point < ranges[middle][0]) high = middle - 1;
    else if (point > ranges[middle][1]) low = middle + 1;
    else return true;
  }
  return false;
}

function letters(syllable) {
  const place = syllable - 0xac00;
  const last = place % 28 ? String.fromCharCode(0x11a7 + (place % 28)) : "";
  const middle = 0x1161 + Math.floor((place % 588) / 28);
  return String.fromCharCode(0x1100 + Math.floor(place / 588), middle) + last;
}

function normalisedPoint(point) {
  const { dropped, spaced, syllables } = model.tokenizer;
  if (within(dropped, point)) return "";
  if (become.has(point)) return become.get(point);
  if (within(spaced, point)) return ` ${String.fromCodePoint(point)} `;
  if (syllables && point >= 0xac00 && point <= 0xd7a3) return letters(point);
  return String.fromCodePoint(point);
}

// Marks that follow each other stand in the order of their combining classes.
function ordered(characters) {
  for (let at = 1; at < characters.length; at += 1) {
    const mark = order.get(characters[at].codePointAt(0));
    let back = at;
    while (mark && back && order.get(characters[back - 1].codePointAt(0)) > mark) {
      [characters[back - 1], characters[back]] = [characters[back], characters[back - 1]];
      back -= 1;
    }
  }
  return characters;
}

function normalised(text) {
  let whole = "";
  let marked = false;
  for (const character of text) {
    const point = character.codePointAt(0);
    if (!seen.has(point)) seen.set(point, normalisedPoint(point));
    whole += seen.get(point);
    marked ||= order.has(point);
  }
  const characters = Array.from(whole);
  return marked ? ordered(characters) : characters;
}

const kinds = new Map(); // character -> 0 part of a word, 1 between words, 2 a word of its own

function kindOf(character) {
  if (!kinds.has(character)) {
    const point = character.codePointAt(0);
    const { white, punctuation } = model.tokenizer;
    kinds.set(character, within(white, point) ? 1 : within(punctuation, point) ? 2 : 0);
  }
  return kinds.get(character);
}

function words(text) {
  const found = [];
  let word = [];
  const end = () => {
    if (word.length) found.push(word);
    word = [];
  };
  for (const character of normalised(text)) {
    const kind = kindOf(character);
    if (kind) end();
    if (kind === 2) found.push([character]);
    if (kind === 0) word.push(character);
  }
  end();
  return found;
}

// WordPiece: the longest known beginning, then the longest known continuation, and so on.
function pieces(word) {
  const { unknown, prefix, longest_word: longestWord } = model.tokenizer;
  if (word.length > longestWord) return [unknown];
  const ids = [];
  let start = 0;
  while (start < word.length) {
    let end = word.length;
    let id;
    for (; end > start; end -= 1) {
      id = tokenIds.get((start ? prefix : "") + word.slice(start, end).join(""));
      if (id !== undefined) break;
    }
    if (id === undefined) return [unknown];
    ids.push(id);
    start = end;
  }
  return ids;
}

const specialTokens = new Map(model.tokenizer.special);
const quoted = [...specialTokens.keys()].map((token) => token.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
const special = quoted.length ? new RegExp(`(${quoted.join("|")})`, "u") : null;

function tokens(text) {
  const sound = text.replace(/\p{Surrogate}/gu, "?");
  const most = model.tokenizer.most_tokens;
  const ids = [];
  for (const part of special ? sound.split(special) : [sound]) {
    if (specialTokens.has(part)) ids.push(specialTokens.get(part));
    else
      for (const word of words(part)) {
        for (const id of pieces(word)) ids.push(id);
        if (ids.length >= most) break;
      }
    if (ids.length >= most) break;
  }
  return ids.slice(0, most);
}

// ---- tokens to probabilities ------------------------------------------------------------------

function features(text) {
  const sum = new Float64Array(nDimensions);
  for (const id of tokens(text)) {
    const row = rows[id];
    if (row < 0) continue;
    if (isDiagonal) sum[row] += table[row];
    else for (let at = 0; at < nDimensions; at += 1) sum[at] += table[row * nDimensions + at];
  }
  if (scale) for (let at = 0; at < nDimensions; at += 1) sum[at] *= scale[at];
  let length = 0;
  for (const value of sum) length += value * value;
  const divisor = Math.max(Math.sqrt(length), 1e-12) / model.weight;
  for (let at = 0; at < nDimensions; at += 1) sum[at] /= divisor;
  return sum;
}

function probabilities(text) {
  const vector = features(text);
  const logits = model.labels.map((_, label) => {
    let logit = intercept[label];
    for (let at = 0; at < nDimensions; at += 1) logit += vector[at] * coef[label * nDimensions + at];
    return logit;
  });
  if (model.thresholds) return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

globalThis.predictProba = (texts) => texts.map(probabilities);

// Places of the labels that a text gets, likeliest first.
function chosen(shares) {
  const places = shares.map((_, place) => place).sort((one, other) => shares[other] - shares[one]);
  return model.thresholds ? places.filter((place) => shares[place] >= model.thresholds[place]) : places.slice(0, 1);
}

function isDeferred(shares) {
  return model.deferral !== null && !model.thresholds && Math.max(...shares) < model.deferral;
}

// ---- the page ---------------------------------------------------------------------------------

const answer = document.getElementById("answer");
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function element(name, given = {}, ...children) {
  const made = Object.assign(document.createElement(name), given);
  made.append(...children);
  return made;
}

function sentence(shares) {
  const said = chosen(shares);
  const names = said.map((place) => `${model.labels[place]} (${percent(shares[place])})`);
  const best = names.length ? names.join(", ") : "None of the labels reaches its threshold.";
  return isDeferred(shares) ? `${best}: not sure enough, a person should decide.` : best;
}

function showOne(text) {
  const shares = probabilities(text);
  const said = new Set(chosen(shares));
  const places = shares.map((_, place) => place).sort((one, other) => shares[other] - shares[one]);
  const bars = places.map((place) => {
    const fill = element("div", { className: "fill" });
    fill.style.width = percent(shares[place]).replace(" ", "");
    return element(
      "li",
      { className: said.has(place) ? "said" : "" },
      element("span", { className: "name" }, model.labels[place]),
      element("div", { className: "track" }, fill),
      element("span", { className: "share" }, percent(shares[place])),
    );
  });
  answer.replaceChildren(
    element("p", { className: "best" }, sentence(shares)),
    element("ol", { className: "bars" }, ...bars),
  );
}

function row(text, shares) {
  const said = chosen(shares);
  return [
    text,
    said.map((place) => model.labels[place]).join("; "),
    said.length ? Math.max(...said.map((place) => shares[place])) : Math.max(...shares),
    isDeferred(shares) ? "yes" : "no",
  ];
}

function showLines(lines) {
  const found = lines.map((text) => [text, probabilities(text)]);
  const heads = ["Text", "Label", "Probability", ...(model.deferral === null ? [] : ["For a person"])];
  const body = found.map(([text, shares]) => {
    const [, label, share, deferred] = row(text, shares);
    const cells = [
      element("td", { className: "text" }, text),
      element("td", {}, label || "none"),
      element("td", { className: "num" }, percent(share)),
    ];
    if (model.deferral !== null) cells.push(element("td", {}, deferred));
    return element("tr", {}, ...cells);
  });
  const save = element("button", { type: "button", className: "plain" }, "Save as CSV");
  save.addEventListener("click", () => saveCsv(found));
  const shown = heads.map((head) => element("th", { scope: "col", className: head === "Probability" ? "num" : "" }, head));
  const list = element("table", {}, element("thead", {}, element("tr", {}, ...shown)), element("tbody", {}, ...body));
  const region = element("div", { className: "scroll", tabIndex: 0 }, list);
  region.setAttribute("role", "region");
  region.setAttribute("aria-label", "Answers");
  answer.replaceChildren(element("p", { className: "best" }, `${found.length} text${found.length === 1 ? "" : "s"}`), save, region);
}

// A cell that a spreadsheet would run as a formula begins with an apostrophe.
function csvCell(value) {
  const text = typeof value === "number" ? String(value) : value;
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function saveCsv(found) {
  const heads = ["text", "label", "probability", "deferred", ...model.labels.map((label) => `probability of ${label}`)];
  const lines = found.map(([text, shares]) => [...row(text, shares), ...shares]);
  const content = [heads, ...lines].map((cells) => cells.map(csvCell).join(",")).join("\r\n");
  const address = URL.createObjectURL(new Blob(["\ufeff", content, "\r\n"], { type: "text/csv" }));
  element("a", { href: address, download: "answers.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

const form = document.getElementById("form");
const field = document.getElementById("text");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (document.getElementById("go").disabled) return;
  const lines = field.value.split("\n").filter((line) => line.trim());
  if (!lines.length) answer.replaceChildren(element("p", { className: "quiet" }, "Write or paste a text first."));
  else if (form.elements.how.value === "lines") showLines(lines);
  else showOne(field.value);
});
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

// ---- does it answer here as it did where it was made? ------------------------------------------

function compare() {
  const { texts, probabilities: expected, tolerance } = model.parity;
  let largest = 0;
  texts.forEach((text, at) => {
    probabilities(text).forEach((share, label) => {
      largest = Math.max(largest, Math.abs(share - expected[at][label]));
    });
  });
  return { n: texts.length, largest, agrees: largest <= tolerance };
}

function start() {
  const found = compare();
  globalThis.parity = found;
  const check = document.getElementById("check");
  const state = document.getElementById("state");
  const difference = found.largest.toExponential(0);
  check.textContent = `Compared in this browser with the application on ${found.n} texts: the largest difference of a probability is ${difference}; allowed: ${model.parity.tolerance}.`;
  if (found.agrees) {
    state.textContent = "Ready. It works without a network.";
    document.getElementById("go").disabled = false;
  } else {
    state.className = "bad";
    state.textContent = `This browser does not get the application's answers (a probability is off by ${difference}), so the page gives none.`;
  }
}

start();
