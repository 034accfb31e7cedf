/**
 * Keeps the list of remote commands current: when the server tells of a change, the list is fetched anew; without a
 * stream it is fetched now and then. Without this script the page is as it was when it was loaded.
 */

const WITHOUT_STREAM_MS = 15000;
const list = document.querySelector('[data-part="commands"]');
let shown = "";
let place = "";
let asking = false;
let stale = false;

/** Fetch the list, once more when something changed meanwhile. A hidden page waits until it is looked at. */
async function refresh() {
  stale = true;
  if (asking || document.visibilityState === "hidden") return;
  asking = true;
  while (stale) {
    stale = false;
    await fetchList();
  }
  asking = false;
}

async function fetchList() {
  try {
    const answer = await fetch(location.pathname, { headers: { "X-In-Place": "1" }, cache: "no-store" });
    // Not the list: the session has ended, or the server has trouble to tell of.
    if (!answer.headers.get("X-In-Place")) return location.reload();
    const news = await answer.text();
    if (news !== shown) list.innerHTML = shown = news;
  } catch {
    // No answer: the next change or the next look brings it.
  }
}

const stream = new EventSource("/events");
stream.addEventListener("glance", (event) => {
  if (event.lastEventId !== place) refresh();
  place = event.lastEventId;
});
stream.addEventListener("ended", () => location.reload());
stream.addEventListener("error", () => {
  if (stream.readyState === EventSource.CLOSED) setInterval(refresh, WITHOUT_STREAM_MS);
});
document.addEventListener("visibilitychange", refresh);
window.addEventListener("pagehide", () => stream.close());
