// Classifies texts in the browser, with the model that stands in this page. Nothing is fetched or sent.
// From the console: predictProba(["a text"]) gives probabilities in the order of model.labels, and
// explain(["a text"]) what each word adds to the logit of each label; with bias they sum to the logits.
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
function putInOrder(characters, places) {
  for (let at = 1; at < characters.length; at += 1) {
    const mark = order.get(characters[at].codePointAt(0));
    let back = at;
    while (mark && back && order.get(characters[back - 1].codePointAt(0)) > mark) {
      for (const list of [characters, places]) [list[back - 1], list[back]] = [list[back], list[back - 1]];
      back -= 1;
    }
  }
}

// What the model reads, and of each character the place of the one it was made of, in code points.
function normalised(text, start) {
  const characters = [];
  const places = [];
  let marked = false;
  let at = start;
  for (const character of text) {
    const point = character.codePointAt(0);
    if (!seen.has(point)) seen.set(point, Array.from(normalisedPoint(point)));
    for (const each of seen.get(point)) {
      characters.push(each);
      places.push(at);
    }
    marked ||= order.has(point);
    at += 1;
  }
  if (marked) putInOrder(characters, places);
  return { characters, places };
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

// Words as { characters, places }: of each character the place in the text it came from.
function words(text, start) {
  const { characters, places } = normalised(text, start);
  const found = [];
  let first = 0;
  const end = (last) => {
    if (last > first) found.push({ characters: characters.slice(first, last), places: places.slice(first, last) });
    first = last;
  };
  characters.forEach((character, at) => {
    const kind = kindOf(character);
    if (kind) end(at);
    if (kind === 1) first = at + 1;
    if (kind === 2) end(at + 1);
  });
  end(characters.length);
  return found;
}

// WordPiece: the longest known beginning, then the longest known continuation, and so on. Where a
// piece stands is told in characters of the word.
function pieces(word) {
  const { unknown, prefix, longest_word: longestWord } = model.tokenizer;
  const whole = [{ id: unknown, start: 0, end: word.length }];
  if (word.length > longestWord) return whole;
  const found = [];
  let start = 0;
  while (start < word.length) {
    let end = word.length;
    let id;
    for (; end > start; end -= 1) {
      id = tokenIds.get((start ? prefix : "") + word.slice(start, end).join(""));
      if (id !== undefined) break;
    }
    if (id === undefined) return whole;
    found.push({ id, start, end });
    start = end;
  }
  return found;
}

const specialTokens = new Map(model.tokenizer.special);
const quoted = [...specialTokens.keys()].map((token) => token.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
const special = quoted.length ? new RegExp(`(${quoted.join("|")})`, "u") : null;

// Tokens as { id, word, start, end }: the number of their word, and text[start:end] in code points.
function tokens(text) {
  const sound = text.replace(/\p{Surrogate}/gu, "?");
  const most = model.tokenizer.most_tokens;
  const found = [];
  let at = 0;
  let word = 0;
  for (const part of special ? sound.split(special) : [sound]) {
    const end = at + Array.from(part).length;
    if (specialTokens.has(part)) found.push({ id: specialTokens.get(part), word: word++, start: at, end });
    else
      for (const { characters, places } of words(part, at)) {
        for (const { id, start, end: last } of pieces(characters))
          found.push({ id, word, start: places[start], end: places[last - 1] + 1 });
        word += 1;
        if (found.length >= most) break;
      }
    if (found.length >= most) break;
    at = end;
  }
  return found.slice(0, most);
}

// ---- tokens to probabilities ------------------------------------------------------------------

// The sum of the rows of all tokens, and what it is divided by so that it is as long as the model's vectors.
function summed(found) {
  const sum = new Float64Array(nDimensions);
  for (const { id } of found) {
    const row = rows[id];
    if (row < 0) continue;
    if (isDiagonal) sum[row] += table[row];
    else for (let at = 0; at < nDimensions; at += 1) sum[at] += table[row * nDimensions + at];
  }
  if (scale) for (let at = 0; at < nDimensions; at += 1) sum[at] *= scale[at];
  let length = 0;
  for (const value of sum) length += value * value;
  return { sum, divisor: Math.max(Math.sqrt(length), 1e-12) / model.weight };
}

function features(text) {
  const { sum, divisor } = summed(tokens(text));
  return sum.map((value) => value / divisor);
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

// ---- what each word adds ------------------------------------------------------------------------

// Where a text has one label, softmax knows differences between logits alone: told beside their mean.
function beside(logits) {
  if (model.thresholds) return logits;
  const mean = logits.reduce((sum, logit) => sum + logit, 0) / logits.length;
  return logits.map((logit) => logit - mean);
}

function rowAdds(row, label) {
  const at = label * nDimensions;
  if (isDiagonal) return table[row] * coef[at + row];
  let sum = 0;
  for (let each = 0; each < nDimensions; each += 1)
    sum += table[row * nDimensions + each] * (scale ? scale[each] : 1) * coef[at + each];
  return sum;
}

function tokenAdds(id, divisor) {
  const row = rows[id];
  return beside(model.labels.map((_, label) => (row < 0 ? 0 : rowAdds(row, label) / divisor)));
}

// The words of a text in their order: { word, start, end, adds }, in code points; adds by label.
function explained(text) {
  const found = tokens(text);
  const { divisor } = summed(found);
  const characters = Array.from(text);
  const known = new Map();
  for (const { id, word, start, end } of found) {
    const adds = tokenAdds(id, divisor);
    const one = known.get(word);
    if (one) {
      one.start = Math.min(one.start, start);
      one.end = Math.max(one.end, end);
      one.adds = one.adds.map((value, label) => value + adds[label]);
    } else known.set(word, { start, end, adds });
  }
  return [...known.values()].map((one) => ({ word: characters.slice(one.start, one.end).join(""), ...one }));
}

const bias = beside(Array.from(intercept));
globalThis.bias = bias;
globalThis.explain = (texts) => texts.map(explained);

// ---- which labels it says -----------------------------------------------------------------------

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
    ...wordsThatCount(text, places),
  );
}

// ---- the words that count, for and against ------------------------------------------------------

const MOST_MARKED = 8; // different words for, and as many against
const LEAST_MARKED = 0.1; // of what the strongest adds
const signed = (value) => `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(2)}`;

// A heading, a choice of label with the likeliest first, and what changes with it.
function wordsThatCount(text, places) {
  const found = explained(text);
  const choice = element("select", { id: "words-label" }, ...places.map((place) => new Option(model.labels[place], place)));
  const shown = element("div");
  const show = () => shown.replaceChildren(...wordsOf(text, found, Number(choice.value)));
  choice.addEventListener("change", show);
  show();
  const chooser = element("p", {}, element("label", { htmlFor: "words-label" }, "For and against "), choice);
  return [element("h3", {}, "The words that count"), chooser, shown];
}

// Different words with all their places together, those that add or take most first.
function weighed(found, label) {
  const known = new Map();
  for (const { word, adds } of found) {
    const name = word.toLowerCase();
    const one = known.get(name) ?? { word, name, adds: 0, times: 0 };
    known.set(name, { ...one, adds: one.adds + adds[label], times: one.times + 1 });
  }
  return [...known.values()].sort((one, other) => Math.abs(other.adds) - Math.abs(one.adds));
}

function wordsOf(text, found, label) {
  const all = weighed(found, label);
  const most = all.length ? Math.abs(all[0].adds) : 0;
  if (!most) return [element("p", { className: "quiet" }, "The model knows none of its words: the answer is the same as for an empty text.")];
  const strong = all.filter((one) => Math.abs(one.adds) >= LEAST_MARKED * most);
  const speaksFor = strong.filter((one) => one.adds > 0).slice(0, MOST_MARKED);
  const against = strong.filter((one) => one.adds < 0).slice(0, MOST_MARKED);
  const shown = [...speaksFor, ...against];
  const strengths = new Map(shown.map((one) => [one.name, one.adds / most]));
  const marked = element("div", { className: "reading", dir: "auto", tabIndex: 0 }, ...markedText(text, found, strengths));
  marked.setAttribute("role", "region");
  marked.setAttribute("aria-label", "The text, its words marked");
  return [
    marked,
    ...wordList("Speak for it", "for", speaksFor),
    ...wordList("Speak against it", "against", against),
    element("p", { className: "quiet" }, ...reckoning(all, shown, label, restOf(text, found))),
  ];
}

// The text with its words marked: solid and + for the label, dashed and − against it.
function markedText(text, found, strengths) {
  const characters = Array.from(text);
  const parts = [];
  let at = 0;
  for (const { word, start, end } of found) {
    const strength = strengths.get(word.toLowerCase());
    if (!strength || start < at) continue;
    const size = Math.abs(strength) > 0.6 ? "much" : Math.abs(strength) > 0.25 ? "some" : "little";
    const mark = element("mark", { className: `${strength < 0 ? "against" : "for"} ${size}` }, word);
    parts.push(characters.slice(at, start).join(""), mark);
    at = end;
  }
  const rest = restOf(text, found);
  const read = characters.length - Array.from(rest).length;
  parts.push(characters.slice(at, read).join(""));
  return rest ? [...parts, element("s", {}, rest)] : parts;
}

// What stands behind the last token of a text that was cut; nothing where all was read.
function restOf(text, found) {
  const wasCut = tokens(text).length >= model.tokenizer.most_tokens;
  const rest = wasCut ? Array.from(text).slice(found.at(-1).end).join("") : "";
  return rest.trim() ? rest : "";
}

function wordList(title, kind, list) {
  if (!list.length) return [];
  const items = list.map(({ word, adds, times }) => {
    const often = times > 1 ? ` (${times} times)` : "";
    return element("li", { className: kind }, element("bdi", {}, word), ` ${signed(adds)}${often}`);
  });
  return [element("h4", {}, title), element("ul", { className: "words" }, ...items)];
}

// How the shares become the answer, so that a reader can add them up.
function reckoning(all, shown, label, rest) {
  const total = (list) => list.reduce((sum, one) => sum + one.adds, 0);
  const others = all.length - shown.length;
  const mean = model.thresholds ? "" : ", beside the mean of all labels";
  return [
    `What each word adds to the label’s logit${mean}; exact, as this model is a sum over words. `,
    others ? `${others} more word${others === 1 ? "" : "s"} together: ${signed(total(all) - total(shown))}. ` : "",
    `Without any word: ${signed(bias[label])}. All together: ${signed(total(all) + bias[label])}.`,
    rest ? " What is struck through was not read: the model cuts long texts." : "",
  ];
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
