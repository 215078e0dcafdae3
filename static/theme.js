"use strict";

// Before anything is painted: the colours as the system has them, or as the operator chose; and that scripts run.
(() => {
  const root = document.documentElement;
  const THEMES = ["", "light", "dark"];

  function stored() {
    try { return localStorage.getItem("unstick-theme") || ""; } catch { return ""; }
  }

  function paint(theme) {
    if (THEMES.indexOf(theme) > 0) root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.dataset.auto ??= button.getAttribute("aria-label");
      button.title = button.dataset[theme] ?? button.dataset.auto;
      button.setAttribute("aria-label", button.title);
    }
  }

  function switchTheme() {
    const next = THEMES[(THEMES.indexOf(stored()) + 1) % THEMES.length];
    try { localStorage.setItem("unstick-theme", next); } catch { /* it holds for this page then */ }
    paint(next);
  }

  root.classList.add("js");
  paint(stored());
  addEventListener("storage", () => paint(stored()));
  document.addEventListener("DOMContentLoaded", () => paint(stored()));
  document.addEventListener("click", (event) => { if (event.target.closest("[data-theme-switch]")) switchTheme(); });
})();
