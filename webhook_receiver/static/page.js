"use strict";

// What is not lightly taken back is asked first, and a second click sends nothing twice. Without this script every form
// works as it stands.
let sent = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  const question = event.submitter?.dataset.ask;
  if (sent.has(form) || (question && !confirm(question))) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  // Whoever stopped the page meanwhile may send it after all.
  setTimeout(() => sent.delete(form), 5000);
});
// Shown again by the back button, a page is as good as new.
window.addEventListener("pageshow", () => { sent = new WeakSet(); });

// All of a list are chosen at once where there is a script to do it.
for (const choice of document.querySelectorAll("[data-chooses-all]")) {
  choice.closest("label").hidden = false;
  choice.addEventListener("change", () => {
    const boxes = choice.form.querySelectorAll(`input[name="${choice.dataset.choosesAll}"]`);
    for (const box of boxes) box.checked = choice.checked;
  });
}
