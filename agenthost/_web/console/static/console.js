"use strict";
// Replaces the parts of a page that its host sends again, except the one with the focus.
{
  const main = document.querySelector("main[data-live]");
  const replace = (part, fresh) => {
    const places = [...part.querySelectorAll(".wide")].map((each) => each.scrollLeft);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll(".wide").forEach((each, n) => { each.scrollLeft = places[n] || 0; });
  };
  if (main && "EventSource" in window) {
    const source = new EventSource(main.dataset.live);
    source.onmessage = (event) => {
      const page = new DOMParser().parseFromString(JSON.parse(event.data), "text/html");
      for (const part of main.querySelectorAll("[data-part]")) {
        const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
        const changed = fresh && fresh.innerHTML !== part.innerHTML;
        if (changed && !part.contains(document.activeElement)) replace(part, fresh);
      }
    };
    addEventListener("pagehide", () => source.close());
  }
}
