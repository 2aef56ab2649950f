// Counts an undo window down; the server decides when it has ended.
export function startCountdowns() {
  for (const box of document.querySelectorAll("[data-undo]")) {
    const shown = box.querySelector("[data-countdown]");
    const bar = box.querySelector("progress");
    const until = performance.now() + Number(shown.dataset.countdown) * 1000;
    const tick = () => {
      const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
      shown.textContent = `${left} s`;
      if (bar) bar.value = left;
      if (left > 0) return;
      clearInterval(timer);
      box.classList.add("over");
      box.querySelector("button").disabled = true;
      box.querySelector("p").textContent = "The undo window has ended.";
    };
    const timer = setInterval(tick, 1000);
    tick();
  }
}
