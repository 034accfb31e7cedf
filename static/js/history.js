/**
 * The history: which hours are shown, what is pointed at, the brush over the last day, and the table of the same hours.
 *
 * @import {Marks, Axis, Reading, Mark} from "./chart.js"
 * @typedef {{at_s: number, place: number | null, value: string, said: string[]}} Stop
 */

import { clockIn, draw, points, scaleOf, shape, within } from "./chart.js";

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const TOGETHER_S = 150;
const BRUSH_STEP_S = HOUR_S / 4;
const REMEMBERED = "nightlight.hours";

/**
 * Bring the history to life.
 * @param {HTMLElement} root @param {Axis} axis @param {Marks} marks
 */
export function history(root, axis, marks) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const plot = part("plot");
  const svg = plot.querySelector("svg");
  const brush = part("brush");
  const line = part("inspected");
  const table = part("table");
  const buttons = [...part("ranges").querySelectorAll("button[data-hours]")];
  const backToNow = part("back");
  const clock = clockIn(axis.zone);
  const state = { hours: remembered(), end_s: null, now_s: 0, current: true, pointed_s: null, scale: null, stops: null };

  const end = () => state.end_s ?? state.now_s;
  const view = () => ({
    from_s: end() - state.hours * HOUR_S,
    // Room beside the last reading, so that its ring is whole.
    to_s: end() + (state.end_s === null ? state.hours * HOUR_S * 0.05 : 0),
    now_s: state.now_s,
    current: state.current,
  });

  function redraw() {
    if (!plot.clientWidth) return;
    state.scale = draw(svg, marks, axis, view());
    state.stops = null;
    drawBrush();
    inspect(state.pointed_s);
    if (table.open) fillTable();
  }

  /** @returns {Stop[]} what can be pointed at: each reading with what was done then, and what was done without one */
  function stops() {
    state.stops ??= findStops(view());
    return state.stops;
  }

  function findStops({ from_s, to_s }) {
    const readings = [...marks.readings, ...marks.fingers.map((finger) => [...finger, "finger"])].sort((a, b) => a[0] - b[0]);
    const done = [...within(marks.marks, from_s, to_s)];
    const found = within(readings, from_s, to_s).map(([at_s, place, text, range, finger]) => ({
      at_s, place, value: `${text} ${axis.unit}`, said: [axis.ranges[range], ...(finger ? ["finger"] : [])],
    }));
    for (const [at_s, kind, text] of done) {
      const words = kind === "carbs" ? `${text} carbs` : `${text} insulin`;
      const beside = found.find((stop) => stop.place !== null && Math.abs(stop.at_s - at_s) <= TOGETHER_S);
      if (beside) beside.said.push(words);
      else found.push({ at_s, place: null, value: words, said: [] });
    }
    return found.sort((a, b) => a.at_s - b.at_s);
  }

  function said(stop) {
    const running = marks.basal.find(([from_s, to_s]) => from_s <= stop.at_s && stop.at_s < to_s);
    return running ? [...stop.said, `basal ${running[3]}`] : stop.said;
  }

  const nearest = (at_s) => stops().reduce((best, stop) =>
    best && Math.abs(best.at_s - at_s) <= Math.abs(stop.at_s - at_s) ? best : stop, null);

  /** Show one stop in the fixed line and on the chart, or the hours in view when there is none. */
  function show(stop) {
    const layer = svg.querySelector(".cursor-layer");
    layer?.replaceChildren();
    if (!stop) {
      line.replaceChildren(caption());
    } else {
      const value = document.createElement("b");
      value.textContent = stop.value;
      line.replaceChildren(`${clock(stop.at_s)}  `, value, said(stop).map((words) => ` · ${words}`).join(""));
      const x = state.scale.x(stop.at_s);
      layer?.append(shape("line", { class: "cursor", x1: x, x2: x, y1: 0, y2: state.scale.bottom }));
      if (stop.place !== null) layer?.append(shape("circle", { class: "cursor-ring", cx: x, cy: state.scale.y(stop.place), r: 7 }));
    }
    plot.setAttribute("aria-valuetext", stop ? [clock(stop.at_s), stop.value, ...said(stop)].join(", ") : caption());
  }

  function caption() {
    if (state.end_s === null) return `Last ${state.hours} hours`;
    return `${clock(end() - state.hours * HOUR_S)} to ${clock(end())}`;
  }

  function inspect(at_s) {
    state.pointed_s = at_s;
    show(at_s === null ? null : nearest(at_s));
  }

  function pointed(event) {
    const { from_s, to_s } = view();
    const inside = (event.clientX - plot.getBoundingClientRect().left) / state.scale.right;
    inspect(from_s + Math.min(1, Math.max(0, inside)) * (to_s - from_s));
  }

  plot.addEventListener("pointerdown", pointed);
  plot.addEventListener("pointermove", pointed);
  // A finger that lifts leaves its reading in the line until something else is touched.
  plot.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && inspect(null));
  plot.addEventListener("blur", () => inspect(null));
  plot.addEventListener("keydown", (event) => {
    const all = stops();
    const here = state.pointed_s === null ? all.length : all.indexOf(nearest(state.pointed_s));
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, PageUp: here - 12, PageDown: here + 12, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape") inspect(null);
    if (to === undefined || !all.length) return;
    event.preventDefault();
    inspect(all[Math.min(all.length - 1, Math.max(0, to))].at_s);
  });

  // ---- ranges

  function choose(hours) {
    state.hours = hours;
    remember(hours);
    for (const button of buttons) button.setAttribute("aria-pressed", String(Number(button.dataset.hours) === hours));
    moveTo(state.end_s);
  }

  for (const button of buttons) button.addEventListener("click", () => choose(Number(button.dataset.hours)));
  backToNow.addEventListener("click", () => {
    moveTo(null);
    plot.focus();
  });

  /** Look at hours that end at a moment; null is now, and stays now. */
  function moveTo(end_s) {
    const earliest = state.now_s - DAY_S + state.hours * HOUR_S;
    state.end_s = end_s === null || end_s >= state.now_s - 60 || earliest >= state.now_s ? null : Math.max(earliest, end_s);
    state.pointed_s = null;
    backToNow.hidden = state.end_s === null;
    redraw();
  }

  // ---- brush

  function drawBrush() {
    const width = brush.clientWidth;
    const height = brush.clientHeight;
    if (!width) return;
    const day = { from_s: state.now_s - DAY_S, to_s: state.now_s };
    const x = (at_s) => ((at_s - day.from_s) / DAY_S) * width;
    const scale = { ...scaleOf(width, height, day), x, y: (place) => 6 + (1 - place / 1000) * (height - 12), dot: 1 };
    const picture = brush.querySelector("svg");
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const from = x(end() - state.hours * HOUR_S);
    picture.replaceChildren(
      ...points(within(marks.readings, day.from_s, day.to_s), scale),
      shape("rect", { class: "brush-window", x: from + 0.5, y: 0.5, width: x(end()) - from - 1, height: height - 1, rx: 6 }),
    );
    brush.setAttribute("aria-valuenow", String(Math.round((end() - state.now_s) / 60)));
    brush.setAttribute("aria-valuetext", caption());
  }

  function dragged(event) {
    const box = brush.getBoundingClientRect();
    const middle = state.now_s - DAY_S + ((event.clientX - box.left) / box.width) * DAY_S;
    moveTo(middle + (state.hours * HOUR_S) / 2);
  }

  brush.addEventListener("pointerdown", (event) => {
    brush.setPointerCapture(event.pointerId);
    dragged(event);
  });
  brush.addEventListener("pointermove", (event) => {
    if (brush.hasPointerCapture(event.pointerId)) dragged(event);
  });
  brush.addEventListener("keydown", (event) => {
    const to = {
      ArrowLeft: end() - BRUSH_STEP_S, ArrowRight: end() + BRUSH_STEP_S, PageUp: end() - state.hours * HOUR_S,
      PageDown: end() + state.hours * HOUR_S, Home: 0, End: null,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    moveTo(to);
  });

  // ---- table

  function fillTable() {
    const { from_s, to_s } = view();
    const rows = [
      ...within(marks.readings, from_s, to_s).map(([at, , text, range]) => [at, `${text} ${axis.unit}`, axis.ranges[range]]),
      ...within(marks.fingers, from_s, to_s).map(([at, , text, range]) => [at, `${text} ${axis.unit}`, `${axis.ranges[range]}, finger`]),
      ...within(marks.marks, from_s, to_s).map(([at, kind, text]) => [at, text, kind]),
    ].sort((a, b) => b[0] - a[0]);
    table.querySelector("caption").textContent = caption();
    table.querySelector("tbody").replaceChildren(...rows.map(([at_s, ...texts]) => {
      const row = document.createElement("tr");
      const time = document.createElement("th");
      time.scope = "row";
      time.className = "number";
      time.textContent = clock(at_s);
      row.append(time, ...texts.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
      return row;
    }));
  }

  table.addEventListener("toggle", () => table.open && fillTable());
  new ResizeObserver(redraw).observe(plot);

  function remembered() {
    const hours = Number(storage()?.getItem(REMEMBERED));
    if (buttons.some((button) => Number(button.dataset.hours) === hours)) return hours;
    return matchMedia("(min-width: 1000px)").matches ? 6 : 3;
  }

  return {
    /** Take another axis: the person's limits or unit have changed. */
    measureBy(fresh) {
      Object.assign(axis, fresh);
    },
    /** Tell what time it is by the server's clock, and whether the newest reading may be read as now. */
    at(now_ms, current) {
      const first = state.now_s === 0;
      Object.assign(state, { now_s: Math.floor(now_ms / 1000), current });
      if (first) choose(state.hours);
      else redraw();
    },
    /** Take marks that replace all from a moment on; a basal belongs there when it ends there or later. */
    take({ from_s, ...fresh }) {
      const oldest_s = state.now_s - DAY_S - HOUR_S;
      for (const kind of ["readings", "fingers", "marks"]) {
        marks[kind] = [...within(marks[kind], oldest_s, from_s - 1), ...fresh[kind]];
      }
      marks.basal = [...marks.basal.filter(([, to_s]) => to_s >= oldest_s && to_s < from_s), ...fresh.basal];
    },
  };
}

/** The browser's storage, or nothing where it is refused. */
function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function remember(hours) {
  try {
    storage()?.setItem(REMEMBERED, String(hours));
  } catch {
    // A full or refused storage only means that the next visit starts with the usual hours.
  }
}
