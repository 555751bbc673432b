"use strict";

// The page is fetched anew and its middle replaced: place and selection elsewhere stay as they are.
const EVERY_MS = 2000;

const refresh = async () => {
  try {
    if (!document.hidden) {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.querySelector("main").replaceWith(page.querySelector("main"));
    }
    document.body.classList.remove("stale");
  } catch {
    document.body.classList.add("stale");
  }
  setTimeout(refresh, EVERY_MS);
};

setTimeout(refresh, EVERY_MS);
