"use strict";
// Draws each figure in the place of its picture; where that fails the picture stays.
(() => {
  if (!window.Plotly) return;
  const options = { responsive: true, displayModeBar: false, scrollZoom: false, doubleClick: false };

  // Points that say something, in order, and how many make a row of a heat map.
  function pointsOf(data) {
    const found = [];
    let width = 1;
    data.forEach((trace, curve) => {
      (trace.hovertext || []).forEach((said, at) => {
        if (!Array.isArray(said)) { if (said) found.push({ curve, at, said }); return; }
        width = said.length;
        said.forEach((own, x) => found.push({ curve, at: [at, x], said: own }));
      });
    });
    return { found, width };
  }

  function plain(said) {
    const holder = document.createElement("textarea"); // takes entities apart and runs nothing
    holder.innerHTML = said.replaceAll("<br>", "; ");
    return holder.value;
  }

  function walk(box, line, data) {
    const { found, width } = pointsOf(data);
    let now = -1;
    function show(next) {
      now = Math.max(0, Math.min(found.length - 1, next));
      line.textContent = plain(found[now].said);
      Plotly.Fx.hover(box, [{ curveNumber: found[now].curve, pointNumber: found[now].at }]);
    }
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: width, ArrowUp: -width };
    box.addEventListener("keydown", (event) => {
      if (!found.length || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in steps) {
        event.preventDefault();
        show(now < 0 ? 0 : now + steps[event.key]);
      } else if (event.key === "Escape") {
        Plotly.Fx.unhover(box);
        line.textContent = "";
      }
    });
  }

  // A narrow screen has room for short names, and for numbers in wide cells alone.
  function fitted({ data, layout, narrow = {} }, width) {
    if (width >= 560) return { data, layout };
    if (narrow.xaxis) layout.height += 60; // names below stand upright
    Object.entries(narrow).forEach(([axis, names]) => { layout[axis].ticktext = names; });
    data.forEach((trace) => {
      if (trace.texttemplate && width * 0.7 < 36 * trace.z[0].length) delete trace.texttemplate;
    });
    return { data, layout };
  }

  document.querySelectorAll("figure").forEach((figure) => {
    const box = figure.querySelector(".live");
    const chart = JSON.parse(figure.querySelector("script").textContent);
    const { data, layout } = fitted(chart, figure.clientWidth);
    box.hidden = false;
    figure.classList.add("drawn");
    Plotly.newPlot(box, data, layout, options).then(
      () => walk(box, figure.querySelector(".point"), data),
      () => { box.hidden = true; figure.classList.remove("drawn"); },
    );
  });
})();
