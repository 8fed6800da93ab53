// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/report_page.h"

namespace visir::tools {

const char kReportHead[] = R"html(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Visir report</title>
<style>
body { font: 14px sans-serif; margin: 2em; color: #222; }
h2 { margin: 1.5em 0 0.3em; font-size: 17px; }
svg { background: #fafafa; border: 1px solid #ddd; width: 100%; }
svg text { font-size: 11px; fill: #555; }
table { border-collapse: collapse; }
td, th { padding: 2px 8px; text-align: right; border-bottom: 1px solid #eee; }
th { cursor: pointer; background: #f0f0f0; position: sticky; top: 0; }
td.text { text-align: left; max-width: 50em; overflow-wrap: anywhere; }
.marked { outline: 2px solid #d00; stroke: #d00; stroke-width: 2; }
</style></head><body>
<h1 id="title"></h1><p id="summary"></p>
<div id="times"><h2>Timeline</h2><svg id="timeline" height="90"></svg>
<h2>Roofline</h2><p>Commands by executed operations per byte; the lines are
the measured peak and what is read from the second cache and from memory.</p><svg id="roofline" height="320"></svg></div>
<h2>Memory plan</h2><p>The arena's bytes (upwards) over the commands; a box is a
value from its write to its last read.</p><svg id="memory" height="320"></svg>
<h2>Commands</h2><p>Click a heading to sort, a row to mark the command above.
</p><table id="commands"><thead></thead><tbody></tbody></table>
<script type="application/json" id="data">)html";

const char kReportTail[] = R"html(</script>
<script>
const data = JSON.parse(document.getElementById("data").textContent);
const commands = data.commands.map((c, index) => ({index, ...c}));
const timed = data.median_us !== undefined;
const byId = id => document.getElementById(id);
const mb = bytes => (bytes / 1e6).toFixed(2) + " MB";
const gflops = c => c.us > 0 ? c.executed / c.us / 1e3 : 0;
const kind = c => c.function.replace(/^k\d+_/, "");
const kinds = [...new Set(commands.map(kind))];
const colour = c =>
  `hsl(${360 * kinds.indexOf(kind(c)) / kinds.length}, 60%, 60%)`;

function draw(svg, name, attributes, tip, command) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (tip !== undefined) {
    const title = document.createElementNS(node.namespaceURI, "title");
    title.textContent = tip;
    node.append(title);
  }
  if (command !== undefined) {
    node.dataset.command = command;
    node.onclick = () => mark(command);
  }
  svg.append(node);
  return node;
}

function mark(index) {
  for (const node of document.querySelectorAll("[data-command]"))
    node.classList.toggle("marked", node.dataset.command == index);
}

const tip = c => `#${c.index} ${c.function}\n` +
  (timed ? `${c.us.toFixed(1)} us, ${gflops(c).toFixed(1)} GFLOP/s, ` +
    `${(100 * c.roof_share).toFixed(0)} % of the roofline\n` : "") +
  c.nodes.join("\n");

function timeline() {
  const svg = byId("timeline"), width = svg.clientWidth;
  const end = Math.max(...commands.map(c => c.start + c.us));
  for (const c of commands)
    draw(svg, "rect", {x: width * c.start / end, y: 10, height: 50,
         width: Math.max(0.5, width * c.us / end), fill: colour(c)},
         tip(c), c.index);
  for (let i = 0; i <= 10; ++i)
    draw(svg, "text", {x: Math.min(width * i / 10, width - 60), y: 80})
      .textContent = (end * i / 10).toFixed(0) + " us";
}

function roofline() {
  const svg = byId("roofline"), width = svg.clientWidth, height = 320;
  const points = commands.filter(
    c => c.executed > 0 && c.us > 0 && c.bytes > 0);
  const log = Math.log10, intensity = c => log(c.executed / c.bytes);
  const left = Math.min(-1, ...points.map(intensity));
  const right = Math.max(2, ...points.map(intensity));
  const top = log(data.peak_gflops) + 0.3;
  const bottom = Math.min(top - 2, ...points.map(c => log(gflops(c))));
  const x = v => 40 + (width - 60) * (v - left) / (right - left);
  const y = v => height - 25 - (height - 45) * (v - bottom) / (top - bottom);
  for (let v = Math.ceil(left); v <= right; ++v)
    draw(svg, "text", {x: x(v), y: height - 5}).textContent =
      10 ** v + " FLOP/byte";
  for (let v = Math.ceil(bottom); v <= top; ++v)
    draw(svg, "text", {x: 2, y: y(v)}).textContent = 10 ** v;
  const peak = y(log(data.peak_gflops));
  draw(svg, "line", {x1: 40, x2: width - 20, y1: peak, y2: peak,
       stroke: "#888"});
  draw(svg, "text", {x: 45, y: peak - 4}).textContent =
    `peak ${data.peak_gflops.toFixed(1)} GFLOP/s, ${data.threads} threads`;
  for (const [gbs, name] of [[data.near_gbs, "second cache"],
                             [data.memory_gbs, "memory"]]) {
    const ridge = Math.min(log(data.peak_gflops / gbs), right);
    const from = Math.max(left, bottom - log(gbs));
    draw(svg, "line", {x1: x(from), y1: y(from + log(gbs)), x2: x(ridge),
         y2: y(ridge + log(gbs)), stroke: "#888"});
    draw(svg, "text", {x: x(from) + 6, y: y(from + log(gbs)) - 6})
      .textContent = `${name} ${gbs.toFixed(0)} GB/s`;
  }
  const longest = Math.max(...points.map(c => c.us));
  for (const c of points)
    draw(svg, "circle", {cx: x(intensity(c)), cy: y(log(gflops(c))),
         r: 3 + 9 * Math.sqrt(c.us / longest), fill: colour(c),
         "fill-opacity": 0.7}, tip(c), c.index);
}

// The commands from the write of a range to its last read before the next
// write of all of it.
function lastRead(from, offset, bytes) {
  let last = from;
  for (let i = from + 1; i < commands.length; ++i) {
    for (const [o, b, reads] of commands[i].arena)
      if (reads && o < offset + bytes && offset < o + b) last = i;
    for (const [o, b, reads, writes] of commands[i].arena)
      if (writes && !reads && o <= offset && offset + bytes <= o + b)
        return last;
  }
  return last;
}

function memory() {
  const svg = byId("memory"), width = svg.clientWidth, height = 320;
  const step = width / commands.length, scale = height / data.arena_bytes;
  for (const c of commands)
    for (const [offset, bytes, reads, writes] of c.arena)
      if (writes)
        draw(svg, "rect", {x: step * c.index, fill: colour(c),
             y: height - scale * (offset + bytes), height: scale * bytes,
             width: step * (lastRead(c.index, offset, bytes) - c.index + 1),
             stroke: "#fff", "fill-opacity": 0.8},
             `${mb(bytes)} at ${offset}\n` + tip(c), c.index);
}

const columns = [["#", c => c.index], ["function", c => c.function],
  ...(timed ? [["us", c => c.us], ["GFLOP/s", gflops],
      ["% peak", c => 100 * c.peak_share],
      ["GB/s", c => c.us > 0 ? c.bytes / c.us / 1e3 : 0],
      ["% roof", c => 100 * c.roof_share], ["model us", c => c.model]] : []),
  ["% idle lanes", c => 100 * c.wasted],
  ["MFLOP", c => c.flops / 1e6], ["executed", c => c.executed / 1e6],
  ["MB", c => c.bytes / 1e6],
  ["tiles", c => c.tiles], ["nodes", c => c.nodes.length],
  ["configuration", c => c.config], ["fused from", c => c.nodes.join(" ")]];

function table(column, falling) {
  const value = columns[column][1], body = byId("commands").tBodies[0];
  const rows = [...commands].sort((a, b) => {
    const x = value(a), y = value(b);
    return (x < y ? -1 : x > y ? 1 : a.index - b.index) * (falling ? -1 : 1);
  });
  body.replaceChildren(...rows.map(c => {
    const row = document.createElement("tr");
    row.dataset.command = c.index;
    row.onclick = () => mark(c.index);
    for (const [, of] of columns) {
      const cell = row.insertCell(), v = of(c);
      const isWhole = Number.isInteger(v);
      cell.textContent = typeof v === "number" && !isWhole ? v.toFixed(2) : v;
      if (typeof v === "string") cell.className = "text";
    }
    return row;
  }));
}

byId("title").textContent = `${data.entry} on ${data.target}`;
byId("summary").textContent = `${data.producer}, options: ` +
  `${data.options || "none"}. ${commands.length} commands of ` +
  `${new Set(commands.flatMap(c => c.nodes)).size} ONNX nodes, ` +
  `${(data.flops / 1e9).toFixed(3)} GFLOP, code ${mb(data.code_bytes)}, ` +
  `constants ${mb(data.constant_bytes)}, arena ${mb(data.arena_bytes)}` +
  (timed ? `, ${data.median_us.toFixed(1)} us a run, ` +
    `${(data.executed / 1e9).toFixed(3)} GFLOP executed at ` +
    `${(data.executed / data.median_us / data.peak_gflops / 10).toFixed(1)} ` +
    `% of the peak; the cost model's rank correlation is ` +
    `${data.rank_correlation.toFixed(3)}` : "") + ".";
const head = byId("commands").tHead.insertRow();
columns.forEach(([name], i) => {
  const cell = document.createElement("th");
  cell.textContent = name;
  let falling = false;
  cell.onclick = () => table(i, falling = !falling);
  head.append(cell);
});
table(timed ? 2 : 0, timed);
if (timed) { timeline(); roofline(); } else byId("times").remove();
memory();
</script></body></html>
)html";

} // namespace visir::tools
