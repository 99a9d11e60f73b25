// Remembers the theme and sorts tables. The pages work without it.
"use strict";

const stored = () => {
  try { return localStorage.getItem("theme"); } catch { return null; } // storage may be switched off
};
const theme = stored();
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

document.addEventListener("DOMContentLoaded", () => {
  const toggle = document.querySelector(".theme");
  if (toggle) {
    const isDark = () => (document.documentElement.dataset.theme ||
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const name = () => { toggle.textContent = isDark() ? "Light theme" : "Dark theme"; };
    name();
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      const next = isDark() ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      try { localStorage.setItem("theme", next); } catch { /* then it is not remembered */ }
      name();
    });
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
        const isNumber = head.classList.contains("number");
        const rows = [...body.rows].sort((a, b) => {
          const left = key(a), right = key(b);
          if (left === "" || right === "") return (left === "") - (right === ""); // what is not known comes last
          const order = isNumber ? Number(left) - Number(right) : left.localeCompare(right);
          return ascending ? order : -order;
        });
        body.append(...rows);
      });
    });
  }
});
