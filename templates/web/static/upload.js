// The upload form of the start page: sends the file with the token in a header, then goes to the job's page.
"use strict";
(() => {
  const form = document.getElementById("upload");
  const problem = document.getElementById("upload-problem");
  const button = form.querySelector("button");
  document.getElementById("upload-sheet").hidden = false;

  const say = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    const token = fields.get("token");
    fields.delete("token");
    say("");
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      const answer = await fetch("/api/v1/upload", {
        method: "POST",
        body: fields,
        headers: { Authorization: `Bearer ${token}` },
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
  });
})();
