/**
 * What pages of forms do in the browser beside being forms: show a password, copy, print, propose a zone, try out.
 * Each of them works on the parts it finds; without this script every form still does its work.
 */

for (const input of document.querySelectorAll('input[type="password"]')) revealable(input);
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
for (const input of document.querySelectorAll("[data-zone]")) zones(input);
for (const form of document.querySelectorAll("form[data-trial]")) trial(form);

/** Put a button beside a password that shows it while it is typed. */
function revealable(input) {
  const beside = document.createElement("div");
  const button = document.createElement("button");
  beside.className = "beside-input";
  button.className = "button small";
  button.type = "button";
  input.replaceWith(beside);
  beside.append(input, button);
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} what is typed`);
  };
  button.addEventListener("click", () => show(input.type === "password"));
  // A browser must not learn it as ordinary text.
  input.form?.addEventListener("submit", () => show(false));
  show(false);
}

/** Copy a text, or a list line by line, and say so; where a page may not, select it for copying by hand. */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const lines = [...source.children].map((line) => line.textContent);
  try {
    await navigator.clipboard.writeText(lines.join("\n") || source.textContent);
    button.textContent = "Copied";
  } catch {
    window.getSelection().selectAllChildren(source);
    button.textContent = "Selected: copy it";
  }
}

/** Offer the zones this browser knows, and its own one where nothing is entered yet. */
function zones(input) {
  for (const zone of Intl.supportedValuesOf?.("timeZone") ?? []) input.list.append(new Option(zone, zone));
  if (input.dataset.zone === "proposed") input.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

/** Try an uploader out without leaving the form, so that the passwords in it stay. */
function trial(form) {
  const button = form.querySelector(`[formaction="${form.dataset.trial}"]`);
  const result = form.querySelector('[data-part="trial"]');
  const label = button.textContent;
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    button.disabled = true;
    button.textContent = "Testing …";
    try {
      const answer = await fetch(form.dataset.trial, { method: "POST", body: new FormData(form), headers: { "X-In-Place": "1" } });
      if (!answer.headers.get("X-In-Place")) return location.reload();
      result.innerHTML = await answer.text();
      // What the answer asks anew takes the place of the field it stands for.
      for (const { name } of result.querySelectorAll("[name]")) form.querySelector(`[data-field="${name}"]`)?.remove();
    } catch {
      result.textContent = "This server did not answer. Try again.";
    } finally {
      button.disabled = false;
      button.textContent = label;
    }
  });
}
