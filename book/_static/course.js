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

// The page of claims: show those of one chapter, with one verdict. A link that says `?chapter=2` chooses ahead.
function filterClaims(form) {
  const choices = [...form.querySelectorAll("select")];
  const claims = [...document.querySelectorAll(".claim")];
  const lists = [...document.querySelectorAll("ul.claims")];

  function show() {
    const wanted = choices.map(({ name, value }) => value && `.${name}-${value}`).join("");
    for (const claim of claims) claim.hidden = !claim.matches(`.claim${wanted}`);
    for (const list of lists) list.closest("section").hidden = !list.querySelector(":scope > :not([hidden])");
    const shown = claims.filter((claim) => !claim.hidden).length;
    form.querySelector("output").textContent = `${shown} of ${claims.length} claims`;
  }

  for (const choice of choices) {
    choice.value = new URLSearchParams(location.search).get(choice.name) ?? "";
    if (choice.selectedIndex < 0) choice.value = "";
  }
  form.hidden = false;
  form.addEventListener("change", show);
  // The event comes before the choices are reset.
  form.addEventListener("reset", () => setTimeout(show));
  // The browser brings a form's choices back when the reader returns.
  addEventListener("pageshow", show);
  // A link to a claim that is not shown brings it back.
  document.addEventListener("click", ({ target }) => {
    const link = target.closest("a[href^='#']");
    if (!document.getElementById(link?.hash.slice(1))?.closest("[hidden]")) return;
    form.reset();
    show();
  });
  show();
}

document.querySelectorAll(".claim-filters").forEach(filterClaims);
