"use strict";

// The badge's numbers, fresh every ten seconds while somebody can see them; without an answer they turn grey.
(() => {
  const EVERY = 10_000;

  async function refresh() {
    if (document.hidden) return;
    const badge = document.getElementById("badge");
    try {
      const answer = await fetch("badge", { headers: { "HX-Request-Type": "partial" }, signal: AbortSignal.timeout(EVERY) });
      if (!answer.ok) throw new Error(answer.statusText);
      badge.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
      badge.classList.remove("old");
      badge.title = "";
    } catch {
      badge.classList.add("old");
      badge.title = badge.dataset.lost;
    }
  }

  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
})();
