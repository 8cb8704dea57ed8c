"use strict";
(function () {
const find = document.getElementById("find"), found = document.getElementById("found");
const tables = [...document.querySelectorAll("main table")];
function refresh() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0, all = 0;
  for (const table of tables) {
    const head = table.previousElementSibling, tag = head.textContent;
    let isShown = false;
    for (const row of table.tBodies[0].rows) {
      const text = (tag + " " + [...row.cells].slice(0, 3).map((each) => each.textContent).join(" ")).toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      isShown = isShown || !row.hidden;
      count += row.hidden ? 0 : 1;
      all += 1;
    }
    table.hidden = head.hidden = !isShown;
  }
  found.textContent = words.length ? count + " of " + all : "";
}
find.addEventListener("input", refresh);
find.addEventListener("keydown", (event) => {
  const link = event.key === "Enter" && [...document.querySelectorAll("main tbody tr:not([hidden]) a")].find((each) => !each.closest("table").hidden);
  if (link) location.href = link.href;
});
document.getElementById("finding").hidden = false;
refresh();
})();
