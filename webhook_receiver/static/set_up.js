"use strict";

// The browser knows where its person is; most likely the company is there too. A choice made before stays.
const zone = document.querySelector('select[data-zone="yes"]');
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && here && [...zone.options].some((option) => option.value === here)) zone.value = here;

// Only over https, or on this machine, may a page write to the clipboard.
for (const button of navigator.clipboard ? document.querySelectorAll("[data-copies]") : []) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    document.getElementById("copied").textContent = "Copied";
    const name = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = name; }, 2000);
  });
}
