"use strict";

// The whole job without a mouse: single keys move between rows and press the buttons that are on the page. They can be
// turned off, and are never heard while somebody types. What they do is listed in _keys.html.
(() => {
  const list = document.querySelector("[data-keys]");
  const ROW = "#list tr[id]", KEPT = "unstick-keys";

  const rows = () => [...document.querySelectorAll(ROW)];
  const row = () => document.activeElement.closest(ROW);
  const inSight = (element) => element.getClientRects().length > 0;

  let kept = "on"; // for this page, where a browser keeps nothing

  function off() {
    try { return localStorage.getItem(KEPT) === "off"; } catch { return kept === "off"; }
  }

  function turn({ target }) {
    if (!target.matches("[data-keys-switch]")) return;
    kept = target.checked ? "on" : "off";
    try { localStorage.setItem(KEPT, kept); } catch { /* it holds for this page then */ }
    show();
  }

  function show() {
    for (const toggle of document.querySelectorAll("[data-keys-switch]")) toggle.checked = !off();
  }

  // Where the focus is, or was last, among the rows.
  let here = null, order = [], held = false;

  function remember({ target }) {
    const its = target.closest(ROW);
    held = its !== null;
    if (held) { here = its.id; order = rows().map(({ id }) => id); }
  }

  function go(to) {
    to.tabIndex = -1;
    to.focus({ preventScroll: true });
  }

  // The focus was in a row that was made anew, or that is no more: it goes into the new one, or to the next.
  function follow() {
    if (!held || document.activeElement !== document.body) return;
    const at = order.indexOf(here);
    const next = [...order.slice(at), ...order.slice(0, at).reverse()].map((id) => document.getElementById(id)).find(Boolean);
    if (next) go(next);
  }

  function step(by) {
    const all = rows();
    const at = all.findIndex(({ id }) => id === here);
    const next = at < 0 ? all[0] : held || row() ? all[at + by] : all[at];
    if (!next) return;
    go(next);
    next.scrollIntoView({ block: "nearest" });
  }

  function tick({ shiftKey }) {
    const box = row()?.querySelector("input[name=ticked]");
    box?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));
    row()?.scrollIntoView({ block: "nearest" }); // from under the bar that it may have opened
  }

  // The page, then all that match, then none.
  function tickAll() {
    const bar = document.getElementById("selection");
    const masters = [...document.querySelectorAll("[data-tick-all]")].filter((master) => !master.checked);
    const all = bar?.querySelector("[data-all]");
    if (masters.length) for (const master of masters) master.click();
    else if (all && inSight(all)) all.click();
    else bar?.querySelector("[data-clear]").click();
  }

  // By its address, which is the same in every language.
  function find(place, ...verbs) {
    const buttons = [...place?.querySelectorAll("button[formaction], a.btn") ?? []].filter(inSight);
    return buttons.find((button) => verbs.includes(new URL(button.formAction ?? button.href).pathname.split("/").pop()));
  }

  const chosen = () => document.querySelector("#selection.on") ?? row() ?? document.getElementById("heading");

  function press(button) {
    const refused = button?.matches("[aria-disabled=true]") ? button.title : button?.closest(".stale, .left") ? list.dataset.stale : "";
    if (refused) document.dispatchEvent(new CustomEvent("unstick:say", { detail: refused }));
    else button?.click();
  }

  function undo() {
    const places = [document.getElementById("outcome"), row(), document.querySelector("#operation, #journal")];
    press(places.map((place) => find(place, "undo")).find(Boolean));
  }

  function search() {
    const box = document.querySelector("input[type=search]");
    box?.focus();
    box?.select();
  }

  const KEYS = {
    "/": search, "?": () => list.click(), "*": tickAll, x: tick, u: undo,
    j: () => step(1), k: () => step(-1),
    r: () => press(find(chosen(), "retry", "restore")), a: () => press(find(chosen(), "abort")),
    Enter: () => row().querySelector(".l1 a")?.click(),
  };

  const typing = (element) => element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox])");

  // A letter where it is on a keyboard of another alphabet.
  const letter = ({ key, code }) => (/^\p{L}$/u.test(key) && key > "~" ? code.replace("Key", "") : key);

  function heard(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (typing(event.target) || document.querySelector("dialog[open]") || off()) return;
    const name = event.key === "Enter" ? "Enter" : letter(event).toLowerCase();
    if (!Object.hasOwn(KEYS, name)) return;
    if (event.shiftKey && /^[a-z]$/.test(name) && name !== "x") return;
    if (event.repeat && name !== "j" && name !== "k") return;
    if (name === "Enter" && !event.target.matches(ROW)) return;
    event.preventDefault();
    KEYS[name](event);
  }

  document.addEventListener("keydown", heard);
  document.addEventListener("focusin", remember);
  document.addEventListener("pointerdown", ({ target }) => { if (!target.closest?.(ROW)) held = false; });
  document.addEventListener("htmx:after:swap", follow);
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("change", turn);
  show();
})();
