// Takes a confirmation away once it had time to be read; it stays while it is pointed at.
const READ_MS = 8000;

for (const toast of document.querySelectorAll("[data-toast]")) {
  const leave = () => (toast.matches(":hover") ? setTimeout(leave, READ_MS) : toast.remove());
  setTimeout(leave, READ_MS);
}
