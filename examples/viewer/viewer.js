"use strict";

// The panel without embed.js: a frame that gets this page's theme and colours, and the height that its page asks for.
const frame = document.getElementById("queue");
const button = document.getElementById("theme");
const unstick = new URL(frame.dataset.src).origin;
const root = document.documentElement;

const COLOURS = {
  "--bg": "--color-bg-card",
  "--surface": "--color-bg-card",
  "--hover": "--color-bg-card-hover",
  "--line": "--color-border-primary",
  "--text": "--color-text-primary",
  "--text-2": "--color-text-secondary",
  "--accent": "--color-accent-primary",
};

function dress() {
  const style = getComputedStyle(root);
  const properties = {};
  for (const [name, own] of Object.entries(COLOURS)) properties[name] = style.getPropertyValue(own).trim();
  frame.contentWindow.postMessage({ unstick: "look", theme: root.dataset.theme, properties }, unstick);
}

function paint(theme) {
  root.dataset.theme = theme;
  button.textContent = theme === "dark" ? "Light" : "Dark";
}

paint(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
frame.src = `${frame.dataset.src}?theme=${root.dataset.theme}`;

button.addEventListener("click", () => {
  paint(root.dataset.theme === "dark" ? "light" : "dark");
  dress();
});

addEventListener("message", ({ source, origin, data }) => {
  if (source !== frame.contentWindow || origin !== unstick) return;
  if (data.unstick === "ready") dress();
  if (data.unstick === "size") frame.style.height = `${data.height}px`;
});
