"use strict";

// What a browser can add to pages that work without it: copying, outcomes that go away by
// themselves, fresh tokens, and a word when the server is not there.
(() => {
  // Outcomes: a good one that leaves nothing to be decided goes after a while, but not under the pointer, not with the focus in it, not while hidden.
  const STAY = 12;
  let left = STAY, shown = null;

  const outcome = () => document.getElementById("outcome");

  function dismiss() { outcome().replaceChildren(); }

  function fade() {
    const region = outcome();
    const box = region.parentElement;
    if (region.firstElementChild !== shown) { shown = region.firstElementChild; left = STAY; }
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
      label(button, outcome().dataset.copied);
    } catch {
      source.parentElement.classList.add("open");
      getSelection().selectAllChildren(source);
      label(button, outcome().dataset.selected);
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
    const { sourceElement: button, request } = event.detail.ctx;
    request.action ||= button.getAttribute("formaction");
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
    say(late ? outcome().dataset.late : outcome().dataset.away);
  }

  function clicked(event) {
    const button = event.target.closest("[data-dismiss], [data-copy]");
    if (!button) closePanels(event.target);
    else if ("copy" in button.dataset) copy(button);
    else dismiss();
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

  document.addEventListener("click", clicked);
  document.addEventListener("focusin", ({ target }) => closePanels(target));
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
  document.addEventListener("htmx:after:swap", () => { ask(); queueMicrotask(refocus); });
  document.addEventListener("htmx:error", failed);
  document.addEventListener("unstick:say", ({ detail }) => say(detail));
  document.addEventListener("DOMContentLoaded", () => {
    setInterval(fade, 1000);
  });
})();
