"use strict";
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, at) => {
    const cell = row.cells[at];
    if (!cell) return NaN;
    return "value" in cell.dataset ? parseFloat(cell.dataset.value) : cell.textContent.trim();
  };
  const order = (a, b) => {
    const x = Number(a), y = Number(b);
    if (a !== "" && b !== "" && !isNaN(x) && !isNaN(y)) return x - y;
    if (typeof a === "number" || typeof b === "number") return 0;
    return a < b ? -1 : a > b ? 1 : 0;
  };
  heads.forEach((head, at) => {
    if ("fixed" in head.dataset) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const falling = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const empty = (entry) => entry === "" || Number.isNaN(entry);
      const rows = [...table.tBodies[0].rows].map((row) => [value(row, at), row]);
      rows.sort(([a], [b]) => {
        if (empty(a) || empty(b)) return empty(a) - empty(b); // empty cells stay at the end
        return falling ? order(b, a) : order(a, b);
      });
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}
