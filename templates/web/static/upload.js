// The upload form of the start page. Without this script the browser sends the form itself; with it, the page stays as it
// is when something is wrong, so that the file need not be chosen again.
"use strict";
(() => {
  const form = document.getElementById("upload");
  const problem = document.getElementById("upload-problem");
  const button = form.querySelector("button");

  const say = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/json" },
      });
      const told = await answer.json();
      if (answer.ok) {
        window.location.assign(told.page_url);
        return;
      }
      say(`${told.detail} ${told.advice}`);
    } catch {
      say("The server did not answer. Please try again.");
    }
    button.removeAttribute("aria-busy");
    button.disabled = false;
    problem.scrollIntoView({ block: "nearest" });
  });
})();
