"use strict";

const options = {
  displaylogo: false,
  responsive: true,
  showSendToCloud: false,  // a click would send the data to a company's server
  plotlyServerURL: "",
  displayModeBar: innerWidth < 600 ? false : "hover",  // it would cover the titles
  modeBarButtonsToRemove: ["select2d", "lasso2d"],
};

for (const chart of document.querySelectorAll(".chart")) {
  const spec = JSON.parse(chart.nextElementSibling.textContent);
  Plotly.newPlot(chart, spec.data, spec.layout, options);
}

// Numbers are sorted by their values, before text; empty cells come last in both directions.
function compare(a, b, sign) {
  const [x, y] = [a, b].map((cell) => cell.textContent.trim());
  if (x === "" || y === "") return (x === "") - (y === "");
  const [m, n] = [a, b].map((cell) => cell.dataset.value);
  if (m !== undefined && n !== undefined) return sign * (m - n);
  if (m !== undefined || n !== undefined) return sign * ((m === undefined) - (n === undefined));
  return sign * x.localeCompare(y, undefined, { numeric: true });
}

for (const header of document.querySelectorAll("th")) {
  header.addEventListener("click", () => {
    const order = header.ariaSort === "ascending" ? "descending" : "ascending";
    const body = header.closest("table").tBodies[0];
    const index = header.cellIndex;
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...body.rows].sort((a, b) => compare(a.cells[index], b.cells[index], sign));
    body.append(...rows);
    for (const other of header.parentElement.cells) other.ariaSort = "none";
    header.ariaSort = order;
  });
}
