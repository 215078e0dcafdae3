"use strict";

// Ticked rows: they stay ticked over a reload, other pages and a failed request; and the bar that says how many there
// are and what can be done to them. Without this file the same form works with the ticks of one page.
(() => {
  const bar = document.getElementById("selection");
  const form = document.getElementById("place");
  if (!bar || !form) return;
  const key = `unstick-selected ${location.pathname} ${bar.dataset.store}`;
  const most = Number(bar.dataset.most);
  const selected = new Map(stored());
  let last = null, all = false;

  function stored() {
    try { return JSON.parse(sessionStorage.getItem(key)) || []; } catch { return []; }
  }

  function store() {
    try { sessionStorage.setItem(key, JSON.stringify([...selected])); } catch { /* it holds for this page then */ }
  }

  const boxes = () => [...document.querySelectorAll("input[name=ticked]")];
  const one = (name) => bar.querySelector(`[data-${name}]`);

  function split(box) {
    const at = box.value.indexOf(":");
    return [box.value.slice(0, at), box.value.slice(at + 1)];
  }

  function set(box, ticked) {
    const [id, seen] = split(box);
    if (ticked && box.closest(".stale, .left")) return;
    if (!ticked) selected.delete(id);
    else if (selected.size < most || selected.has(id)) selected.set(id, seen);
  }

  // What is ticked is what the page shows of it now.
  function reflect() {
    const here = boxes();
    for (const box of here) {
      const [id, seen] = split(box);
      box.checked = selected.has(id);
      if (box.checked) selected.set(id, seen);
      box.closest("tr").classList.toggle("selected", box.checked);
    }
    const ticked = here.filter((box) => box.checked).length;
    for (const master of document.querySelectorAll("[data-tick-all]")) {
      const its = here.filter((box) => master.closest("table").contains(box));
      master.checked = its.length > 0 && its.every((box) => box.checked);
      master.indeterminate = !master.checked && its.some((box) => box.checked);
    }
    if (!selected.size) all = false;
    bar.parentElement.classList.toggle("selecting", selected.size > 0);
    bar.classList.toggle("on", selected.size > 0);
    bar.classList.toggle("all", all);
    one("number").textContent = selected.size.toLocaleString(document.documentElement.lang);
    const full = selected.size >= most;
    one("full").hidden = !full;
    one("page").hidden = full || ticked === here.length;
    one("page").textContent = bar.dataset.here.replace("{}", here.length);
    const total = one("all");
    if (total) {
      total.hidden = (ticked < here.length && !full) || !here.length;
      if (selected.size) total.dispatchEvent(new Event("counted"));
    }
    const title = bar.querySelector(".of-all b");
    if (title) title.textContent = total.textContent;
    fit();
    store();
  }

  // A button that is for none of what is ticked says so.
  function fit() {
    const states = new Set([...selected.values()].map((seen) => seen.split(".")[0]));
    for (const verb of bar.querySelectorAll(".verb")) {
      const button = verb.firstElementChild;
      const wanted = verb.dataset.states.split(" ").filter(Boolean);
      const fits = !wanted.length || wanted.some((state) => states.has(state));
      button.dataset.hint ??= button.title;
      button.title = fits ? button.dataset.hint : verb.dataset.unfit;
      if (fits) button.removeAttribute("aria-disabled");
      else button.setAttribute("aria-disabled", "true");
    }
  }

  function clicked(event) {
    const target = event.target.closest("input[name=ticked], [data-tick-all], #selection button, #selection a");
    if (!target) return;
    if (target.matches("[aria-disabled=true]")) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (target.name === "ticked") tick(target, event.shiftKey);
    else if ("tickAll" in target.dataset) tickAll(target);
    else if ("page" in target.dataset) for (const box of boxes()) set(box, true);
    else if ("clear" in target.dataset) selected.clear();
    else if ("all" in target.dataset || "back" in target.dataset) all = "all" in target.dataset;
    else return;
    reflect();
  }

  function tickAll(master) {
    for (const box of boxes()) if (master.closest("table").contains(box)) set(box, master.checked);
  }

  function tick(box, ranged) {
    const here = boxes();
    const [from, to] = [here.indexOf(last), here.indexOf(box)].sort((a, b) => a - b);
    for (const other of ranged && from >= 0 ? here.slice(from, to + 1) : [box]) set(other, box.checked);
    last = box;
  }

  // What was acted on is no longer ticked; after a refusal everything is as it was.
  function answered(event) {
    const { sourceElement: button, request, response } = event.detail.ctx;
    if (!response.raw.ok || request.method !== "POST") return;
    const box = button.closest("tr")?.querySelector("input[name=ticked]");
    if (box) set(box, false);
    else if (button.closest(".of-ticked, dialog")) selected.clear();
  }

  // The form carries the ticks of this page by itself, and those of others from here.
  form.addEventListener("formdata", (event) => {
    const here = new Set(boxes().map((box) => split(box)[0]));
    for (const [id, seen] of selected) if (!here.has(id)) event.formData.append("ticked", `${id}:${seen}`);
  });
  document.querySelector(".bar")?.prepend(bar);
  document.addEventListener("click", clicked, true);
  document.addEventListener("htmx:after:request", answered);
  document.addEventListener("htmx:after:swap", reflect);
  addEventListener("pageshow", reflect);
  reflect();
})();
