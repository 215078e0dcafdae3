"use strict";

// What a browser can add to pages that work without it: colours, ticking ages, copying, outcomes that go away by
// themselves, fresh tokens, and a word when the server is not there.
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Colours: as the system has them, or as the operator chose; this file is not deferred, so before anything is painted.
  const THEMES = ["", "light", "dark"];
  const NAMES = { "": "as the system has them", light: "light", dark: "dark" };

  function stored() {
    try { return localStorage.getItem("unstick-theme") || ""; } catch { return ""; }
  }

  function paint(theme) {
    if ("panel" in root.dataset) return; // in a frame the page around it says, to panel.js
    if (THEMES.indexOf(theme) > 0) root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.setAttribute("aria-label", `Colours: ${NAMES[theme] || NAMES[""]}`);
      button.title = button.getAttribute("aria-label");
    }
  }

  function switchTheme() {
    const next = THEMES[(THEMES.indexOf(stored()) + 1) % THEMES.length];
    try { localStorage.setItem("unstick-theme", next); } catch { /* it holds for this page then */ }
    paint(next);
  }

  // Ages: by the server's clock when the page was made, and what has passed here since; the words are wording.py's.
  const loaded = performance.now();
  const MINUTE = 60e3, HOUR = 3600e3, DAY = 86400e3, YEAR = 31557600e3;

  function duration(ms) {
    if (ms < MINUTE) return `${Math.floor(Math.max(ms, 0) / 1000)} s`;
    if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
    if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
    return ms < 2 * YEAR ? `${Math.floor(ms / DAY)} d` : `${Math.floor(ms / YEAR)} years`;
  }

  function tick() {
    const now = Number(document.body.dataset.now) + performance.now() - loaded;
    for (const time of document.querySelectorAll("time[data-since]")) {
      const words = duration(now - Number(time.dataset.since));
      if (time.textContent !== words) time.textContent = words;
    }
  }

  // Outcomes: a good one that leaves nothing to be decided goes after a while, but not under the pointer, not with the focus in it, not while hidden.
  const STAY = 12;
  let left = STAY;

  const outcome = () => document.getElementById("outcome");

  function dismiss() { outcome().replaceChildren(); }

  function fade() {
    const region = outcome();
    const box = region.parentElement;
    if (!region.firstElementChild || region.querySelector(".bad, .problem, .asks")) { left = STAY; return; }
    if (document.hidden || box.matches(":hover") || box.contains(document.activeElement)) { left = Math.max(left, 4); return; }
    left -= 1;
    if (left <= 0) { left = STAY; dismiss(); }
  }

  function say(sentence) {
    const box = document.createElement("div");
    box.className = "said bad";
    const text = document.createElement("p");
    text.textContent = sentence;
    box.append(text);
    outcome().replaceChildren(box);
  }

  async function copy(button) {
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      label(button, "Copied");
    } catch {
      source.parentElement.classList.add("open");
      getSelection().selectAllChildren(source);
      label(button, "Selected");
    }
  }

  function label(button, word) {
    const text = button.querySelector(".label");
    const before = text.textContent;
    if (before === word) return;
    text.textContent = word;
    setTimeout(() => { text.textContent = before; }, 1500);
  }

  // A refused token comes back with a fresh one: every later press carries it.
  function renew(token) {
    const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
    for (const name in headers) headers[name] = token;
    document.body.setAttribute("hx-headers:inherited", JSON.stringify(headers));
    for (const field of document.querySelectorAll("input[data-token]")) field.value = token;
  }

  // The pressed button is replaced with its row, or goes away with its bar or its dialog: the focus stays in the row, or
  // comes to what is there instead, not to the page's beginning.
  const PLACES = "tr[id], #heading, #journal, #retry-all, #selection, #operation";
  let pressed = null, asked = null;

  function press(event) {
    const button = event.detail.ctx.sourceElement;
    if (!button.contains(document.activeElement)) return;
    pressed = button.closest("dialog") ? asked : button.closest(PLACES)?.id;
  }

  const inSight = (element) => element?.getClientRects().length > 0;

  function refocus() {
    const focus = document.activeElement;
    if (!pressed || (focus !== document.body && inSight(focus))) return;
    const place = [pressed, "list", "content"].map((id) => document.getElementById(id)).find(inSight);
    pressed = null;
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }

  function answered(event) {
    const token = event.detail.ctx.response.raw.headers.get("X-CSRFToken");
    if (token) renew(token);
  }

  function failed(event) {
    if (!event.detail.ctx) return;
    const late = event.detail.ctx.request.signal?.reason === "timeout";
    say(late
      ? "The server did not answer in 10 seconds. Whether it was done is not known: reload the page and look."
      : "The server cannot be reached. Nothing may have been done: see whether Unstick still runs, then reload the page.");
  }

  function clicked(event) {
    const button = event.target.closest("[data-theme-switch], [data-dismiss], [data-copy]");
    if (!button) closePanels(event.target);
    else if ("copy" in button.dataset) copy(button);
    else if ("dismiss" in button.dataset) dismiss();
    else switchTheme();
  }

  // What asks before it acts: over the page, until it is answered or left; a refusal is said in it.
  function ask() {
    const dialog = document.querySelector("#dialog > dialog:not([data-asked])");
    if (!dialog) return;
    asked = pressed;
    // Once closed it stays in the page, hidden: the answer to its form is told to the form.
    dialog.dataset.asked = "";
    dialog.showModal();
  }

  function answer(event) {
    if (event.detail.ctx.response.raw.ok) event.detail.ctx.sourceElement.closest("dialog")?.close();
  }

  function closePanels(target) {
    for (const panel of document.querySelectorAll("details.adder[open]")) {
      if (!target || !panel.contains(target)) panel.open = false;
    }
  }

  // Escape closes the suggestions first; the next one empties the box, as the browser does it.
  function closeSuggestions() {
    const list = document.getElementById("suggestions");
    if (!list?.firstElementChild) return false;
    if (list.contains(document.activeElement)) document.querySelector("[aria-controls=suggestions]").focus();
    list.replaceChildren();
    return true;
  }

  paint(stored());
  addEventListener("storage", () => paint(stored()));
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (closeSuggestions()) { event.preventDefault(); return; }
    const summary = event.target.closest?.("details.adder[open]")?.querySelector("summary");
    closePanels(null);
    summary?.focus();
  });
  // Fields that were left empty do not belong into the address.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("[data-tidy]")) return;
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
  document.addEventListener("htmx:after:request", answered);
  document.addEventListener("htmx:after:request", answer);
  document.addEventListener("htmx:config:request", press);
  document.addEventListener("htmx:after:swap", () => { left = STAY; ask(); queueMicrotask(refocus); });
  document.addEventListener("htmx:error", failed);
  document.addEventListener("DOMContentLoaded", () => {
    paint(stored());
    setInterval(tick, 1000);
    setInterval(fade, 1000);
  });
})();
