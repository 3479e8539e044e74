// Suggests records while a person types into a look-up field. Without this file the server finds them on saving.
const WAIT_MS = 200;

for (const input of document.querySelectorAll("[data-lookup]")) {
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => suggest(input), WAIT_MS);
  });
}

async function suggest(input) {
  const words = input.value.trim();
  if (words.length < 2) return;
  const answer = await fetch(`/lookup/${input.dataset.lookup}/?q=${encodeURIComponent(words)}`);
  if (!answer.ok || input.value.trim() !== words) return;
  const options = (await answer.json()).suggestions.map((label) => {
    const option = document.createElement("option");
    option.value = label;
    return option;
  });
  input.list.replaceChildren(...options);
}
