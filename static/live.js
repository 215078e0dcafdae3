"use strict";

// Keeps a page up to date without moving what somebody is about to click: rows change where they are, new ones wait
// behind a button, those that went stay and say so. It does nothing while something is selected, open or marked.
(() => {
  const live = document.getElementById("live");
  const state = document.getElementById("live-state");
  if (!live || !state) return;
  const words = state.dataset;
  const [toggle, every] = [state.querySelector("[data-live-switch]"), state.querySelector("[data-live-every]")];
  const newer = document.getElementById("newer");
  const lost = document.getElementById("lost");
  const BEAT = 250, PATIENCE = 2500, LONGEST = 30e3, IDLE = 60e3;
  const KEPT = "unstick-live";

  let { on, seconds } = kept();
  let due = performance.now() + seconds * 1000, asking = false, failures = 0, asOf = new Date();
  let touched = performance.now(), pressed = false, era = 0;
  let page = null; // the newest answer, as a document
  const waiting = new Map(); // what changed under the pointer, by id

  function kept() {
    try {
      const { on = true, seconds = 2 } = JSON.parse(localStorage.getItem(KEPT)) || {};
      return { on: on !== false, seconds: Math.min(Math.max(Number(seconds) || 2, 1), 30) };
    } catch { return { on: true, seconds: 2 }; }
  }

  function keep() {
    try { localStorage.setItem(KEPT, JSON.stringify({ on, seconds })); } catch { /* it holds for this page then */ }
    due = 0;
    show();
  }

  const say = (words, ...values) => values.reduce((text, value) => text.replace("{}", value), words);

  function why() {
    const bar = document.getElementById("selection");
    if (bar?.classList.contains("on")) return say(words.selected, bar.querySelector("[data-number]").textContent);
    if (document.querySelector("dialog[open]")) return words.asks;
    if (document.querySelector("details.adder[open]") || document.getElementById("suggestions")?.firstElementChild) return words.menu;
    const marked = getSelection();
    if (!marked.isCollapsed && document.getElementById("content").contains(marked.anchorNode)) return words.text;
    return "";
  }

  function show() {
    const paused = on && !failures ? why() : "";
    const label = !on ? words.off : failures ? words.away : paused || words.live;
    const text = toggle.querySelector(".label");
    const is = !on ? "off" : failures ? "away" : paused ? "paused" : "on";
    if (text.textContent !== label) text.textContent = label;
    if (state.dataset.is === is) return is === "on" || is === "away";
    state.dataset.is = is;
    toggle.setAttribute("aria-pressed", on);
    lost.hidden = is !== "away";
    return is === "on" || is === "away";
  }

  function beat() {
    if (document.hidden || !show() || pressed) return;
    for (const [id, html] of waiting) if (!busy(document.getElementById(id))) { waiting.delete(id); put([[id, html]]); }
    if (page && performance.now() - touched > IDLE && !busy(document.getElementById("list"))) showNew();
    if (!asking && performance.now() >= due) ask();
  }

  async function ask() {
    asking = true;
    const begun = era;
    let refused = false;
    const url = new URL(location.href);
    url.searchParams.set("v", live.dataset.v);
    try {
      const headers = { "HX-Request": "true", "HX-Request-Type": "partial" };
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE) });
      const text = await answer.text();
      const next = new DOMParser().parseFromString(text, "text/html");
      refused = answer.status !== 204 && !next.getElementById("live");
      if (refused) throw new Error(next.querySelector(".problem p")?.textContent || words.odd);
      failures = 0;
      asOf = new Date();
      if (answer.status !== 204 && show() && !pressed && begun === era) await take(next);
    } catch (error) {
      failures += 1;
      const since = say(words.since, asOf.toLocaleTimeString(document.documentElement.lang));
      lost.textContent = `${refused ? error.message : words.lost} ${since}`;
      if (failures === 1) announce(lost.textContent);
      show();
    }
    const jitter = 0.9 + Math.random() * 0.2;
    due = performance.now() + Math.min(seconds * 1000 * 2 ** failures, Math.max(LONGEST, seconds * 1000)) * jitter;
    asking = false;
  }

  // Under the pointer, or with the focus in it: it is left as it is until both are elsewhere.
  const busy = (element) => element && (element.matches(":hover") || element.contains(document.activeElement));
  const rowsOf = (page) => new Map([...page.querySelectorAll("#list tr[data-is]")].map((row) => [row.id, row]));

  async function take(next) {
    live.dataset.v = next.getElementById("live").dataset.v;
    const [here, there] = [rowsOf(document), rowsOf(next)];
    const changed = [];
    for (const part of next.querySelectorAll("[data-part]:not([id|=all])")) {
      const mine = document.getElementById(part.id);
      if (mine) leave(mine, part, changed);
    }
    const heading = next.getElementById("heading");
    if (heading) differ(document.getElementById("heading"), heading, changed);
    for (const [id, row] of there) if (here.has(id)) differ(here.get(id), row, changed);
    const left = [...here].filter(([id, row]) => !there.has(id) && !pushed(row, there, next)).map(([, row]) => row);
    for (const row of left) part(row);
    const times = next.querySelectorAll("#list [data-as-of]");
    document.querySelectorAll("#list [data-as-of]").forEach((time, number) => { if (times[number]) time.replaceChildren(...times[number].childNodes); });
    document.dispatchEvent(new CustomEvent("unstick:times"));
    const fresh = [...there.values()].filter((row) => !here.has(row.id) || moved(here.get(row.id), row)).length;
    page = fresh || left.some((row) => row.matches(".left")) ? next : null;
    if (!page) changed.push(...marks(next));
    offer(fresh, left.filter((row) => row.matches(".left")).length);
    await put(changed);
    if (!fresh || here.size) return;
    if (next.getElementById("trash-size") && !document.getElementById("trash-size")) location.reload(); // with its bar
    else showNew();
  }

  // Into another of the page's tables: until it is shown there, it changes where it is.
  const tableOf = (row) => row.closest("table").caption.textContent;
  const moved = (mine, theirs) => tableOf(mine) !== tableOf(theirs) && !tells(mine);

  // Not gone, but on the next page now: others came before it. It can be acted on as it was seen.
  function pushed(row, there, next) {
    const its = [...row.parentElement.children];
    return next.querySelector("#list a[rel=next]") && !its.slice(its.indexOf(row)).some(({ id }) => there.has(id));
  }

  function differ(mine, theirs, changed) {
    if (mine.dataset.is === theirs.dataset.is && !mine.matches(".left, .stale")) return;
    if (!busy(mine)) { changed.push([mine.id, theirs.outerHTML, true]); return; }
    waiting.set(mine.id, theirs.outerHTML);
    mine.classList.add("stale");
  }

  // Exact numbers that were counted in the meantime stay until they are counted again.
  const sent = new Map();
  function leave(mine, theirs, changed) {
    const html = theirs.outerHTML;
    if (sent.get(mine.id) === html) return;
    sent.set(mine.id, html);
    for (const count of theirs.querySelectorAll(".count[hx-get]")) {
      const counted = [...mine.querySelectorAll(".count[hx-get]")].find((other) => other.getAttribute("hx-get") === count.getAttribute("hx-get"));
      if (counted) count.textContent = counted.textContent;
    }
    if (busy(mine)) waiting.set(mine.id, theirs.outerHTML);
    else changed.push([mine.id, theirs.outerHTML]);
  }

  // It is no longer in the list: it stays where it is, and can no longer be acted on. What was acted on says so itself.
  const tells = (row) => row.matches(".acted, .gone, .processed, .aborted") || row.querySelector(".done-mark");
  function part(row) {
    if (tells(row) || row.matches(".left")) return;
    row.classList.add("left");
    const pill = row.querySelector(".pill");
    if (pill) { pill.className = "pill"; pill.lastChild.textContent = words.left; }
    for (const box of row.querySelectorAll("input")) box.disabled = true;
  }

  // Everything that matches is what matched when the rows that are shown were looked for.
  const marks = (from) => [...from.querySelectorAll("[id|=all]")].map(({ id, outerHTML }) => [id, outerHTML]).filter(([id]) => document.getElementById(id));
  const partial = ([id, html]) => `<hx-partial hx-target="#${CSS.escape(id)}" hx-swap="outer${id.startsWith("all-") ? "HTML" : "Morph"}">${html}</hx-partial>`;

  async function put(parts) {
    if (!parts.length) return;
    const list = document.getElementById("list");
    const top = () => list?.getBoundingClientRect().top;
    const before = top();
    const text = parts.map(partial).join("");
    await htmx.swap({ text, sourceElement: live, swap: "none" });
    // What is above the list may have grown or shrunk: a row under the pointer stays there.
    if (list?.matches(":hover")) {
      scrollBy(0, top() - before);
      if (top() < before) list.style.marginTop = `${(parseFloat(list.style.marginTop) || 0) + before - top()}px`;
    }
    const rows = parts.filter(([, , flashes]) => flashes).map(([id]) => document.getElementById(id)).filter(Boolean);
    for (const row of rows) {
      row.classList.add("flash");
      row.addEventListener("animationend", () => row.classList.remove("flash"), { once: true });
    }
    if (rows.length > 1) announce(say(words.rows, rows.length));
    else if (rows.length) announce(say(words.row, rows[0].id.replace(/\D+/, "") || location.pathname.split("/").pop(), now(rows[0])));
  }

  const now = (row) => row.querySelector(".pill, .outcomes, .state")?.textContent.trim().replace(/\s+/g, " ");

  // In the one region that is read out, where an outcome goes first.
  function announce(sentence) {
    const region = document.getElementById("outcome");
    if (region.querySelector(".said, .problem")) return;
    const text = document.createElement("p");
    text.className = "sr";
    text.textContent = sentence;
    region.replaceChildren(text);
  }

  function offer(fresh, left) {
    const said = [fresh && say(words.newer, fresh), left && say(words.gone, left)].filter(Boolean);
    newer.hidden = !said.length;
    newer.textContent = said.length ? `${said.join(", ")}: ${words.show}` : "";
  }

  function forget() {
    era += 1;
    waiting.clear();
    sent.clear();
    page = null;
    offer(0, 0);
    live.dataset.v = ""; // so that all of it is told again
    due = Math.min(due, performance.now() + 1000);
  }

  async function showNew() {
    const shown = page, list = page?.getElementById("list");
    if (!list) return;
    const focused = newer === document.activeElement;
    page = null;
    for (const id of [...waiting.keys()]) if (document.getElementById("list").contains(document.getElementById(id))) waiting.delete(id);
    offer(0, 0);
    await htmx.swap({ text: [["list", list.outerHTML], ...marks(shown)].map(partial).join(""), sourceElement: live, swap: "none" });
    const field = document.querySelector("#place [name=shown]");
    if (field) field.value = [...rowsOf(document).keys()].map((id) => id.replace("row-", "")).join(",");
    if (focused) { const place = document.getElementById("list"); place.tabIndex = -1; place.focus({ preventScroll: true }); }
  }

  // What changed this moment is not pressed by a hand that was already on its way.
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.(":is(.stale, .left) :is(.btn, input)")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    document.dispatchEvent(new CustomEvent("unstick:say", { detail: event.target.closest(".left") ? words.left : words.stale }));
  }, true);
  for (const name of ["pointermove", "pointerdown", "keydown", "scroll"]) addEventListener(name, () => { touched = performance.now(); }, { passive: true });
  addEventListener("pointerdown", (event) => { pressed = event.button === 0; }, true);
  addEventListener("pointermove", (event) => { pressed = event.buttons > 0; }, { passive: true });
  for (const name of ["pointerup", "pointercancel", "dragend", "blur"]) addEventListener(name, () => { setTimeout(() => { pressed = false; }, 0); }, true);
  addEventListener("storage", () => { ({ on, seconds } = kept()); every.value = seconds; });
  addEventListener("online", () => { due = 0; });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) due = 0; });
  // An action of ours changes the page itself: what was asked before it, or waits since, is of the past.
  for (const name of ["htmx:config:request", "htmx:after:swap"]) document.addEventListener(name, (event) => { if (event.detail.ctx.request?.method === "POST") forget(); });
  toggle.addEventListener("click", () => { on = !on; keep(); });
  every.addEventListener("change", () => { seconds = Number(every.value); keep(); });
  newer.addEventListener("click", showNew);
  document.addEventListener("selectionchange", show);
  addEventListener("pageshow", (event) => { if (event.persisted) due = 0; show(); });
  every.value = seconds;
  setInterval(beat, BEAT);
})();
