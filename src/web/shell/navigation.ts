/** The address bar as a signal, and links that change it without loading the page again. */
import { computed, signal } from "@preact/signals";
import { hrefOf, parseRoute, type Route } from "./routes.ts";

const address = signal({ pathname: location.pathname, search: location.search });

/** Where the reader is. */
export const route = computed<Route>(() => parseRoute(address.value.pathname, address.value.search));

/** Goes somewhere. `replace` leaves no step behind to go back to: for what changes with every key. */
export function go(to: Route | string, { replace = false }: { readonly replace?: boolean } = {}): void {
  const href = typeof to === "string" ? to : hrefOf(to);
  history[replace ? "replaceState" : "pushState"](null, "", href);
  read();
}

/** Follows the browser's own steps, and clicks on links into the dashboard. To be called once. */
export function listenToLinks(): void {
  addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const href = link?.getAttribute("href");
    if (link === null || href == null || link.hasAttribute("target") || link.hasAttribute("download")) return;
    if (!href.startsWith("/") || href.startsWith("//") || href.startsWith("/api/")) return;
    event.preventDefault();
    go(href);
  });
}

function read(): void {
  address.value = { pathname: location.pathname, search: location.search };
}
