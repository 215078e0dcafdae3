"use strict";

// Times as the operator wants them: how long ago, on the clock here, or in UTC. The page has them as the server made them;
// here they tick, say exactly what they are where the focus is, and are copied by a click. The words are in _times.html.
(() => {
  const choice = document.getElementById("times");
  if (!choice) return;
  const words = choice.dataset;
  const root = document.documentElement;
  const MODES = ["", "local", "utc"], KEPT = "unstick-times";
  const SKEW = 30e3, MINUTE = 60e3, HOUR = 3600e3, DAY = 86400e3, YEAR = 31557600e3;
  const units = words.units.split("|");
  const say = (words, ...values) => values.reduce((text, value) => text.replace("{}", value), words);

  // When the page was made, by the server's clock; and, by this one, when it was asked for and came.
  const made = Number(document.body.dataset.now);
  const [{ requestStart = 0, responseStart = 0 } = {}] = performance.getEntriesByType("navigation");
  const began = Date.now() - performance.now();
  const [asked, came] = [began + requestStart, began + responseStart];
  const now = () => made + Date.now() - came;

  function stored() {
    try { return localStorage.getItem(KEPT) || ""; } catch { return ""; }
  }

  // As wording.duration says it.
  function duration(ms) {
    const [unit, length] = ms < MINUTE ? [0, 1000] : ms < HOUR ? [1, MINUTE] : ms < 2 * DAY ? [2, HOUR] : ms < 2 * YEAR ? [3, DAY] : [4, YEAR];
    return say(units[unit], Math.floor(Math.max(ms, 0) / length));
  }

  const inUtc = () => root.dataset.times === "utc";
  // The clock's face here, or in UTC, as 2026-11-22T14:02:11.368Z.
  const face = (then) => new Date(inUtc() ? then : then - then.getTimezoneOffset() * MINUTE).toISOString();

  function exact(then) {
    const [, hours, minutes] = /GMT(...)(..)/.exec(then);
    return inUtc() ? face(then) : face(then).replace("Z", `${hours}:${minutes}`);
  }

  // As wording.moment says it.
  function moment(then) {
    const [there, today] = [face(then), face(new Date(now()))];
    const zone = inUtc() ? "Z" : "";
    if (there.slice(0, 10) === today.slice(0, 10)) return there.slice(11, 19) + zone;
    if (there.slice(0, 4) !== today.slice(0, 4)) return there.slice(0, 16).replace("T", " ") + zone;
    const month = then.toLocaleDateString(root.lang, { month: "short", timeZone: inUtc() ? "UTC" : undefined });
    const parts = { day: Number(there.slice(8, 10)), month, time: there.slice(11, 16) + zone };
    return words.moment.replace(/{(\w+)}/g, (_, name) => parts[name]);
  }

  function paint(times) {
    for (const time of times) {
      const then = new Date(time.dateTime);
      if (isNaN(then)) continue;
      const text = "age" in time.dataset && !root.dataset.times ? duration(now() - then) : moment(then);
      if (time.textContent !== text) time.textContent = text;
      time.title = exact(then);
      // In a list they are said on the row's link: a hundred more stops for the Tab key would help nobody.
      if (!time.closest("table")) { time.tabIndex = 0; time.role = "button"; }
    }
  }

  const paintAll = () => paint(document.querySelectorAll("time"));

  function show(mode) {
    if (mode) root.dataset.times = mode;
    else delete root.dataset.times;
    const [word, sentence] = words.modes.split("|")[Math.max(MODES.indexOf(mode), 0)].split(": ");
    choice.textContent = word;
    choice.title = choice.ariaLabel = `${words.label}: ${sentence}`;
    paintAll();
  }

  function next() {
    const mode = MODES[(MODES.indexOf(root.dataset.times ?? "") + 1) % MODES.length];
    try { localStorage.setItem(KEPT, mode); } catch { /* it holds for this page then */ }
    show(mode);
  }

  function unsay() {
    for (const time of document.querySelectorAll("time[data-said]")) delete time.dataset.said;
  }

  function point({ target }) {
    unsay();
    if (!target.matches(":focus-visible")) return;
    const times = target.matches("time") ? [target] : target.matches("tr :is(a, input), tr[tabindex]") ? target.closest("tr").querySelectorAll("time") : [];
    for (const time of times) time.dataset.said = time.title;
  }

  async function copy(time) {
    try {
      await navigator.clipboard.writeText(time.title);
      time.dataset.said = words.copied;
      announce(`${words.copied}: ${time.title}`);
    } catch {
      time.dataset.said = time.title;
    }
    setTimeout(() => { delete time.dataset.said; }, 2500);
  }

  function announce(sentence) {
    const region = document.getElementById("outcome");
    if (region.querySelector(".said, .problem")) return;
    region.replaceChildren(Object.assign(document.createElement("p"), { className: "sr", textContent: sentence }));
  }

  // Both clocks may be right while an answer is on its way: what counts is by how much the server's lies outside of that.
  function compare() {
    const ahead = made < asked ? asked - made : Math.min(came - made, 0);
    const warning = document.getElementById("clocks");
    if (Math.abs(ahead) <= SKEW) return;
    warning.textContent = say(ahead > 0 ? warning.dataset.ahead : warning.dataset.behind, duration(Math.abs(ahead)));
    warning.hidden = false;
  }

  choice.addEventListener("click", next);
  addEventListener("storage", () => show(stored()));
  document.addEventListener("focusin", point);
  document.addEventListener("focusout", unsay);
  document.addEventListener("click", ({ target }) => {
    const time = target.closest("time");
    if (time && getSelection().isCollapsed) copy(time);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") unsay();
    if (!event.target.matches?.("time") || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    copy(event.target);
  });
  document.addEventListener("htmx:after:swap", paintAll);
  document.addEventListener("unstick:times", paintAll);
  setInterval(() => { if (!root.dataset.times) paint(document.querySelectorAll("time[data-age]")); }, 1000);
  show(stored());
  compare();
})();
