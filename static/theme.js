"use strict";

// Before anything is painted: the colours as the system has them, or as the operator chose; and that scripts run.
(() => {
  const root = document.documentElement;
  const THEMES = ["", "light", "dark"];
  const NAMES = { "": "as the system has them", light: "light", dark: "dark" };

  function stored() {
    try { return localStorage.getItem("unstick-theme") || ""; } catch { return ""; }
  }

  function paint(theme) {
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

  root.classList.add("js");
  paint(stored());
  addEventListener("storage", () => paint(stored()));
  document.addEventListener("DOMContentLoaded", () => paint(stored()));
  document.addEventListener("click", (event) => { if (event.target.closest("[data-theme-switch]")) switchTheme(); });
})();
