/**
 * Draws readings and what was done as SVG. It draws only: every place on the axis, range and text comes from the server.
 *
 * @typedef {[at_s: number, place: number, text: string, range: string]} Reading  place: 0 (bottom) to 1000 (top)
 * @typedef {[at_s: number, kind: "carbs" | "insulin", text: string, amount: number, small: boolean]} Mark
 * @typedef {[from_s: number, to_s: number, rate: number, text: string]} Basal  rate: U/h
 * @typedef {{readings: Reading[], fingers: Reading[], marks: Mark[], basal: Basal[]}} Marks
 * @typedef {{ticks: {place: number, text: string, kind: "target" | "edge"}[], unit: string, zone: string, missing_s: number,
 *   ranges: Record<string, string>}} Axis
 * @typedef {{from_s: number, to_s: number, now_s: number, current: boolean}} View
 * @typedef {{x: (at_s: number) => number, y: (place: number) => number, right: number, bottom: number, dot: number, text: number}} Scale
 */

const NS = "http://www.w3.org/2000/svg";
// In px at the usual size of text; what holds text grows with it.
const HOURS_HEIGHT = 24;
const GUTTER = 34;
const LABEL_HEIGHT = 14;
const LETTER_WIDTH = 7;
const TOP = 8;
const QUARTER_S = 900;

/** Make an SVG element. */
export function shape(name, attributes = {}, ...children) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Write the time of day in the person's zone. */
export function clockIn(zone) {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return (at_s) => format.format(at_s * 1000);
}

/** Index of the first row at or after a moment; rows are sorted by their first member. */
export function firstFrom(rows, at_s) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle][0] < at_s) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The rows of a stretch of time. */
export function within(rows, from_s, to_s) {
  return rows.slice(firstFrom(rows, from_s), firstFrom(rows, to_s + 1));
}

/** Paths of many points, one for each range, so that a day of minutes stays a handful of elements. */
export function points(readings, scale) {
  const paths = {};
  for (const [at_s, place, , range] of readings) {
    paths[range] = (paths[range] ?? "") + outline(range, scale.x(at_s), scale.y(place), scale.dot);
  }
  return Object.entries(paths).map(([range, d]) => shape("path", { class: `at-${range}`, d }));
}

/** In range a circle, below a triangle pointing down, above a square: shape alone tells. */
function outline(range, x, y, r) {
  if (range.endsWith("low")) return downwards(x, y, r * 1.4);
  if (range.endsWith("high")) {
    const side = r * 1.8;
    return `M${fixed(x - side / 2)} ${fixed(y - side / 2)}h${fixed(side)}v${fixed(side)}h${fixed(-side)}z`;
  }
  return `M${fixed(x - r)} ${fixed(y)}a${fixed(r)} ${fixed(r)} 0 1 0 ${fixed(2 * r)} 0a${fixed(r)} ${fixed(r)} 0 1 0 ${fixed(-2 * r)} 0z`;
}

const fixed = (number) => number.toFixed(1);
const downwards = (x, y, s) => `M${fixed(x - s)} ${fixed(y - s * 0.8)}h${fixed(2 * s)}l${fixed(-s)} ${fixed(s * 1.7)}z`;
const upwards = (x, y, s) => `M${fixed(x - s)} ${fixed(y + s * 0.8)}h${fixed(2 * s)}l${fixed(-s)} ${fixed(-s * 1.7)}z`;
const diamond = (x, y, s) => `M${fixed(x - s)} ${fixed(y)}l${s} ${-s} ${s} ${s} ${-s} ${s}z`;

/** @returns {Scale} */
export function scaleOf(width, height, view) {
  const text = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const right = width - GUTTER * text;
  const bottom = height - HOURS_HEIGHT * text;
  const perSecond = right / (view.to_s - view.from_s);
  return {
    x: (at_s) => (at_s - view.from_s) * perSecond,
    y: (place) => TOP + (1 - place / 1000) * (bottom - TOP),
    right,
    bottom,
    text,
    dot: Math.min(3.6, Math.max(1.5, perSecond * 300 * 0.42)),
  };
}

/**
 * Draw everything anew.
 * @param {SVGSVGElement} svg @param {Marks} marks @param {Axis} axis @param {View} view @returns {Scale}
 */
