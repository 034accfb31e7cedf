/**
 * The line to the server: one event stream, and questions every 15 seconds while there is none.
 *
 * @typedef {"live" | "polling" | "offline" | "ended"} LineState
 * @typedef {{now: (now: object) => void, axis: (axis: object) => void, marks: (tail: object) => void,
 *   line: (state: LineState) => void, unsure: () => void}} Heard
 */

const QUIET_MS = 30_000; // longer without a word from the server, and nothing on the page may pass for now
const HALF_OPEN_MS = 22_000; // two heartbeats missed
const POLL_MS = 15_000;
const ANSWER_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;
const ENDED = [401, 403, 410];

/**
 * Listen until the page closes or the server says that it may no longer. Addresses are relative: the same page is
 * served at the root and behind a share link.
 * @param {number} after the change up to which the page already knows everything @param {Heard} heard
 */
export function listen(after, heard) {
  let seq = after;
  let source = null;
  let failures = 0;
  let retry = 0;
  let state = "";
  let latest_ms = 0;
  let heardAt = stamp();
  let asking = null;

  function tell(now) {
    if (now === state || state === "ended") return;
    state = now;
    heard.line(state);
  }

  function learn({ now, axis, marks }) {
    heardAt = stamp();
    if (now.now_ms < latest_ms) return;
    latest_ms = now.now_ms;
    seq = now.seq;
    if (axis) heard.axis(axis);
    if (marks) heard.marks(marks);
    heard.now(now);
  }

  function open() {
    clearTimeout(retry);
    source?.close();
    source = new EventSource(`events?after=${seq}`);
    source.addEventListener("glance", (event) => {
      failures = 0;
      tell("live");
      learn({ now: JSON.parse(event.data) });
    });
    source.addEventListener("marks", (event) => heard.marks(JSON.parse(event.data)));
    source.addEventListener("resync", () => ask());
    source.addEventListener("ended", end);
    source.onerror = lost;
  }

  function lost() {
    source?.close();
    source = null;
    if (state === "ended") return;
    failures += 1;
    const wait = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** failures);
    clearTimeout(retry);
    retry = setTimeout(open, wait * (0.5 + Math.random() / 2));
    ask();
  }

  function end() {
    tell("ended");
    clearTimeout(retry);
    clearInterval(watch);
    source?.close();
    source = null;
  }

  /** Ask for the present state at once. */
  async function ask() {
    asking?.abort();
    const question = new AbortController();
    asking = question;
    const patience = setTimeout(() => question.abort(), ANSWER_MS);
    try {
      const answer = await fetch(`now.json?after=${seq}`, { signal: question.signal, cache: "no-store" });
      if (ENDED.includes(answer.status)) return end();
      if (!answer.ok) return;
      const news = await answer.json();
      if (source?.readyState !== EventSource.OPEN) tell("polling");
      learn(news);
    } catch {
      // No answer: the watch below decides when that means offline.
    } finally {
      clearTimeout(patience);
      lookAtSilence();
    }
  }

  function lookAtSilence() {
    const quiet = since(heardAt);
    if (quiet > QUIET_MS) tell("offline");
    if (source && quiet > HALF_OPEN_MS) lost();
  }

  let asked = stamp();
  const watch = setInterval(() => {
    lookAtSilence();
    if (!source && since(asked) >= POLL_MS) {
      asked = stamp();
      ask();
    }
  }, 1000);

  function back() {
    if (state === "ended") return;
    heard.unsure();
    ask();
    if (!source || since(heardAt) > HALF_OPEN_MS) open();
  }

  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && back());
  window.addEventListener("pageshow", (event) => event.persisted && back());
  window.addEventListener("online", back);
  window.addEventListener("pagehide", () => source?.close());
  open();
}

/** A moment on both clocks: one stands still while a phone sleeps, the other may be set. */
const stamp = () => ({ wall: Date.now(), steady: performance.now() });
const since = (moment) => Math.max(Date.now() - moment.wall, performance.now() - moment.steady);
