"use strict";

// For a page of another origin, which the server was told of (--embed-origin):
//   <script src="http://localhost:8377/static/embed.js" defer></script>
//   <unstick-badge></unstick-badge> <unstick-drawer></unstick-drawer>
// The theme is the element's own `theme`, else the page's data-theme, else the system's. Colours are custom properties of
// the elements: `unstick-badge, unstick-drawer { --unstick-accent: var(--blue) }`. docs/embedding.md has their names.
(() => {
  const HOME = new URL("../", document.currentScript.src);
  const PROPERTIES = ["bg", "surface", "sunken", "acted", "hover", "line", "line-strong", "text", "text-2", "text-3", "accent",
    "accent-soft", "accent-hover", "on-accent", "ok", "ok-soft", "warn", "warn-soft", "bad", "bad-soft", "run", "run-soft",
    "inverse", "on-inverse", "shade"];
  const THEMES = ["light", "dark"];
  const elements = new Set();

  function sheet(rules) {
    const made = new CSSStyleSheet();
    made.replaceSync(rules);
    return made;
  }

  const make = (tag, values) => Object.assign(document.createElement(tag), values);

  /** An element around a frame of ours: it says how it looks, and hears how large the page in it is. */
  class Framed extends HTMLElement {
    connectedCallback() {
      elements.add(this);
      if (!this.shadowRoot) this.build(this.attachShadow({ mode: "open" }));
    }

    disconnectedCallback() { elements.delete(this); }

    fill(path) {
      const url = new URL(path, HOME);
      if (this.theme) url.searchParams.set("theme", this.theme);
      this.frame.src = url;
      this.paint();
    }

    get theme() {
      const theme = this.getAttribute("theme") ?? document.documentElement.dataset.theme;
      return THEMES.includes(theme) ? theme : "";
    }

    paint() {
      const style = getComputedStyle(this), properties = {};
      for (const name of PROPERTIES) properties[`--${name}`] = style.getPropertyValue(`--unstick-${name}`).trim();
      // A frame is see-through only while its page and the element agree on light or dark.
      this.style.colorScheme = this.theme || "light dark";
      if (this.ready) this.frame.contentWindow.postMessage({ unstick: "look", theme: this.theme, properties }, HOME.origin);
    }

    hear(data) {
      if (data.unstick === "ready") {
        this.ready = true;
        this.paint();
        if (typeof data.words === "string") this.name(...data.words.split("|"));
      }
      if (data.unstick === "size") this.resize(data);
    }

    resize() {}

    // In the language of the page in it, once that is there.
    name() {}
  }

  /** How many messages there are, red with how many are stuck; a click opens the drawer. */
  class Badge extends Framed {
    build(root) {
      root.adoptedStyleSheets = [sheet(`
        :host { position: relative; display: inline-block; vertical-align: middle }
        iframe { display: block; width: 60px; height: 22px; border: 0 }
        button { position: absolute; inset: 0; padding: 0; border: 0; border-radius: 11px; background: none; cursor: pointer }
        button:focus-visible { outline: 2px solid; outline-offset: 2px }`)];
      this.frame = make("iframe", { title: "Messages in the queue", tabIndex: -1 });
      this.button = make("button", { type: "button", ariaLabel: "Open the message queue" });
      this.button.addEventListener("click", () => document.querySelector("unstick-drawer")?.show());
      root.append(this.frame, this.button);
      this.fill("badge");
    }

    name(title, open) { this.frame.title = title; this.button.ariaLabel = open; }

    resize({ width, height }) { Object.assign(this.frame.style, { width: `${width}px`, height: `${height}px` }); }
  }

  /** The panel at the side of the page, once it was opened with show(). */
  class Drawer extends Framed {
    build(root) {
      root.adoptedStyleSheets = [sheet(`
        dialog { inset: 0 0 0 auto; flex-direction: column; width: min(880px, 100vw); max-width: none; height: 100dvh; max-height: none; margin: 0; padding: 0; border: 0; overflow: hidden; background: var(--unstick-bg, light-dark(#ffffff, #1a1916)); color: var(--unstick-text, light-dark(#2b2520, #dcd6cc)); box-shadow: 0 0 32px rgb(0 0 0 / .3); font: 600 14px/32px -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, Helvetica, Arial, sans-serif }
        dialog[open] { display: flex }
        dialog::backdrop { background: rgb(0 0 0 / .35) }
        header { display: flex; justify-content: space-between; padding: 8px 12px 0 16px }
        iframe { flex: 1; width: 100%; border: 0 }
        button { width: 32px; height: 32px; padding: 0; border: 0; border-radius: 6px; background: none; color: inherit; font: inherit; font-size: 20px; cursor: pointer }
        button:hover { background: rgb(128 128 128 / .2) }
        button:focus-visible { outline: 2px solid }`)];
      this.dialog = make("dialog", { ariaLabel: "Message queue" });
      this.frame = make("iframe", { title: "Message queue" });
      this.heading = make("span", { textContent: "Message queue" });
      this.close = make("button", { type: "button", textContent: "×", ariaLabel: "Close" });
      this.close.addEventListener("click", () => this.dialog.close());
      this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
      const header = make("header");
      header.append(this.heading, this.close);
      this.dialog.append(header, this.frame);
      root.append(this.dialog);
    }

    name(title, close) { this.dialog.ariaLabel = this.frame.title = this.heading.textContent = title; this.close.ariaLabel = close; }

    show() {
      if (!this.frame.src) this.fill("embed/");
      this.dialog.showModal();
    }
  }

  const repaint = () => { for (const one of elements) if (one.frame.src) one.paint(); };
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme", "class", "style"] });
  addEventListener("message", ({ source, origin, data }) => {
    if (origin !== HOME.origin || typeof data?.unstick !== "string") return;
    for (const one of elements) if (one.frame.contentWindow === source) one.hear(data);
  });
  customElements.define("unstick-badge", Badge);
  customElements.define("unstick-drawer", Drawer);
})();