export function draw(svg, marks, axis, view) {
  const { clientWidth: width, clientHeight: height } = svg.parentElement;
  const scale = scaleOf(width, height, view);
  const margin_s = (view.to_s - view.from_s) * 0.02;
  const readings = within(marks.readings, view.from_s - margin_s, view.to_s);
  const fingers = within(marks.fingers, view.from_s - margin_s, view.to_s);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(
    hatch(),
    ...grid(axis, scale),
    ...hours(axis, view, scale),
    ...missing(marks.readings, axis, view, scale),
    ...basal(marks.basal, view, scale),
    ...nowLine(view, scale),
    ...points(readings, scale),
    ...fingers.map(([at_s, place, , range]) =>
      shape("path", { class: `finger at-${range}`, d: diamond(scale.x(at_s), scale.y(place), 6) })),
    ...sentinels(readings, scale),
    ...last(marks.readings, view, scale),
    ...treatments(marks, view, scale),
    shape("g", { class: "cursor-layer" }),
  );
  return scale;
}

function hatch() {
  const pattern = shape("pattern", { id: "hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(shape("line", { class: "missing", x1: 0, y1: 0, x2: 0, y2: 8, "stroke-width": 1.5 }));
  return shape("defs", {}, pattern);
}

function grid(axis, scale) {
  const targets = axis.ticks.filter((tick) => tick.kind === "target").map((tick) => scale.y(tick.place));
  const top = Math.min(...targets);
  const lines = axis.ticks.flatMap(({ place, text, kind }) => {
    const y = Math.round(scale.y(place)) + 0.5;
    return [
      shape("line", { class: kind, x1: 0, x2: scale.right, y1: y, y2: y }),
      shape("text", { x: scale.right + 6, y: y + 4 * scale.text }, text),
    ];
  });
  return [shape("rect", { class: "wash", x: 0, y: top, width: scale.right, height: Math.max(...targets) - top }), ...lines];
}

/** Full hours by the person's own clock: found by asking it, since a day can have 23 or 25 of them. */
function hours(axis, view, scale) {
  const clock = clockIn(axis.zone);
  const room = Math.max(52 * scale.text, scale.right / 9);
  const step = [1, 2, 3, 4, 6, 12].find((hours) => (hours * 3600 * scale.right) / (view.to_s - view.from_s) >= room) ?? 12;
  const found = [];
  for (let at_s = Math.ceil(view.from_s / QUARTER_S) * QUARTER_S; at_s < view.to_s; at_s += QUARTER_S) {
    const text = clock(at_s);
    const x = scale.x(at_s);
    if (text.endsWith(":00") && Number(text.slice(0, 2)) % step === 0 && x > 20 * scale.text && x < scale.right - 12 * scale.text) {
      found.push(shape("text", { x, y: scale.bottom + 17 * scale.text, "text-anchor": "middle" }, text));
    }
  }
  return found;
}

/** Stretches without a reading are hatched and never joined by a line. */
function missing(readings, axis, view, scale) {
  const until = Math.min(view.now_s, view.to_s);
  const seen = within(readings, view.from_s - axis.missing_s, until).map(([at_s]) => at_s);
  const edges = [Math.min(view.from_s - axis.missing_s, seen[0] ?? Infinity), ...seen, until];
  const stretches = [];
  for (let i = 1; i < edges.length; i += 1) {
    if (edges[i] - edges[i - 1] <= axis.missing_s) continue;
    const from = Math.max(0, scale.x(edges[i - 1]) + scale.dot + 2);
    const to = scale.x(edges[i]) - (i === edges.length - 1 ? 0 : scale.dot + 2);
    if (to > from) stretches.push(shape("rect", { x: from, y: TOP, width: to - from, height: scale.bottom - TOP, fill: "url(#hatch)" }));
  }
  return stretches;
}

/** Basal hangs from the top where a temp basal ran; a rate of zero keeps its line, the unknown has none. */
function basal(spans, view, scale) {
  const shown = spans.filter(([from, to]) => to > view.from_s && from < view.to_s);
  const perUnit = ((scale.bottom - TOP) * 0.1) / Math.max(0.01, ...shown.map(([, , rate]) => rate));
  return shown.flatMap(([from, to, rate]) => {
    const x = Math.max(0, scale.x(from));
    const width = Math.max(0, Math.min(scale.right, scale.x(Math.min(to, view.now_s))) - x);
    const deep = rate * perUnit;
    return [
      shape("rect", { class: "basal", x, y: 0, width, height: deep }),
      shape("path", { class: "basal-edge", d: `M${fixed(x)} 0.5h${fixed(width)}M${fixed(x)} 0v${fixed(deep)}`, fill: "none" }),
    ];
  });
}

function nowLine(view, scale) {
  if (view.now_s > view.to_s) return [];
  const x = Math.round(scale.x(view.now_s)) + 0.5;
  return [shape("line", { class: "now-line", x1: x, x2: x, y1: 0, y2: scale.bottom })];
}

/** LOW and HIGH have no number: they lie on the edge of the chart, and the first of each run has the word beside it. */
function sentinels(readings, scale) {
  const found = [];
  let previous = "";
  for (const [at_s, place, text, range] of readings) {
    const word = /^\d/.test(text) ? "" : text;
    if (word && word !== previous) {
      const x = scale.x(at_s);
      const roomy = x > 48;
      const at = roomy ? { x: x - 13, y: scale.y(place) + 4 } : { x: 6, y: scale.y(place) + (place > 500 ? 20 : -10) };
      found.push(shape("text", { class: `sentinel at-${range}`, ...at, "text-anchor": roomy ? "end" : "start" }, word));
    }
    previous = word;
  }
  return found;
}

function last(readings, view, scale) {
  const newest = readings.at(-1);
  if (!newest || !view.current || newest[0] < view.from_s || newest[0] > view.to_s) return [];
  const r = Math.max(7, scale.dot * 2.4);
  return [shape("circle", { class: `ring at-${newest[3]}`, cx: scale.x(newest[0]), cy: scale.y(newest[1]), r })];
}

/** Carbs point down from above the curve, insulin up from below it; small automatic doses are marks without a label. */
function treatments(marks, view, scale) {
  const drawn = [];
  const taken = [];
  const shown = marks.marks.filter(([at_s]) => at_s >= view.from_s && at_s <= view.to_s);
  for (const [at_s, kind, text, , small] of shown.sort((a, b) => b[3] - a[3])) {
    const x = scale.x(at_s);
    const side = kind === "carbs" ? -1 : 1;
    const size = small ? 3 : 6;
    const y = clamp(scale.y(curveAt(marks.readings, at_s)) + side * (small ? 11 : 16), TOP + 26, scale.bottom - 22);
    drawn.push(shape("path", { class: kind, d: (side < 0 ? downwards : upwards)(x, y, size) }));
    const label = small ? null : placed(text, x, y, side, taken, scale);
    if (label) drawn.push(shape("text", { class: kind, x: label.x, y: label.y, "text-anchor": "middle" }, text));
  }
  return drawn;
}

/** Where a label has room: beside its mark, or up to two lines further out; else nowhere, and the mark stands alone. */
function placed(text, x, y, side, taken, scale) {
  const half = (text.length * LETTER_WIDTH * scale.text) / 2;
  const high = LABEL_HEIGHT * scale.text;
  const middle = clamp(x, half + 2, scale.right - half - 2);
  for (let line = 0; line < 3; line += 1) {
    const base = y + side * (11 + line * high) + (side > 0 ? high - 6 : 0);
    const box = [middle - half - 3, base - high + 2, middle + half + 3, base + 2];
    if (base < high || base > scale.bottom) return null;
    if (!taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) {
      taken.push(box);
      return { x: middle, y: base };
    }
  }
  return null;
}

const clamp = (number, least, most) => Math.max(least, Math.min(most, number));

/** The curve's place at a moment, between its neighbours; the middle where there is no curve. */
function curveAt(readings, at_s) {
  const after = readings[firstFrom(readings, at_s)];
  const before = readings[firstFrom(readings, at_s) - 1];
  const near = [before, after].filter((reading) => reading && Math.abs(reading[0] - at_s) <= 1200);
  if (near.length < 2) return near[0]?.[1] ?? 500;
  return before[1] + ((after[1] - before[1]) * (at_s - before[0])) / (after[0] - before[0] || 1);
}
