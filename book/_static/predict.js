// Questions that are answered before the page shows the answer: `book/_extensions/predict.py` makes
// the forms. Nothing is stored and nothing is sent.
"use strict";

for (const form of document.querySelectorAll("form.predict")) {
  const answers = form.querySelectorAll("details li");
  const said = form.querySelector("[role=status]");

  // What a chosen option is answered with, and where to see it.
  const answer = (choice) => {
    const box = document.createElement("div");
    box.className = answers[choice].className;
    box.append(
      ...[...answers[choice].childNodes, form.querySelector(".see")].map((part) =>
        part.cloneNode(true),
      ),
    );
    return box;
  };

  form.classList.add("ready");
  for (const part of form.querySelectorAll("[hidden]")) part.removeAttribute("hidden");
  form.addEventListener("change", () => said.replaceChildren());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = /** @type {HTMLInputElement} */ (form.querySelector("input:checked"));
    said.replaceChildren(chosen ? answer(Number(chosen.value)) : "Choose an option first.");
    form.classList.toggle("answered", Boolean(chosen));
  });
}
