/** Light, dark, or what the system says. The choice is kept in this browser. */
import { effect, signal } from "@preact/signals";

/** A choice of colours. */
export type Theme = "system" | "light" | "dark";

const KEY = "artifold-theme";

/** The choice that holds now. */
export const theme = signal<Theme>(kept());

/** Goes to the next choice of the three. */
export function turnTheme(): void {
  theme.value = theme.value === "system" ? "light" : theme.value === "light" ? "dark" : "system";
}

/** Shows the choice, now and whenever it changes. To be called once, before anything is drawn. */
export function showTheme(): void {
  effect(() => {
    const { dataset } = document.documentElement;
    if (theme.value === "system") delete dataset["theme"];
    else dataset["theme"] = theme.value;
    try {
      localStorage.setItem(KEY, theme.value);
    } catch {
      // A browser that keeps nothing shows what was chosen until it is closed.
    }
  });
}

function kept(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}
