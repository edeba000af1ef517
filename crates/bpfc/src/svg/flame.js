"use strict";
// Each box remembers where it was drawn.
let boxes = [];
const LEFT = 10, RIGHT = 1190, LETTER = 7;
function place(box, x, width) {
  const seen = width >= 0.1;
  box.g.style.display = seen ? "" : "none";
  if (!seen) return;
  box.rect.setAttribute("x", x);
  box.rect.setAttribute("width", width);
  box.text.setAttribute("x", x + 2);
  const room = Math.floor((width - 4) / LETTER);
  const letters = Array.from(box.name);
  box.text.textContent = letters.length <= room ? box.name : room < 3 ? "" : letters.slice(0, room - 2).join("") + "..";
}
function zoom(chosen) {
  const scale = (RIGHT - LEFT) / chosen.width, end = chosen.x + chosen.width;
  for (const box of boxes) {
    const isBelow = box.y > chosen.y;
    const covers = box.x <= chosen.x + 0.01 && box.x + box.width >= end - 0.01;
    const isAbove = box.y <= chosen.y && box.x >= chosen.x - 0.01 && box.x + box.width <= end + 0.01;
    box.g.style.opacity = isBelow && covers ? 0.5 : 1;
    if (isBelow && covers) place(box, LEFT, RIGHT - LEFT);
    else if (isAbove) place(box, LEFT + (box.x - chosen.x) * scale, box.width * scale);
    else place(box, 0, 0);
  }
  document.getElementById("back").style.visibility = chosen === boxes[0] ? "hidden" : "visible";
}
function search() {
  const wanted = prompt("Functions whose names contain:", "");
  if (wanted === null) return;
  let found = 0, covered = -1;
  const hits = boxes.filter(box => wanted !== "" && box.name.includes(wanted));
  for (const box of boxes) box.rect.style.fill = "";
  for (const box of hits) box.rect.style.fill = "rgb(230,0,230)";
  // Of boxes on top of each other only the lowest counts.
  for (const box of hits.sort((a, b) => a.x - b.x || b.width - a.width)) {
    if (box.x + box.width <= covered + 0.01) continue;
    found += box.width;
    covered = box.x + box.width;
  }
  const share = (100 * found / boxes[0].width).toFixed(1);
  document.getElementById("search").textContent = wanted === "" ? "search" : `${wanted}: ${share}%`;
}
window.addEventListener("load", () => {
  boxes = Array.from(document.querySelectorAll("#flames .f")).map(g => {
    const rect = g.querySelector("rect"), text = g.querySelector("text"), title = g.querySelector("title").textContent;
    const number = name => parseFloat(rect.getAttribute(name));
    const name = title.replace(/( \[(kernel|inlined|run-time code)\])? \([^()]*\)$/, "");
    return { g, rect, text, name, x: number("x"), y: number("y"), width: number("width") };
  });
  for (const box of boxes) box.g.addEventListener("click", () => zoom(box));
  document.getElementById("back").addEventListener("click", () => zoom(boxes[0]));
  document.getElementById("search").addEventListener("click", search);
  window.addEventListener("keydown", event => {
    if ((event.ctrlKey || event.metaKey) && event.key === "f") {
      event.preventDefault();
      search();
    }
  });
});
