"use strict";

// In a frame of another page: that page's theme and colours, and word to it how large this page is. Nobody is heard or
// told but the origins that the server was given (data-panel), and our own.
(() => {
  const root = document.documentElement;
  const allowed = [location.origin, ...root.dataset.panel.split(" ").filter(Boolean)];
  const KEPT = "unstick-panel";
  const THEMES = ["light", "dark"];
  const PROPERTIES = ["bg", "surface", "sunken", "acted", "hover", "line", "line-strong", "text", "text-2", "text-3", "accent",
    "accent-soft", "accent-hover", "on-accent", "ok", "ok-soft", "warn", "warn-soft", "bad", "bad-soft", "run", "run-soft",
    "inverse", "on-inverse", "shade"].map((name) => `--${name}`);
  const REFERS = /(?:var|env|attr|url)\(|^(?:inherit|initial|unset|revert|revert-layer)$/i;

  // A colour that stands for itself, of a length that colours have.
  function isColour(value) {
    return typeof value === "string" && value.length <= 100 && !REFERS.test(value) && CSS.supports("color", value);
  }

  function paint({ theme, properties }) {
    if (THEMES.includes(theme)) root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const name of PROPERTIES) {
      const value = properties?.[name];
      if (isColour(value)) root.style.setProperty(name, value);
      else root.style.removeProperty(name);
    }
  }

  // What was said is kept for the next page in this frame, so that it is painted in these colours from the start.
  function keep(look) {
    try { sessionStorage.setItem(KEPT, JSON.stringify(look)); } catch { /* it holds for this page then */ }
  }

  function kept() {
    try { return JSON.parse(sessionStorage.getItem(KEPT)) || {}; } catch { return {}; }
  }

  function hear({ source, origin, data }) {
    if (parent === window || source !== parent || !allowed.includes(origin) || data?.unstick !== "look") return;
    const { theme, properties } = data;
    paint({ theme, properties });
    keep({ theme, properties });
  }

  function tell(message) {
    if (parent === window) return;
    // Where a browser does not say who is around us, each is written to: it hands the letter to the right one only.
    const around = location.ancestorOrigins?.[0];
    for (const origin of around ? allowed.filter((one) => one === around) : allowed) parent.postMessage(message, origin);
  }

  function measure() {
    const { width, height } = document.body.getBoundingClientRect();
    tell({ unstick: "size", width: Math.ceil(width), height: Math.ceil(height) });
  }

  root.classList.add("js");
  const asked = root.dataset.theme;
  if (asked) keep({ ...kept(), theme: asked });
  paint(kept());
  addEventListener("message", hear);
  document.addEventListener("DOMContentLoaded", () => {
    tell({ unstick: "ready", words: root.dataset.words });
    new ResizeObserver(measure).observe(document.body);
  });
})();
