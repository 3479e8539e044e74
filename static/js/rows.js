// Adds a row to a table of form rows from its <template>. Without this file the form already holds spare rows.
for (const rows of document.querySelectorAll("[data-rows]")) {
  const button = rows.querySelector("[data-add-row]");
  const total = rows.querySelector("[name$='-TOTAL_FORMS']");
  button.hidden = false;
  button.addEventListener("click", () => {
    const markup = rows.querySelector("template").innerHTML.replaceAll("__prefix__", total.value);
    rows.querySelector("tbody").insertAdjacentHTML("beforeend", markup);
    total.value = Number(total.value) + 1;
    rows.querySelector("tbody tr:last-child :is(input, select, textarea):not([type='hidden'])").focus();
  });
}
