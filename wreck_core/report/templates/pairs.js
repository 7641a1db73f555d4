for (const link of document.querySelectorAll(".pairs a")) {
  link.addEventListener("click", () => { document.querySelector(link.hash).open = true; });
}
