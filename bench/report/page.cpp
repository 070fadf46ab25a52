#include "report/page.hpp"

namespace gateway::report {

std::string_view style_sheet() {
  return R"css(
:root { color-scheme: light dark; --page: #fff; --text: #1c2024; --dim: #5c6670; --rule: #dde2e7;
  --tint: #f5f7f9;
  --c0: #0b62c4; --c1: #5c6670; --c2: #b8500b; --c3: #18794e; --c4: #9b2fae; --c5: #a11d3c;
  --c6: #0a7c86; --c7: #7a6200; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171a; --text: #e8ebee; --dim: #9aa5b0; --rule: #30363d; --tint: #1c2126;
    --c0: #62aeff; --c1: #a8b3be; --c2: #ff9f50; --c3: #4cc38a; --c4: #d38be3; --c5: #ff8fa3;
    --c6: #4ccce0; --c7: #e0c341; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--page);
  color: var(--text); font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p { max-width: 46rem; }
.dim { color: var(--dim); margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem;
  margin: 1rem 0; padding: 0; list-style: none; }
.tiles li { background: var(--tint); border-radius: .5rem; padding: .6rem .8rem; }
.tiles b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--dim); font-size: .85rem; }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
figure { margin: 0; min-width: 0; max-width: 42rem; }
figcaption { font-weight: 600; margin-bottom: .25rem; }
figure > svg { display: block; width: 100%; height: auto; touch-action: pan-y; }
figure text { font-size: 12px; fill: var(--dim); }
figure text.label { fill: var(--text); }
.grid { stroke: var(--rule); }
.s0 { --c: var(--c0); } .s1 { --c: var(--c1); } .s2 { --c: var(--c2); } .s3 { --c: var(--c3); }
.s4 { --c: var(--c4); } .s5 { --c: var(--c5); } .s6 { --c: var(--c6); } .s7 { --c: var(--c7); }
.line { fill: none; stroke: var(--c); stroke-width: 2; }
.dashed { stroke-dasharray: 4 4; }
.range { stroke: var(--c); stroke-width: 1.5; }
g > circle, polygon { fill: var(--c); }
circle.point { fill: transparent; stroke-width: 2; }
circle.point.near { stroke: var(--c); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: .25rem 0 0;
  padding: 0; font-size: .9rem; }
.legend svg { width: 24px; height: 12px; margin-right: .4rem; }
.legend circle { fill: var(--c); }
#tip { position: fixed; left: 0; top: 0; pointer-events: none; background: var(--text);
  color: var(--page); padding: .3rem .55rem; border-radius: .3rem; font-size: .85rem;
  max-width: 16rem; visibility: hidden; z-index: 1; }
.table { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .25rem; }
th, td { text-align: left; padding: .2rem .6rem; vertical-align: top; }
tr.first td { border-top: 1px solid var(--rule); }
th { color: var(--dim); font-weight: 600; vertical-align: bottom; }
td { white-space: nowrap; }
td[rowspan] { white-space: normal; min-width: 9rem; }
.figure { text-align: right; }
details { margin: 1rem 0; } summary { cursor: pointer; font-weight: 600; }
pre { overflow-x: auto; background: var(--tint); padding: .75rem; border-radius: .5rem; }
)css";
}

std::string_view script() {
  return R"js(
const tip = document.getElementById("tip");
let near = null;
function leave() {
  if (near) near.classList.remove("near");
  near = null;
  tip.style.visibility = "hidden";
}
function look(event) {
  const svg = event.currentTarget;
  let best = null, least = 50 * 50;
  for (const point of svg.querySelectorAll(".point")) {
    const box = point.getBoundingClientRect();
    const dx = event.clientX - box.x - box.width / 2, dy = event.clientY - box.y - box.height / 2;
    if (dx * dx + dy * dy < least) { least = dx * dx + dy * dy; best = point; }
  }
  if (best !== near) leave();
  if (!best) return;
  near = best;
  near.classList.add("near");
  tip.textContent = near.dataset.tip;
  const box = near.getBoundingClientRect(), size = tip.getBoundingClientRect();
  const left = Math.min(Math.max(box.x + box.width / 2 - size.width / 2, 4), innerWidth - size.width - 4);
  const above = box.y - size.height - 6;
  tip.style.transform = `translate(${left}px, ${above > 4 ? above : box.bottom + 6}px)`;
  tip.style.visibility = "visible";
}
for (const svg of document.querySelectorAll("figure > svg")) {
  svg.addEventListener("pointermove", look);
  svg.addEventListener("pointerdown", look);
  svg.addEventListener("pointerleave", leave);
}
addEventListener("scroll", leave, { passive: true });
)js";
}

}  // namespace gateway::report
