// The form of a verdict: digits choose actions of the chosen clause; the button and one line
// say what will follow.
export function startVerdict() {
  const form = document.querySelector("[data-verdict]");
  if (!form) return null;
  const outcome = form.querySelector("[data-chosen]");
  const button = form.querySelector("[data-violation]");
  const resting = outcome.textContent;

  const body = () => form.querySelector("input[name=clause]:checked")?.closest(".clause");
  const chosen = () => [...(body()?.querySelectorAll("[data-action]:checked") ?? [])];
  const purpose = () => form.elements.protected_purpose.value;

  function describe() {
    const names = chosen().map((box) => box.closest("label").querySelector("strong").textContent);
    outcome.textContent = names.length ? `Violation: ${names.join(", ")}.` : resting;
    button.textContent = names.length ? "Violation" : "Violation, no action";
    const isSevere = purpose() !== "none" && chosen().some((box) => "severe" in box.dataset);
    form.elements.confirmed.required = isSevere;
  }

  form.addEventListener("change", describe);
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  for (const button of form.querySelectorAll(".harmless, .escalate")) button.formNoValidate = true;
  window.addEventListener("pageshow", () => delete form.dataset.sent);
  describe();

  return (key) => {
    if (key === "p") {
      form.querySelector("input[name=protected_purpose]:checked").focus();
      return true;
    }
    if (!/^[1-9]$/.test(key)) return false;
    const box = body()?.querySelector(`[data-action="${key}"]`);
    if (!box || box.disabled) return false;
    box.click();
    box.focus({ preventScroll: true });
    box.scrollIntoView({ block: "nearest" });
    return true;
  };
}
