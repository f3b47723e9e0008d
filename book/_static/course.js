// Sliders: ipywidgets writes a slider's name beside it and its value after it, but the handle, which takes the
// keyboard, has neither for those who listen to the page.
function nameSlider(handle) {
  const slider = handle.closest(".widget-slider");
  const value = slider.querySelector(".widget-readout");
  const tell = () => handle.setAttribute("aria-valuetext", value.textContent);
  handle.setAttribute("aria-label", slider.querySelector(".widget-label").textContent);
  new MutationObserver(tell).observe(value, { childList: true, characterData: true, subtree: true });
  tell();
}

function nameSliders() {
  document.querySelectorAll(".widget-slider .noUi-handle:not([aria-label])").forEach(nameSlider);
}

for (const output of document.querySelectorAll(".cell_output")) {
  new MutationObserver(nameSliders).observe(output, { childList: true, subtree: true });
}

if (window.MathJax) {
  // The widget manager asks for mathematics in the way of MathJax 2: translate.
  window.MathJax.Hub = { Queue: ([, , element]) => window.MathJax.typesetPromise([element]) };

  // MathJax 3 breaks no lines: what is wider than the column gets its own scroll bar.
  window.MathJax.startup.promise.then(() => {
    for (const formula of document.querySelectorAll("mjx-container:not([display])")) {
      const block = formula.closest("p, li, dd, dt, td, th, figcaption, details");
      if (block && formula.offsetWidth > block.clientWidth) formula.classList.add("course-wide");
    }
  });
}
