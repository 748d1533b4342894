// Keeps the parts of a page that are marked `data-live` as they are on the server. Everything works without it.
"use strict";

(() => {
  const parts = () => document.querySelectorAll("[data-live][id]");
  if (!parts().length || !window.EventSource) return;

  // milliseconds: ages grow also where nothing happens; and between two fetches, however much happens
  const ALWAYS = 60000;
  const LEAST = 2000;

  let source = null;
  let version = null;
  let fetching = false;
  let again = false;
  let last = Date.now();
  let timer = 0;

  const inUse = (part) => {
    const focused = document.activeElement;
    return part.contains(focused) && focused.matches("input, select, textarea");
  };

  // what it is called, by which it is found again among what may stand elsewhere by then
  const named = (each) =>
    [each.tagName, each.id, each.getAttribute("href"), each.getAttribute("aria-label"), each.matches("a, button, summary") ? each.textContent : ""].join("|");
  const all = (root, what) => [...root.querySelectorAll(what)];

  // what a reader has opened, scrolled or focused stays so
  const swap = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML) return;
    const opened = new Map(all(part, "details").map((each) => [each.querySelector("summary")?.textContent, each.open]));
    const scrolled = new Map(all(part, ".table-box").map((each) => [named(each), [each.scrollLeft, each.scrollTop]]));
    const focused = part.contains(document.activeElement) ? named(document.activeElement) : null;
    part.replaceChildren(...fresh.childNodes);
    for (const each of all(part, "details")) each.open = opened.get(each.querySelector("summary")?.textContent) ?? each.open;
    for (const each of all(part, ".table-box")) [each.scrollLeft, each.scrollTop] = scrolled.get(named(each)) ?? [0, 0];
    if (focused) all(part, "a, button, summary, [tabindex]").find((each) => named(each) === focused)?.focus({ preventScroll: true });
  };

  const refresh = async () => {
    if (fetching) { again = true; return; }
    fetching = true;
    again = false;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of parts()) {
          const other = fresh.getElementById(part.id);
          if (other && !inUse(part)) swap(part, other);
        }
        document.documentElement.dataset.refreshed = String(Date.now());
      }
    } catch {
      // the server is away; the stream comes back by itself, and with it a version
    } finally {
      fetching = false;
      last = Date.now();
      if (again) later(LEAST);
    }
  };

  const later = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(() => { refresh().finally(() => later(ALWAYS)); }, delay);
  };

  const listen = () => {
    if (source) return;
    source = new EventSource("/live");
    source.addEventListener("version", (event) => {
      const known = version;
      version = event.data;
      if (known !== null && known !== version) later(Math.max(0, last + LEAST - Date.now()));
    });
    later(ALWAYS);
  };

  const rest = () => {
    source?.close();
    source = null;
    clearTimeout(timer);
  };

  // a page that nobody sees needs no stream: browsers have six connections for all pages of a host
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) rest();
    else { listen(); refresh(); }
  });
  window.addEventListener("pagehide", rest);
  if (!document.hidden) listen();
})();
