/**
 * Files: dropping one onto the page, how much of it is sent, and waiting for what is found in it.
 * Without this script the form sends the file and a link shows how far it is.
 */

const WAIT_MS = 700;

for (const form of document.querySelectorAll("form[data-drop]")) droppable(form);
for (const part of document.querySelectorAll("[data-import]")) wait(part);

/** Take a file that is dropped anywhere on the page, and show how much of it is sent. */
function droppable(form) {
  const input = form.querySelector('input[type="file"]');
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  document.addEventListener("dragover", () => form.classList.add("over"));
  document.addEventListener("dragleave", (event) => event.relatedTarget || form.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    form.classList.remove("over");
    if (!event.dataTransfer?.files.length) return;
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

function send(form) {
  const [button, bar] = [form.querySelector("button"), form.querySelector('[data-part="sent"]')];
  const request = new XMLHttpRequest();
  const done = () => {
    button.disabled = false;
    bar.hidden = true;
  };
  button.disabled = true;
  bar.hidden = false;
  request.upload.addEventListener("progress", ({ loaded, total }) => (bar.value = total ? loaded / total : 0));
  request.addEventListener("load", () => {
    if (request.status < 400 && request.responseURL !== location.href) return location.assign(request.responseURL);
    const refusal = new DOMParser().parseFromString(request.responseText, "text/html").querySelector(".notice");
    if (!refusal) return location.reload();
    form.parentElement.querySelector(".notice")?.remove();
    form.before(refusal);
    done();
  });
  request.addEventListener("error", () => {
    done();
    form.querySelector(".hint").textContent = "This server did not answer, or the file is too large. Try again.";
  });
  request.open("POST", form.action);
  request.send(new FormData(form));
}

/** Look again and again while somebody works on a file. */
async function wait(part) {
  while (part.querySelector("[data-works]")) {
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    try {
      const answer = await fetch(part.dataset.import, { headers: { "X-In-Place": "1" } });
      if (!answer.headers.get("X-In-Place")) return location.reload();
      part.innerHTML = await answer.text();
    } catch {
      // The server may be starting anew; the next look finds it.
    }
  }
}
