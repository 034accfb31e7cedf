/**
 * The page of now: shows what the server says, word for word, and says so when the server is silent.
 */

import { history } from "./history.js";
import { listen } from "./live.js";

const LINE_WORDS = { live: "Live", polling: "Polling", offline: "Offline", ended: "Ended" };
const SILENT = {
  offline: { words: "No contact with the server", broken: "This page last heard from the server at", link: "no contact since" },
  ended: { words: "This page has ended", broken: "Load the page anew to go on. It ended at", link: "ended at" },
};
const DASHES = "–––";

const page = JSON.parse(document.getElementById("page-data").textContent);
const glance = document.querySelector(".glance");
const chart = history(document.querySelector(".history"), page.axis, page.marks);
const line = document.querySelector("[data-line]");
let latest = page.now;
let latestHeard = Date.now();
let shown = page.now;

/** Show values as the server's template does: the same names, attributes and rows. */
function show(values) {
  for (const element of document.querySelectorAll("[data-value]")) {
    const text = values[element.dataset.value];
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of document.querySelectorAll("[data-if]")) element.hidden = !values[element.dataset.if];
  for (const element of document.querySelectorAll("[data-unless]")) element.hidden = Boolean(values[element.dataset.unless]);
  for (const list of document.querySelectorAll("[data-list]")) fill(list, values[list.dataset.list]);
  for (const name of ["state", "range", "grey", "struck", "wide"]) glance.dataset[name] = values[name];
  const arrow = glance.querySelector(".arrow");
  arrow.dataset.arrow = values.arrow;
  arrow.setAttribute("aria-label", values.trend);
  document.body.dataset.health = values.health;
  document.title = values.title;
}

/** Have one child for each row, made from the list's template, and set its texts. */
function fill(list, rows) {
  const template = list.querySelector("template");
  const children = [...list.children].filter((child) => child !== template);
  list.hidden = rows.length === 0;
  rows.forEach((row, index) => {
    const element = children[index] ?? list.appendChild(template.content.firstElementChild.cloneNode(true));
    element.dataset.tone = row.tone ?? "";
    for (const cell of element.querySelectorAll("[data-cell]")) {
      if (cell.textContent !== row[cell.dataset.cell]) cell.textContent = row[cell.dataset.cell];
    }
  });
  for (const extra of children.slice(rows.length)) extra.remove();
}

/** Tell a screen reader: at once when range or state changed, politely of a new reading. */
function announce(before, after) {
  if (before.range !== after.range || before.state !== after.state) {
    document.getElementById("urgent").textContent = after.spoken;
  } else if (before.at_ms !== after.at_ms) {
    document.getElementById("polite").textContent = after.spoken;
  }
}

/** What may still be said when the server is silent: dashes instead of values, and that the last link broke. */
function silent(state) {
  const { words, broken, link } = SILENT[state];
  return {
    ...latest,
    state: "lost",
    health: "lost",
    range: "",
    number: DASHES,
    grey: true,
    struck: false,
    wide: false,
    arrow: "",
    trend: "",
    words,
    spoken: `${words}.`,
    title: `${words} · Nightlight`,
    lines: [],
    broken: `${broken} ${latest.clock}.`,
    links: "",
    facts: latest.facts.map((fact) => ({ ...fact, text: "–", tone: "old" })),
    chain: latest.chain.map((row) => row.page
      ? { ...row, text: `${link} ${latest.clock}`, tone: "now" }
      : { ...row, text: "unknown", tone: "" }),
  };
}

/** The same values with what only the page itself knows: how it is connected. */
function withLine(values) {
  return { ...values, chain: values.chain.map((row) => (row.page ? { ...row, text: line.textContent.toLowerCase() } : row)) };
}

function present(values) {
  announce(shown, values);
  shown = values;
  show(values);
}

/** Let the chart's time pass without the server, so that what is missing grows; every ten seconds until it is back. */
function goOnWithout() {
  if (shown.state !== "lost") return;
  chart.at(latest.now_ms + Date.now() - latestHeard, false);
  setTimeout(goOnWithout, 10_000);
}

glance.dataset.attended = "";
chart.at(latest.now_ms, latest.current);

listen(latest.seq, {
  now(values) {
    latest = values;
    latestHeard = Date.now();
    delete glance.dataset.unsure;
    present(withLine(values));
    chart.at(values.now_ms, values.current);
  },
  axis: chart.measureBy,
  marks: chart.take,
  line(state) {
    if (state === "ended" && document.body.dataset.whenEnded === "reload") return location.reload();
    line.textContent = LINE_WORDS[state];
    if (!SILENT[state]) return present(withLine(latest));
    present(silent(state));
    goOnWithout();
  },
  unsure() {
    glance.dataset.unsure = "";
  },
});
