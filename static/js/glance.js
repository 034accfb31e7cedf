/**
 * The page of now: shows what the server says, word for word, and says so when the server is silent.
 */

import { history } from "./history.js";
import { listen } from "./live.js";

const LINE_WORDS = { live: "Live", polling: "Polling", offline: "Offline", ended: "Ended" };

const page = JSON.parse(document.getElementById("page-data").textContent);
const glance = document.querySelector(".glance");
const status = document.querySelector("[data-line]");
const chart = history(document.querySelector(".history"), page.axis, page.marks);
let now = page.now;
let line = "live";

/** Show values as the server's own template does: the same names, attributes and rows. */
function show(values) {
  for (const element of document.querySelectorAll("[data-value]")) {
    const text = values[element.dataset.value] ?? "";
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of document.querySelectorAll("[data-needs]")) element.hidden = !values[element.dataset.needs];
  for (const list of document.querySelectorAll("[data-list]")) fill(list, values[list.dataset.list]);
  Object.assign(glance.dataset, { state: values.state, level: values.level, struck: values.struck });
  glance.querySelector(".value").dataset.wide = values.wide;
  const arrow = glance.querySelector(".arrow");
  arrow.dataset.arrow = values.arrow;
  arrow.setAttribute("aria-label", values.direction);
  document.body.dataset.health = values.health;
  document.title = values.title;
}

/** Have one child for each row, made from the list's template, and set its texts. */
function fill(list, rows) {
  const template = list.querySelector("template");
  const shown = [...list.children].filter((child) => child !== template);
  list.hidden = rows.length === 0;
  rows.forEach((row, index) => {
    const element = shown[index] ?? list.appendChild(template.content.firstElementChild.cloneNode(true));
    element.dataset.tone = row.tone ?? "";
    for (const cell of element.querySelectorAll("[data-cell]")) cell.textContent = row[cell.dataset.cell];
  });
  for (const extra of shown.slice(rows.length)) extra.remove();
}

/** Tell a screen reader: politely of a new reading, at once when the level or the state changed. */
function announce(before, after) {
  if (before.level !== after.level || before.state !== after.state) {
    document.getElementById("urgent").textContent = after.said;
  } else if (before.reading_ms !== after.reading_ms) {
    document.getElementById("polite").textContent = after.said;
  }
}

/** What remains to be said when the server is silent: dashes, and which link broke. */
function silent(ended) {
  const words = ended ? page.ended : page.lost;
  return {
    ...now,
    state: "lost",
    level: "",
    health: "lost",
    struck: false,
    wide: false,
    number: now.dashes,
    arrow: "",
    direction: "",
    delta: "",
    age: "",
    words: words.words,
    broken: words.broken.replace("{clock}", now.clock),
    links: words.links,
    said: words.words,
    title: `${words.words} · Nightlight`,
    facts: now.facts.map((fact) => ({ ...fact, tone: "old" })),
    chain: now.chain.map((link) => (link.page ? { ...link, ...words.link } : link)),
  };
}

function present(values) {
  announce(shown, values);
  shown = values;
  show(values);
}

let shown = now;
chart.at(now.at_ms, now.current);

listen(now.seq, {
  now(values) {
    now = values;
    delete glance.dataset.unsure;
    present(values);
    chart.at(values.at_ms, values.current);
  },
  marks: ({ from_s, ...fresh }) => chart.take(from_s, fresh),
  line(state) {
    line = state;
    status.textContent = LINE_WORDS[line];
    if (line === "offline" || line === "ended") {
      present(silent(line === "ended"));
      chart.at(now.at_ms, false);
    }
  },
  unsure() {
    glance.dataset.unsure = "";
  },
});
