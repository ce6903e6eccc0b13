// Dark or light: as the machine is set, until somebody chooses; the choice is remembered.

import { say } from "./words.js";

const KEY = "theme", NEXT = { auto: "dark", dark: "light", light: "auto" };

const chosenTheme = () => (localStorage.getItem(KEY) in NEXT ? localStorage.getItem(KEY) : "auto");

export function showTheme(button) {
  const theme = chosenTheme();
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  if (!button) return;
  button.title = say("theme", { name: say(theme) });
  button.setAttribute("aria-label", button.title);
}

export function nextTheme(button) {
  localStorage.setItem(KEY, NEXT[chosenTheme()]);
  showTheme(button);
}

// At once, before anything is drawn.
showTheme(null);
